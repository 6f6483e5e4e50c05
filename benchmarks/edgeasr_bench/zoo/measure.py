"""Convert and bench the best bundle of each model, one after the other."""

import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from edgeasr import __version__
from edgeasr.atomic import write_text
from edgeasr.bundle import Bundle
from edgeasr.child import start
from edgeasr.config import from_mapping, to_mapping
from edgeasr.errors import BundleError
from edgeasr.models import MODELS
from edgeasr.train.config import TrainConfig
from edgeasr_bench.environment import read_environment
from edgeasr_bench.record import Histogram, Result
from edgeasr_bench.zoo.entry import STEPS, Entry

__all__ = ["best_bundles", "measure_zoo"]

_EXPORT_LIMIT_S = 900
_COST_LIMIT_S = 300
_MEASURES = {"dev_accuracy": 1, "dev_wer": -1, "dev_fa_per_hour": -1}  # and whether more is better


def measure_zoo(
    folders: Sequence[Path], records: Path, seconds: float, report: Callable[[str], None] = lambda line: None
) -> dict[str, Entry]:
    """Export and bench the best bundle of each model, those that were before excepted.

    Args:
        folders: where bundles are, at any depth.
        records: a file for each model, which is measured anew if its bundle or edgeasr's version is another. Those of
            models without a bundle in `folders` stay: whoever has a bundle can bring its row up to date.
        seconds: of measuring, for each file.
        report: called with a line about each model.

    Raises:
        BundleError: a bundle is damaged, or there are neither bundles nor records.
    """
    best = best_bundles(folders)
    entries = {}
    for model in MODELS:
        done, bundle = records / f"{model}.json", best.get(model)
        entry = _read(done) if done.exists() else None
        if bundle and (entry is None or _differs(entry, bundle)):
            report(f"{model}: {bundle.path}")
            with tempfile.TemporaryDirectory(prefix="edgeasr-zoo.") as scratch:
                entry = _measure(bundle, Path(scratch) / model, seconds)
            write_text(done, json.dumps(to_mapping(entry), indent=1) + "\n")
        if entry:
            entries[model] = entry
    if not entries:
        raise BundleError(
            f"expected trained bundles in {', '.join(map(str, folders))}, got none: "
            "pass folders of edgeasr train or edgeasr reproduce"
        )
    return entries


def best_bundles(folders: Sequence[Path]) -> dict[str, Bundle]:
    """Find the bundle of each model that was best on its dev split, in the order of `MODELS`.

    Raises:
        BundleError: one is damaged.
    """
    bundles = [
        Bundle.open(manifest.parent)
        for folder in folders
        for manifest in sorted(folder.rglob("manifest.json"))
        if (manifest.parent / "model.keras").exists()
    ]
    return {
        model: max(trained, key=_rank)
        for model in MODELS
        if (trained := [one for one in bundles if one.manifest.model == model and "history" in one.manifest.metrics])
    }


def _rank(bundle: Bundle) -> tuple[float, float]:
    metrics = bundle.manifest.metrics
    best = metrics["history"][metrics["best_epoch"] - 1]
    measure = next(name for name in _MEASURES if name in best)
    return _MEASURES[measure] * best[measure], -best["dev_loss"]


def _read(done: Path) -> Entry:
    return from_mapping(Entry, json.loads(done.read_text()), str(done))


def _differs(entry: Entry, bundle: Bundle) -> bool:
    return (entry.model_sha256, entry.edgeasr) != (bundle.manifest.model_sha256, __version__)


def _measure(bundle: Bundle, copy: Path, seconds: float) -> Entry:
    """Export a copy of a bundle in each way by itself, and bench what came of it together."""
    environment = read_environment()
    manifest = bundle.manifest
    config = from_mapping(TrainConfig, manifest.training, str(bundle.path))
    shutil.copytree(bundle.path, copy)
    files, failures = _export(copy)
    score, results = _score(manifest.metrics), {}
    if files:
        data = [part for name in config.data for part in ("--data", name)]
        data += ["--leave-out", config.leave_out] if config.leave_out else []
        # a model that was tested on no clips, such as a spotter in streams, is on those that its bundle keeps
        clips = [str(copy)] if score is None else [*files, *data]
        benched, reason = _edgeasr("bench", *clips, "--seconds", str(seconds))
        if reason:
            failures["bench"] = reason
        else:
            keys = {Path(path).name: key for path, key in files.items()}
            found = {one["artefact"]: from_mapping(Result, one, "bench") for one in benched["results"]}
            results = {keys[name]: _without_samples(result) for name, result in found.items() if name in keys}
            original = found.get(bundle.model_path.name)
            score = original.accuracy.value if original and original.accuracy else score
    parameters, macs = _cost(bundle)
    return Entry(
        model=manifest.model,
        model_sha256=manifest.model_sha256,
        edgeasr=__version__,
        data=config.data,
        clip_ms=manifest.frontend.clip_ms if manifest.frontend else None,
        parameters=parameters,
        macs=macs,
        score=score,
        results=results,
        failures=failures,
        environment=environment,
    )


def _export(bundle: Path) -> tuple[dict[str, str], dict[str, str]]:
    """Export a bundle in each way; give the key of the step by the path of each file, and why by that of others."""
    files: dict[str, str] = {}
    failures: dict[str, str] = {}
    for step in STEPS:
        limit = ("--time-limit", str(_EXPORT_LIMIT_S))
        made, reason = _edgeasr("export", str(bundle), f"--{step.scheme}", "--format", step.format, *limit)
        if reason:
            failures[step.key] = reason.removeprefix(f"{step.format}:{step.scheme}: ")
        else:
            files |= {artefact["path"]: step.key for artefact in made["artefacts"]}
    return files, failures


def _edgeasr(*arguments: str) -> tuple[dict[str, Any], str]:
    """Run a command with `--json`; give what it printed, or why it failed in one line."""
    command = (sys.executable, "-m", "edgeasr", *arguments, "--json")
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        lines = done.stderr.strip().splitlines() or [f"ended with code {done.returncode}"]
        return {}, lines[-1].removeprefix("edgeasr: ").partition(" (log: ")[0]
    printed: dict[str, Any] = json.loads(done.stdout)
    return printed, ""


def _without_samples(result: Result) -> Result:
    """Leave out what the document does not use: most of a record is what single calls, rounds and operators took."""
    assert result.latency_us is not None  # as bench gives it of what it ran here
    return replace(
        result,
        latency_us=replace(result.latency_us, histogram=Histogram(0, ())),
        latency_with_frontend_us=None,
        frontend_us=None,
        own_call_us=None,
        rounds_us=(),
        operators=(),
        confusion=None,
    )


def _cost(bundle: Bundle) -> tuple[int, int]:
    with start("edgeasr_bench.zoo.cost_child", str(bundle.path), time_limit_s=_COST_LIMIT_S) as child:
        for found in child.reports():
            if "error" in found:
                raise BundleError(found["error"])
            return found["parameters"], found["macs"]
        raise BundleError(child.ending(f"counting the cost of {bundle.path}"))


def _score(metrics: dict[str, Any]) -> float | None:
    if "test_wer" in metrics:
        return float(metrics["test_wer"]["wer"])
    return float(metrics["test_accuracy"]["value"]) if "test_accuracy" in metrics else None
