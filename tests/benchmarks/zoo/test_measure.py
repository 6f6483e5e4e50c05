"""Which bundles of the zoo are measured, what is done again, and what becomes of a command that fails."""

import json
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest

from edgeasr.bundle import Bundle
from edgeasr.errors import BundleError
from edgeasr.models import MODELS
from edgeasr_bench.record import Result
from edgeasr_bench.zoo import best_bundles, cost_child, measure, measure_zoo
from edgeasr_bench.zoo.entry import STEPS


class Commands:
    """Stands for the command line: `fail` names the arguments that make a command fail."""

    def __init__(self, result: Result) -> None:
        self.called: list[tuple[str, ...]] = []
        self.fail: tuple[str, ...] = ()
        self._result = result

    def __call__(self, *arguments: str) -> tuple[dict[str, Any], str]:
        self.called.append(arguments)
        if set(self.fail) & set(arguments):
            step = f"{arguments[4]}:{arguments[2].strip('-')}: " if arguments[0] == "export" else ""
            return {}, f"{step}{arguments[0]} failed"
        if arguments[0] == "export":
            _, bundle, scheme, _, format_, *_ = arguments
            return {"artefacts": [{"path": f"{bundle}/ds-cnn.{scheme.strip('-')}.{format_}"}]}, ""
        files = [Path(argument).name for argument in arguments[1:] if "/ds-cnn." in argument]
        if not files:  # a bundle: its Keras model and all that was exported
            files = ["model.keras", "ds-cnn.float32.tflite", "ds-cnn.int8.onnx"]
        results = [{**asdict(self._result), "artefact": name} for name in files]
        return {"results": json.loads(json.dumps(results))}, ""


@pytest.fixture
def commands(monkeypatch: pytest.MonkeyPatch, result: Result) -> Commands:
    called = Commands(result)
    monkeypatch.setattr(measure, "_edgeasr", called)
    monkeypatch.setattr(measure, "_cost", lambda bundle: (23180, 2_640_000))
    return called


def test_best_bundle_on_the_dev_split_is_taken(write_bundle: Callable[..., Bundle], tmp_path: Path) -> None:
    write_bundle("study/bundles/a", dev_accuracy=0.8)
    write_bundle("study/bundles/b", dev_accuracy=0.9)
    write_bundle("c", "ctc-gru", dev_wer=0.2)
    write_bundle("d", "ctc-gru", dev_wer=0.1)
    write_bundle("imported", "fsdd-cnn")
    best = best_bundles([tmp_path])
    assert {model: bundle.path.name for model, bundle in best.items()} == {"ds-cnn": "b", "ctc-gru": "d"}
    assert list(best) == [model for model in MODELS if model in best]


def test_folders_without_bundles_are_refused(tmp_path: Path) -> None:
    with pytest.raises(BundleError, match=f"^expected trained bundles in {tmp_path}, got none: pass folders"):
        measure_zoo([tmp_path], tmp_path / "records", 1.0)


def test_entry_holds_what_the_commands_said(
    write_bundle: Callable[..., Bundle], commands: Commands, tmp_path: Path, result: Result
) -> None:
    bundle = write_bundle("a", dev_accuracy=0.8)
    work = tmp_path / "work"
    entry = measure_zoo([tmp_path / "bundles"], work, 0.5)["ds-cnn"]
    assert set(entry.results) == {step.key for step in STEPS}
    kept = entry.results["onnx int8"]
    assert (kept.latency.p50, kept.ratio_to_float) == (59.0, result.ratio_to_float)
    assert (kept.latency.histogram.counts, kept.frontend_us, kept.rounds_us) == ((), None, ())
    assert (entry.score, entry.clip_ms, entry.parameters) == (0.875, 1500.0, 23180)
    assert (entry.model_sha256, entry.failures) == (bundle.manifest.model_sha256, {})
    bench = commands.called[-1]
    assert bench[-6:] == ("--data", "synthetic:yes,no", "--leave-out", "theo", "--seconds", "0.5")
    assert [path.name for path in work.iterdir()] == ["ds-cnn.json"]


def test_model_without_a_test_score_is_measured_on_the_clips_of_its_bundle(
    write_bundle: Callable[..., Bundle], commands: Commands, tmp_path: Path, result: Result
) -> None:
    write_bundle("a", tested=False, dev_fa_per_hour=0.8)
    entry = measure_zoo([tmp_path / "bundles"], tmp_path / "work", 0.5)["ds-cnn"]
    command, bundle, *rest = commands.called[-1]
    assert (command, Path(bundle).name, rest) == ("bench", "ds-cnn", ["--seconds", "0.5"])
    assert result.accuracy is not None
    assert (entry.score, set(entry.results)) == (result.accuracy.value, {"tflite float32", "onnx int8"})


def test_what_is_done_is_done_again_only_for_another_bundle_or_version(
    write_bundle: Callable[..., Bundle], commands: Commands, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_bundle("a", dev_accuracy=0.8)
    folders, work = [tmp_path / "bundles"], tmp_path / "work"
    first = measure_zoo(folders, work, 1.0)
    commands.called.clear()
    assert measure_zoo(folders, work, 1.0) == first
    assert commands.called == []
    write_bundle("b", content=b"trained again", dev_accuracy=0.9)
    assert measure_zoo(folders, work, 1.0)["ds-cnn"].model_sha256 != first["ds-cnn"].model_sha256
    commands.called.clear()
    monkeypatch.setattr(measure, "__version__", "99.0")
    assert measure_zoo(folders, work, 1.0)["ds-cnn"].edgeasr == "99.0"
    assert len(commands.called) == len(STEPS) + 1


def test_rows_of_models_whose_bundles_are_elsewhere_stay(
    write_bundle: Callable[..., Bundle], commands: Commands, tmp_path: Path
) -> None:
    write_bundle("a", dev_accuracy=0.8)
    there = measure_zoo([tmp_path / "bundles"], tmp_path / "work", 1.0)
    commands.called.clear()
    assert measure_zoo([], tmp_path / "work", 1.0) == there
    assert commands.called == []


def test_failed_export_leaves_the_others(
    write_bundle: Callable[..., Bundle], commands: Commands, tmp_path: Path
) -> None:
    write_bundle("a", dev_accuracy=0.8)
    commands.fail = ("--int8",)
    entry = measure_zoo([tmp_path / "bundles"], tmp_path / "work", 1.0)["ds-cnn"]
    assert set(entry.results) == {step.key for step in STEPS if step.scheme != "int8"}
    assert entry.failures == {"tflite int8": "export failed", "onnx int8": "export failed"}


def test_nothing_is_benched_where_every_export_failed(
    write_bundle: Callable[..., Bundle], commands: Commands, tmp_path: Path
) -> None:
    write_bundle("a", dev_accuracy=0.8)
    commands.fail = ("export",)
    entry = measure_zoo([tmp_path / "bundles"], tmp_path / "work", 1.0)["ds-cnn"]
    assert (entry.results, len(entry.failures), len(commands.called)) == ({}, len(STEPS), len(STEPS))


def test_failed_bench_is_a_reason(write_bundle: Callable[..., Bundle], commands: Commands, tmp_path: Path) -> None:
    write_bundle("a", dev_accuracy=0.8)
    commands.fail = ("bench",)
    entry = measure_zoo([tmp_path / "bundles"], tmp_path / "work", 1.0)["ds-cnn"]
    assert (entry.results, entry.failures) == ({}, {"bench": "bench failed"})


def test_failed_command_gives_its_last_line_without_the_place_of_its_log(tmp_path: Path) -> None:
    printed, reason = measure._edgeasr("export", str(tmp_path / "nowhere"))
    assert printed == {}
    assert str(tmp_path / "nowhere") in reason
    assert not reason.startswith("edgeasr: ")


def test_cost_of_a_bundle_is_that_of_its_whole_window(
    write_bundle: Callable[..., Bundle], monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("keras")
    found: dict[str, int] = {}
    monkeypatch.setattr(cost_child, "report", found.update)
    cost_child.main(str(write_bundle("a", dev_accuracy=0.8).path))
    assert found["parameters"] > 20_000
    assert found["macs"] > 10 * found["parameters"]  # each weight is used at many places


@pytest.mark.slow
def test_cost_of_a_bundle_comes_from_a_process_of_its_own(write_bundle: Callable[..., Bundle]) -> None:
    pytest.importorskip("keras")
    parameters, macs = measure._cost(write_bundle("a", dev_accuracy=0.8))
    assert macs > 10 * parameters > 200_000


def test_bundle_whose_cost_cannot_be_told_is_an_error(write_bundle: Callable[..., Bundle]) -> None:
    bundle = write_bundle("a", dev_accuracy=0.8)
    (bundle.path / "manifest.json").unlink()
    with pytest.raises(BundleError, match="manifest.json"):
        measure._cost(bundle)
