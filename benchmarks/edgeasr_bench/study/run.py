"""Do the trainings of a study: those whose bundle is not there already."""

import json
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from edgeasr.atomic import write_text
from edgeasr.bundle import Bundle
from edgeasr.child import start
from edgeasr.config import from_mapping, to_mapping
from edgeasr.errors import BundleError, EdgeASRError, TrainingError
from edgeasr.train.config import TrainConfig
from edgeasr_bench.environment import read_environment
from edgeasr_bench.study.record import Failure, Provenance, Result, Score, Trial
from edgeasr_bench.study.spec import PlannedRun, Study

__all__ = ["bundle_path", "collect", "train_runs"]

_SILENCE_S = 24 * 3600  # of a training: a large data set is downloaded in it


def train_runs(
    study: Study,
    out: Path,
    only: tuple[str, ...] = (),
    report: Callable[[str], None] = lambda line: None,
    progress: Callable[[float], None] = lambda done: None,
) -> None:
    """Train each run with each seed, where that is not done yet.

    One that diverges, which it would do again, is noted beside the place of its bundle, and the others go on.

    Args:
        study: what to train.
        out: folder of the study; bundles go into `bundles/` there.
        only: names of the runs; all for none.
        report: called with a line about each step.
        progress: called within an epoch with the share of it that is done.

    Raises:
        BundleError: a bundle is there that was trained with other settings.
        ConfigError: there is no run of such a name.
        EdgeASRError: a training failed for another reason, one of those of `edgeasr.train.fit.train`.
    """
    trainings = [(run, seed) for run in study.select(only) for seed in study.seeds]
    for number, (run, seed) in enumerate(trainings, start=1):
        path = bundle_path(out, run, seed)
        config = study.config(run, seed)
        if _is_done(path, config) or _failure(path, config):
            continue
        report(f"{run.name}, seed {seed} ({number} of {len(trainings)})")
        try:
            provenance = _train(config, path, report, progress)
        except TrainingError as error:
            report(f"{run.name}, seed {seed}: {error}")
            _write(_failed(path), {"training": to_mapping(config), "reason": str(error)})
            shutil.rmtree(path.with_name(f"{path.name}.training"), ignore_errors=True)
        else:
            _write(_beside(path), to_mapping(provenance))
            _failed(path).unlink(missing_ok=True)


def collect(study: Study, out: Path) -> tuple[Result, ...]:
    """Read the figures of all bundles of a study that are there.

    Raises:
        BundleError: a bundle is damaged, or was trained with other settings.
    """
    results = []
    for run in study.runs:
        trainings = [(seed, bundle_path(out, run, seed), study.config(run, seed)) for seed in study.seeds]
        _, _, first = trainings[0]
        results.append(
            Result(
                name=run.name,
                model=first.model,
                differs=run.settings,
                settings=to_mapping(first),
                paper=run.paper,
                why=run.why,
                trials=tuple(_trial(path, seed, out) for seed, path, config in trainings if _is_done(path, config)),
                failures=tuple(
                    Failure(seed, reason) for seed, path, config in trainings if (reason := _failure(path, config))
                ),
            )
        )
    return tuple(results)


def bundle_path(out: Path, run: PlannedRun, seed: int) -> Path:
    """Name the folder of a bundle."""
    return out / "bundles" / f"{run.name}-s{seed}"


def _train(
    config: TrainConfig, path: Path, report: Callable[[str], None], progress: Callable[[float], None]
) -> Provenance:
    """Train in a process of its own; its reports are described there."""
    settings = json.dumps(to_mapping(config))
    with start("edgeasr_bench.study.training_child", settings, str(path), time_limit_s=_SILENCE_S) as child:
        for found in child.reports():
            if "note" in found:
                report(found["note"])
            elif "progress" in found:
                progress(found["progress"])
            elif "diverged" in found:
                raise TrainingError(found["diverged"])
            elif "error" in found:
                raise EdgeASRError(found["error"])
            else:
                return Provenance(found["parameters"], found["device"], read_environment())
        raise EdgeASRError(child.ending(f"the training of {path}"))


def _beside(path: Path) -> Path:
    """Name the file that says what a bundle was trained on; the bundle itself must be the same wherever it was."""
    return path.with_name(f"{path.name}.json")


def _failed(path: Path) -> Path:
    """Name the file that says why there is no bundle."""
    return path.with_name(f"{path.name}.failed.json")


def _write(path: Path, values: Mapping[str, Any]) -> None:
    write_text(path, json.dumps(values, indent=1) + "\n")


def _failure(path: Path, config: TrainConfig) -> str:
    """Say why the training of a bundle diverged; nothing where it did not, or had other settings."""
    failed = _failed(path)
    if path.exists() or not failed.exists():
        return ""
    noted = json.loads(failed.read_text())
    reason: str = noted["reason"]
    return reason if from_mapping(TrainConfig, noted["training"], str(failed)) == config else ""


def _is_done(path: Path, config: TrainConfig) -> bool:
    """Say whether a bundle is there.

    Raises:
        BundleError: there is one that was trained with other settings.
    """
    if not path.exists():
        return False
    trained = from_mapping(TrainConfig, Bundle.open(path).manifest.training, str(path))
    if trained == config:
        return True
    before, now = to_mapping(trained), to_mapping(config)
    key = next(key for key in now if before[key] != now[key])
    raise BundleError(
        f"{path}: was trained with {key} = {before[key]!r}, expected {now[key]!r}: pass another --out, or delete it"
    )


def _trial(path: Path, seed: int, out: Path) -> Trial:
    metrics = Bundle.open(path).manifest.metrics
    history = tuple(metrics["history"])
    beside = _beside(path)
    return Trial(
        seed=seed,
        bundle=path.relative_to(out).as_posix(),
        score=_score(metrics),
        dev_loss=min(epoch["dev_loss"] for epoch in history),
        epochs=len(history),
        best_epoch=metrics["best_epoch"],
        seconds=round(sum(epoch["seconds"] for epoch in history), 2),
        clips_per_s=metrics.get("train_clips_per_s"),
        history=history,
        provenance=from_mapping(Provenance, json.loads(beside.read_text()), str(beside)) if beside.exists() else None,
    )


def _score(metrics: dict[str, Any]) -> Score | None:
    if "test_wer" in metrics:
        wer = metrics["test_wer"]
        return Score(wer["wer"], wer["wer_low"], wer["wer_high"])
    if "test_accuracy" in metrics:
        accuracy = metrics["test_accuracy"]
        return Score(accuracy["value"], accuracy["low"], accuracy["high"])
    return None
