"""The records of a folder over time."""

from dataclasses import dataclass
from pathlib import Path

from edgeasr.errors import DataError
from edgeasr_bench.footing import Footing, footing
from edgeasr_bench.record import Result, Run, is_record
from edgeasr_bench.report.score import score_of

__all__ = ["Entry", "Series", "read_history"]


@dataclass(frozen=True)
class Entry:
    """One result in time.

    Attributes:
        record: file name.
        time_utc: when it was measured.
        git_sha: commit that measured it.
        p50_us: median latency; None where it was not measured.
        times_faster: than float32 in the same runtime; None without it.
        score: accuracy or word error rate, percent; None without clips.
        bytes: size of the file.
    """

    record: str
    time_utc: str
    git_sha: str | None
    p50_us: float | None
    times_faster: float | None
    score: float | None
    bytes: int


@dataclass(frozen=True)
class Series:
    """The results of one artefact on the same footing.

    Attributes:
        artefact: its name.
        runtime: key of `RUNTIMES`.
        threads: of the inference.
        footing: what they have in common.
        entries: the oldest first.
    """

    artefact: str
    runtime: str
    threads: int
    footing: Footing
    entries: tuple[Entry, ...]


def read_history(folder: Path, artefact: str = "") -> tuple[list[Series], list[str]]:
    """Read the records in a folder, at any depth.

    Args:
        folder: other files in it are left alone, and JSON that is no record.
        artefact: only artefacts with this text in their name.

    Returns:
        The series, and a line for each record that could not be read.

    Raises:
        DataError: there is no record that can be read, or none of such an artefact.
    """
    runs, skipped = [], []
    for path in sorted(folder.rglob("*.json")):
        if not is_record(path):
            continue
        try:
            runs.append((path, Run.read(path)))
        except DataError as error:
            skipped.append(str(error))
    if not runs:
        raise DataError(f"{folder}: expected records of `edgeasr bench --out`, found none")
    runs.sort(key=lambda one: one[1].environment.time_utc)
    found: dict[tuple[str, str, int, Footing], list[Entry]] = {}
    for path, run in runs:
        for result in run.results:
            if artefact in result.artefact:
                key = (result.artefact, result.runtime, result.threads, footing(run))
                found.setdefault(key, []).append(_entry(path, run, result))
    if not found:
        raise DataError(f"{folder}: expected records of an artefact with {artefact!r} in its name, found none")
    return [Series(*key, tuple(entries)) for key, entries in found.items()], skipped


def _entry(path: Path, run: Run, result: Result) -> Entry:
    ratio, score = result.ratio_to_float, score_of(result)
    measured = run.kind == "measured"
    return Entry(
        record=path.name,
        time_utc=run.environment.time_utc,
        git_sha=run.environment.git_sha,
        p50_us=result.latency_us.p50 if result.latency_us and measured else None,
        times_faster=ratio.median if ratio and measured else None,
        score=score.value if score else None,
        bytes=result.bytes,
    )
