"""Which trainings of a study are done, what is read from their bundles, and what is refused."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from edgeasr.bundle import Bundle
from edgeasr.config import from_mapping, to_mapping
from edgeasr.errors import BundleError, ConfigError, EdgeASRError, TrainingError
from edgeasr.train.config import TrainConfig
from edgeasr_bench.environment import read_environment
from edgeasr_bench.study.record import Failure, Provenance, Score
from edgeasr_bench.study.run import bundle_path, collect, train_runs
from edgeasr_bench.study.spec import Study

WHY = "loss is nan after epoch 7: try a smaller learning rate or clip_norm"
HISTORY = [
    {"loss": 2.0, "dev_accuracy": 0.5, "dev_loss": 1.0, "seconds": 3.25, "clips_per_s": 90.0},
    {"loss": 1.0, "dev_accuracy": 0.7, "dev_loss": 1.5, "seconds": 2.5, "clips_per_s": 110.0},
]
ACCURACY = {"value": 0.8, "low": 0.7, "high": 0.9, "correct": 80, "n": 100}
METRICS: dict[str, Any] = {"best_epoch": 2, "history": HISTORY, "test_accuracy": ACCURACY, "train_clips_per_s": 100.0}


def test_collect_reads_what_the_bundles_say(write_bundle: Callable[..., Bundle], study: Study, tmp_path: Path) -> None:
    bundle = write_bundle(0, 1, METRICS)
    provenance = Provenance(1234, "CPU", read_environment())
    bundle.path.with_name("a-2-s1.json").write_text(json.dumps(to_mapping(provenance)))
    first, *others = collect(study, tmp_path)
    assert first.differs == {"epochs": 2}
    assert first.settings["batch_size"] == 16
    (trial,) = first.trials
    assert (trial.seed, trial.bundle, trial.score) == (1, "bundles/a-2-s1", Score(0.8, 0.7, 0.9))
    assert (trial.epochs, trial.best_epoch, trial.seconds, trial.clips_per_s) == (2, 2, 5.75, 100.0)
    assert trial.dev_loss == 1.0  # the lowest, not that of the best epoch
    assert trial.provenance == provenance
    assert [result.trials for result in others] == [(), ()]


def test_collect_reads_a_recogniser(write_bundle: Callable[..., Bundle], study: Study, tmp_path: Path) -> None:
    wer = {"wer": 0.12, "wer_low": 0.1, "wer_high": 0.15, "cer": 0.05}
    write_bundle(0, 0, {"best_epoch": 1, "history": HISTORY, "test_wer": wer})
    (trial,) = collect(study, tmp_path)[0].trials
    assert (trial.score, trial.clips_per_s, trial.provenance) == (Score(0.12, 0.1, 0.15), None, None)


def test_collect_of_a_bundle_without_a_test_has_no_score(
    write_bundle: Callable[..., Bundle], study: Study, tmp_path: Path
) -> None:
    write_bundle(0, 0, {"best_epoch": 1, "history": HISTORY})
    (result, *_) = collect(study, tmp_path)
    assert result.trials[0].score is None
    assert (result.scores, result.median_trial("accuracy")) == ([], None)


def test_runs_with_bundles_are_not_trained_again(
    write_bundle: Callable[..., Bundle], study: Study, tmp_path: Path
) -> None:
    for seed in study.seeds:
        write_bundle(0, seed, METRICS)
    lines: list[str] = []
    train_runs(study, tmp_path, ("a-2",), lines.append)
    assert lines == []


def test_bundle_of_other_settings_is_refused(write_bundle: Callable[..., Bundle], study: Study, tmp_path: Path) -> None:
    write_bundle(0, 0, METRICS, batch_size=8)
    with pytest.raises(BundleError, match=r"a-2-s0: was trained with batch_size = 8, expected 16: pass another --out"):
        train_runs(study, tmp_path)
    with pytest.raises(BundleError, match="batch_size = 8"):
        collect(study, tmp_path)


def test_bundle_of_an_older_edgeasr_with_fewer_settings_is_taken(
    write_bundle: Callable[..., Bundle], study: Study, tmp_path: Path
) -> None:
    bundle = write_bundle(0, 0, METRICS)
    manifest = json.loads((bundle.path / "manifest.json").read_text())
    del manifest["training"]["clip_norm"]
    (bundle.path / "manifest.json").write_text(json.dumps(manifest))
    assert len(collect(study, tmp_path)[0].trials) == 1


def test_damaged_bundle_is_named(write_bundle: Callable[..., Bundle], study: Study, tmp_path: Path) -> None:
    bundle = write_bundle(0, 0, METRICS)
    bundle.model_path.write_bytes(b"other")
    with pytest.raises(BundleError, match="model.keras was altered"):
        collect(study, tmp_path)


def test_unknown_run_is_refused_before_any_training(study: Study, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="--run: no run 'c'"):
        train_runs(study, tmp_path, ("c",))


def test_failed_training_says_why(values: dict[str, Any], tmp_path: Path) -> None:
    study = from_mapping(Study, values, "study.toml")
    study = replace(study, settings={**study.settings, "data": [f"folder:{tmp_path / 'nowhere'}"]})
    lines: list[str] = []
    with pytest.raises(EdgeASRError, match=r"nowhere: no such folder"):
        train_runs(study, tmp_path, (), lines.append)
    assert lines == ["a-2, seed 0 (1 of 6)"]
    assert collect(study, tmp_path)[0].trials == ()


@pytest.fixture
def trained(monkeypatch: pytest.MonkeyPatch, write_bundle: Callable[..., Bundle], study: Study) -> list[str]:
    """Let trainings be over at once: those of run a-4 with seed 0 diverge; give the names of those that were begun."""
    begun: list[str] = []

    def train(config: TrainConfig, path: Path, *_: object) -> Provenance:
        begun.append(path.name)
        if path.name == "a-4-s0" and config.batch_size == 16:
            path.with_name("a-4-s0.training").mkdir(parents=True)
            raise TrainingError(WHY)
        run, seed = next((run, seed) for run in (0, 1, 2) for seed in (0, 1) if _name(study, run, seed) == path.name)
        write_bundle(run, seed, METRICS, batch_size=config.batch_size)
        return Provenance(5, "CPU", read_environment())

    monkeypatch.setattr("edgeasr_bench.study.run._train", train)
    return begun


def _name(study: Study, run: int, seed: int) -> str:
    return bundle_path(Path(), study.runs[run], seed).name


def test_diverging_run_is_noted_and_the_others_go_on(trained: list[str], study: Study, tmp_path: Path) -> None:
    lines: list[str] = []
    train_runs(study, tmp_path, (), lines.append)
    assert trained == ["a-2-s0", "a-2-s1", "a-4-s0", "a-4-s1", "b-s0", "b-s1"]
    assert f"a-4, seed 0: {WHY}" in lines
    _, result, _ = collect(study, tmp_path)
    assert result.failures == (Failure(0, WHY),)
    assert [trial.seed for trial in result.trials] == [1]
    assert not (tmp_path / "bundles" / "a-4-s0.training").exists()


def test_diverged_run_is_not_tried_again_with_the_same_settings(
    trained: list[str], study: Study, tmp_path: Path
) -> None:
    train_runs(study, tmp_path)
    trained.clear()
    train_runs(study, tmp_path)
    assert trained == []


def test_diverged_run_is_tried_again_with_other_settings(trained: list[str], study: Study, tmp_path: Path) -> None:
    train_runs(study, tmp_path, ("a-4",))
    changed = replace(study, settings={**study.settings, "batch_size": 8}, seeds=(0,))
    assert collect(changed, tmp_path)[1].failures == ()
    trained.clear()
    train_runs(changed, tmp_path, ("a-4",))
    assert trained == ["a-4-s0"]
    assert len(collect(changed, tmp_path)[1].trials) == 1
    assert not (tmp_path / "bundles" / "a-4-s0.failed.json").exists()
