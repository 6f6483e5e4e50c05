"""`edgeasr evaluate`: the contract of its JSON, the data it takes, and what it says when something is missing."""

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result

from edgeasr.audio.wav import write_wav
from edgeasr.bundle import Bundle
from edgeasr.cli import group
from edgeasr.data.mlperf_kws import LABELS
from edgeasr.data.synthetic import say
from edgeasr.errors import ArtefactError, ConfigError, DataError, EdgeASRError
from edgeasr.metrics.classification import accuracy_interval

WORDS = ("three", "seven", "nine")
SPEAKERS = ("anna", "ben")


def invoke(*arguments: str | Path) -> Result:
    return CliRunner().invoke(group, ["evaluate", *map(str, arguments)])


def evaluate(*arguments: str | Path) -> dict:
    result = invoke(*arguments, "--json")
    assert result.exit_code == 0, result.exception
    return json.loads(result.stdout)


def refused(error: type[EdgeASRError], *arguments: str | Path) -> str:
    result = invoke(*arguments)
    assert isinstance(result.exception, error), result.exception or result.output
    assert result.stdout == ""
    return str(result.exception)


@pytest.fixture(scope="module")
def clips(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a folder of spoken digits: test split, three words by two speakers; train split, one clip a word."""
    folder = tmp_path_factory.mktemp("clips")
    for word in WORDS:
        clip = say(word)
        for speaker in SPEAKERS:
            write_wav(folder / "test" / word / f"{speaker}_0.wav", clip)
        write_wav(folder / "train" / word / "carl_0.wav", clip)
    return folder


@pytest.fixture
def artefact(exported: Bundle) -> Path:
    return exported.path / f"{exported.manifest.model}.int8.tflite"


@pytest.fixture
def bundle(exported: Bundle, clips: Path, tmp_path: Path) -> Callable[..., Path]:
    """Give a function that copies the exported bundle as if it had been trained with the given settings."""

    def copied(**training: object) -> Path:
        path = tmp_path / "bundle"
        shutil.copytree(exported.path, path)
        values = json.loads((path / "manifest.json").read_text())
        values["training"] = training
        (path / "manifest.json").write_text(json.dumps(values))
        return path

    return copied


def check_contract(result: dict, labels: tuple[str, ...], clips: int) -> None:
    assert set(result) == {"accuracy", "per_class", "confusion", "labels"}
    confusion = np.array(result["confusion"])
    assert confusion.shape == (len(labels), len(labels))
    assert confusion.sum() == clips
    accuracy = result["accuracy"]
    assert set(accuracy) == {"value", "low", "high", "correct", "n"}
    assert accuracy["n"] == clips
    assert accuracy["correct"] == np.trace(confusion)
    assert accuracy["value"] == pytest.approx(accuracy["correct"] / clips)
    assert (accuracy["low"], accuracy["high"]) == pytest.approx(accuracy_interval(accuracy["correct"], clips))
    assert tuple(result["labels"]) == tuple(result["per_class"]) == labels
    for label, row in zip(labels, confusion, strict=True):
        assert set(result["per_class"][label]) == {"precision", "recall", "f1", "support"}
        assert result["per_class"][label]["support"] == row.sum()


@pytest.mark.parametrize("suffix", ["int8.tflite", "float32.tflite", "int8.onnx", "float32.onnx"])
def test_evaluate_of_an_artefact_keeps_the_contract(exported: Bundle, clips: Path, suffix: str) -> None:
    path = exported.path / f"{exported.manifest.model}.{suffix}"
    check_contract(evaluate(path, "--data", f"folder:{clips}"), exported.manifest.labels, 6)


def test_evaluate_of_a_bundle_keeps_the_contract(exported: Bundle, clips: Path) -> None:
    result = evaluate(exported.path, "--data", f"folder:{clips}")
    check_contract(result, exported.manifest.labels, 6)
    assert result["accuracy"]["correct"] >= 4  # plain words, plainly spoken


def test_evaluate_says_what_it_runs_on_stderr(artefact: Path, clips: Path) -> None:
    result = invoke(artefact, "--data", f"folder:{clips}", "--json")
    assert result.stderr.startswith(("ai-edge-litert ", "tflite-runtime "))
    assert result.stderr.endswith(f"on 6 clips of folder:{clips}, test split\n")


def test_evaluate_takes_the_split_it_is_told(artefact: Path, clips: Path) -> None:
    assert evaluate(artefact, "--data", f"folder:{clips}", "--split", "train")["accuracy"]["n"] == 3


def test_evaluate_takes_several_data_sets(artefact: Path, clips: Path) -> None:
    spec = f"folder:{clips}"
    assert evaluate(artefact, "--data", spec, "--data", spec)["accuracy"]["n"] == 12


def test_evaluate_takes_the_data_of_the_training_by_default(bundle: Callable[..., Path], clips: Path) -> None:
    path = bundle(data=[f"folder:{clips}"])
    (artefact,) = path.glob("*.int8.tflite")
    assert evaluate(artefact)["accuracy"]["n"] == 6


def test_evaluate_tests_on_the_speaker_left_out_of_the_training(bundle: Callable[..., Path], clips: Path) -> None:
    (artefact,) = bundle(data=[f"folder:{clips}"], leave_out="anna").glob("*.int8.tflite")
    assert evaluate(artefact)["accuracy"]["n"] == 3
    assert evaluate(artefact, "--leave-out", "carl")["accuracy"]["n"] == 3
    assert evaluate(artefact, "--data", f"folder:{clips}")["accuracy"]["n"] == 6  # other data, another test


def test_evaluate_leaves_out_a_speaker(artefact: Path, clips: Path) -> None:
    result = evaluate(artefact, "--data", f"folder:{clips}", "--leave-out", "ben")
    assert result["accuracy"]["n"] == 3
    assert {label for label, report in result["per_class"].items() if report["support"]} == set(WORDS)


def test_evaluate_names_the_speakers_there_are(artefact: Path, clips: Path) -> None:
    message = refused(DataError, artefact, "--data", f"folder:{clips}", "--leave-out", "dora")
    assert message == "folder has no speaker 'dora': expected one of anna, ben, carl"


def test_evaluate_prints_tables_for_people(artefact: Path, clips: Path) -> None:
    result = invoke(artefact, "--data", f"folder:{clips}")
    assert result.exit_code == 0
    first, *lines = result.stdout.splitlines()
    assert first.startswith("accuracy ")
    assert "95 % interval" in first
    assert first.endswith("of 6)")
    rows = [line.split() for line in lines]
    for word in WORDS:
        report, confusion = (row for row in rows if row and row[0] == word)
        assert report[-1] == "2"  # clips
        assert sum(int(count) for count in confusion[1:] if count != ".") == 2


def test_evaluate_plots_the_confusions(artefact: Path, clips: Path, tmp_path: Path) -> None:
    result = invoke(artefact, "--data", f"folder:{clips}", "--json", "--plot", tmp_path / "new" / "plot.png")
    assert json.loads(result.stdout)["accuracy"]["n"] == 6
    assert (tmp_path / "new/plot.png").read_bytes().startswith(b"\x89PNG\r\n\x1a\n")
    assert (tmp_path / "new/plot.png").stat().st_size > 5000


def test_evaluate_without_matplotlib_still_prints_the_result(
    artefact: Path, clips: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    result = invoke(artefact, "--data", f"folder:{clips}", "--json", "--plot", tmp_path / "plot.png")
    assert "drawing the confusion matrix needs the package matplotlib" in str(result.exception)
    assert json.loads(result.stdout)["accuracy"]["n"] == 6


def test_evaluate_names_data_that_the_model_does_not_know(artefact: Path, clips: Path, tmp_path: Path) -> None:
    shutil.copytree(clips / "test" / "three", tmp_path / "clips" / "test" / "marvin")
    shutil.copytree(clips / "test" / "three", tmp_path / "clips" / "test" / "three")
    message = refused(DataError, artefact, "--data", f"folder:{tmp_path / 'clips'}")
    assert "has the label 'marvin': expected one of zero, one" in message


def test_evaluate_of_a_split_without_clips_is_an_error(artefact: Path, clips: Path) -> None:
    assert "no labelled clip in the split 'dev'" in refused(
        DataError, artefact, "--data", f"folder:{clips}", "--split", "dev"
    )


def test_evaluate_answers_a_wrong_name_with_the_right_ones(artefact: Path, clips: Path) -> None:
    data = ("--data", f"folder:{clips}")
    assert "'nonsense': expected one of" in refused(ConfigError, artefact, *data, "--data", "nonsense")
    result = invoke(artefact, *data, "--runtime", "nonsense")
    assert result.exit_code == 2
    assert "'keras', 'tflite', 'onnxruntime'" in result.stderr


def test_evaluate_of_a_file_alone_asks_for_the_data(artefact: Path, tmp_path: Path) -> None:
    alone = shutil.copy(artefact, tmp_path)
    result = invoke(alone)
    assert result.exit_code == 2
    assert "does not say which data it was trained on: pass --data NAME[:PATH]" in result.stderr


def test_evaluate_of_a_bundle_that_does_not_know_its_data_asks_for_it(bundle: Callable[..., Path]) -> None:
    (artefact,) = bundle().glob("*.int8.tflite")
    assert invoke(artefact).exit_code == 2


@pytest.fixture
def benchmark(real: Callable[[str], Path]) -> Callable[[str], list[str | Path]]:
    """Give the arguments for a model of MLPerf Tiny on its test set."""
    data = real("mlperf_tiny_kws01.zip")
    return lambda scheme: [real(f"models/mlperf_kws_{scheme}.tflite"), "--data", f"mlperf-kws:{data}"]


@pytest.mark.parametrize(("scheme", "correct"), [("int8", 902), ("float32", 900)])
def test_evaluate_gives_the_figures_of_the_mlperf_reference(
    benchmark: Callable[[str], list[str | Path]], scheme: str, correct: int
) -> None:
    result = evaluate(*benchmark(scheme), "--labels", ",".join(LABELS))
    check_contract(result, LABELS, 1000)
    assert result["accuracy"]["correct"] == correct


def test_evaluate_asks_for_the_labels_that_a_file_does_not_carry(
    benchmark: Callable[[str], list[str | Path]],
) -> None:
    message = refused(ArtefactError, *benchmark("int8"))
    assert "carries no labels: pass --labels in the order of its outputs" in message


def test_evaluate_refuses_more_labels_than_outputs(benchmark: Callable[[str], list[str | Path]]) -> None:
    message = refused(ArtefactError, *benchmark("int8"), "--labels", ", ".join((*LABELS, "sheila")))
    assert "has 12 outputs, got 13 labels: pass --labels, one an output" in message


def test_evaluate_of_sound_needs_a_front_end(real: Callable[[str], Path], clips: Path) -> None:
    model = real("models/mlperf_kws_int8.tflite")
    message = refused(
        DataError, model, "--data", f"folder:{clips}", "--labels", ",".join((*WORDS, *LABELS[len(WORDS) :]))
    )
    assert "is sound, and the model carries no front end: export it with edgeasr" in message


def test_evaluate_of_an_artefact_imports_no_training_package(artefact: Path, clips: Path) -> None:
    code = (
        "import sys; from edgeasr.cli import group; group.main(sys.argv[1:], standalone_mode=False); "
        "print({'tensorflow', 'keras', 'librosa', 'matplotlib'} & set(sys.modules), file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, "evaluate", artefact, "--data", f"folder:{clips}", "--json"],
        env={"PYTHONPATH": ":".join(filter(None, sys.path))},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.stderr.splitlines()[-1] == "set()", done.stderr
