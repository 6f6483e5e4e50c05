"""Convert and bench the best bundle of each model, one after the other."""

import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
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
from edgeasr_bench.record import Result
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
        if (trained := [one for one in bundles if one.manifest.model == model and one.manifest.metrics])
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
    files: dict[str, str] = {}  # by path, the key of the step
    failures: dict[str, str] = {}
    for step in STEPS:
        limit = ("--time-limit", str(_EXPORT_LIMIT_S))
        made, reason = _edgeasr("export", str(copy), f"--{step.scheme}", "--format", step.format, *limit)
        if reason:
            failures[step.key] = reason
        else:
            files |= {artefact["path"]: step.key for artefact in made["artefacts"]}
    results = {}
    if files:
        data = [part for name in config.data for part in ("--data", name)]
        data += ["--leave-out", config.leave_out] if config.leave_out else []
        benched, reason = _edgeasr(
            "bench", *([str(copy)] if config.wake else [*files, *data]), "--seconds", str(seconds)
        )  # a spotter of words in streams: on the windows that its bundle keeps
        if reason:
            failures["bench"] = reason
        else:
            keys = {Path(path).name: key for path, key in files.items()}
            results = {
                keys[one["artefact"]]: from_mapping(Result, one, "bench")
                for one in benched["results"]
                if one["artefact"] in keys  # a bundle's Keras model is benched too
            }
    parameters, macs = _cost(bundle)
    return Entry(
        model=manifest.model,
        model_sha256=manifest.model_sha256,
        edgeasr=__version__,
        data=config.data,
        clip_ms=manifest.frontend.clip_ms if manifest.frontend else None,
        parameters=parameters,
        macs=macs,
        score=_score(manifest.metrics),
        results=results,
        failures=failures,
        environment=environment,
    )


def _edgeasr(*arguments: str) -> tuple[dict[str, Any], str]:
    """Run a command with `--json`; give what it printed, or why it failed in one line."""
    command = (sys.executable, "-m", "edgeasr", *arguments, "--json")
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        lines = done.stderr.strip().splitlines() or [f"ended with code {done.returncode}"]
        return {}, lines[-1].removeprefix("edgeasr: ").partition(" (log: ")[0]
    printed: dict[str, Any] = json.loads(done.stdout)
    return printed, ""


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
