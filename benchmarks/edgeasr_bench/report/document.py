"""A report as a file: a page for a browser, Markdown, or a table for a spreadsheet."""

import csv
import io
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from edgeasr.atomic import write_text
from edgeasr.errors import ConfigError, DataError
from edgeasr_bench.blocks import to_html, to_markdown
from edgeasr_bench.record import Result, Run
from edgeasr_bench.report.page import make_page
from edgeasr_bench.report.score import score_of

__all__ = ["check_format", "write_report"]


def check_format(path: Path) -> None:
    """Refuse a file whose ending no format has.

    Raises:
        ConfigError: it is none of `.html`, `.md` and `.csv`.
    """
    if path.suffix not in _FORMATS:
        raise ConfigError(f"{path}: expected a file that ends in {', '.join(_FORMATS)}")


def write_report(path: Path, runs: Sequence[Run]) -> None:
    """Write the report of runs, at least one, in the format that the file's ending says.

    Raises:
        ConfigError: no format has that ending.
        DataError: a run has no results.
    """
    check_format(path)
    if not all(run.results for run in runs):
        raise DataError("nothing to report: expected runs with results, got one without: bench again")
    write_text(path, _FORMATS[path.suffix](runs))


def _csv(runs: Sequence[Run]) -> str:
    """Write one line a result, with bare numbers."""
    lines = [_line(run, result) for run in runs for result in run.results]
    written = io.StringIO()
    writer = csv.DictWriter(written, list(lines[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(lines)
    return written.getvalue()


def _line(run: Run, result: Result) -> dict[str, object]:
    here, latency, ratio, score = run.environment, result.latency_us, result.ratio_to_float, score_of(result)
    image, estimate = result.image, result.estimate
    return {
        "time_utc": here.time_utc,
        "git_sha": here.git_sha,
        "target": run.target,
        "kind": run.kind,
        "cpu": here.cpu,
        "machine": here.machine,
        "cores": here.cores,
        "governor": here.governor,
        "artefact": result.artefact,
        "sha256": result.sha256,
        "runtime_version": result.runtime_version,
        "scheme": result.scheme,
        "threads": result.threads,
        "p50_us": latency and latency.p50,
        "p90_us": latency and latency.p90,
        "p95_us": latency and latency.p95,
        "p99_us": latency and latency.p99,
        "max_us": latency and latency.max,
        "calls": latency and latency.samples,
        "times_faster_than_float": ratio and ratio.median,
        "times_faster_low": ratio and ratio.low,
        "times_faster_high": ratio and ratio.high,
        "score": score and score.name,
        "score_percent": score and score.value,
        "score_low": score and score.low,
        "score_high": score and score.high,
        "agreement": result.agreement,
        "mcnemar_p": result.mcnemar_p,
        "bytes": result.bytes,
        "peak_rss_bytes": result.peak_rss_bytes,
        "load_ms": result.load_ms,
        "instructions": result.instructions,
        "image_flash_bytes": image and image.flash_bytes,
        "image_ram_bytes": image and image.ram_bytes,
        "arena_bytes": image and image.arena_bytes,
        "stack_bytes": image and image.stack_bytes,
        "estimated_cycles": estimate and estimate.cycles,
        "estimated_us": estimate and estimate.us,
        "estimated_sram_bytes": estimate and estimate.sram_bytes,
        "estimated_storage_bytes": estimate and estimate.storage_bytes,
    }


_FORMATS: Mapping[str, Callable[[Sequence[Run]], str]] = {
    ".html": lambda runs: to_html(make_page(runs), Path()),
    ".md": lambda runs: to_markdown(make_page(runs)),
    ".csv": _csv,
}
