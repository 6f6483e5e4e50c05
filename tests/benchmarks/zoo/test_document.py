"""The zoo's document, of entries made by hand."""

from collections.abc import Callable
from dataclasses import replace

from edgeasr.metrics.transcription import Transcription
from edgeasr.models import MODELS
from edgeasr_bench.record import Result
from edgeasr_bench.zoo import write_document
from edgeasr_bench.zoo.entry import Entry


def row(text: str, section: str, model: str) -> dict[str, str]:
    """Give the row of a model in the table of a section as a mapping from the heads."""
    lines = text.split(f"## {section}\n")[1].split("\n## ")[0].splitlines()
    heads, _, *rows = [line.strip("| ").split(" | ") for line in lines if line.startswith("|")]
    return dict(zip(heads, next(cells for cells in rows if cells[0] == f"`{model}`"), strict=True))


def test_classifier_has_its_figures_in_each_table(
    entry: Callable[..., Entry], result: Result, quantised: Callable[..., Result]
) -> None:
    slow = quantised(latency_us=replace(result.latency_us, p50=12345.0))
    text = write_document({"ds-cnn": entry(results={"tflite float32": result, "tflite int8": slow})})
    assert row(text, "Accuracy", "ds-cnn") == {
        "model": "`ds-cnn`",
        "data": "fsdd, synthetic",
        "parameters": "23,180",
        "MACs": "2.6 M",
        "measure": "accuracy",
        "Keras": "98.76",
        "TFLite float32": "99.00",
        "TFLite dynamic": "-",
        "TFLite int8": "98.70",
        "ONNX float32": "-",
        "ONNX dynamic": "-",
        "ONNX int8": "-",
    }
    assert row(text, "Size in kB", "ds-cnn")["TFLite int8"] == "27"
    times = row(text, "Latency", "ds-cnn")
    assert (times["window"], times["TFLite float32"], times["TFLite int8"]) == ("1.5 s", "0.059", "12.3")
    assert (times["TFLite int8, x float"], times["ONNX int8, x float"]) == ("1.72 (1.60-1.80)", "-")
    assert text.endswith("## What failed, and why\n\nNothing.\n")


def test_recogniser_is_measured_by_its_word_errors(entry: Callable[..., Entry], result: Result) -> None:
    errors = Transcription(0.125, 0.1, 0.15, 0.05, 0.04, 0.06, 1, 2, 3, 48, 20)
    heard = replace(result, transcription=errors)  # its accuracy is that of whole transcripts
    text = write_document({"ctc-small": entry("ctc-small", clip_ms=8000.0, results={"onnx float32": heard})})
    cells = row(text, "Accuracy", "ctc-small")
    assert (cells["measure"], cells["ONNX float32"]) == ("WER", "12.50")
    assert row(text, "Latency", "ctc-small")["window"] == "8 s"


def test_loss_and_gain_of_int8_are_told(
    entry: Callable[..., Entry], result: Result, quantised: Callable[..., Result]
) -> None:
    errors = Transcription(0.125, 0.1, 0.15, 0.05, 0.04, 0.06, 1, 2, 3, 48, 20)
    better = quantised(transcription=errors, mcnemar_p=0.25)
    entries = {
        "ds-cnn": entry(score=0.997, results={"tflite int8": quantised(mcnemar_p=0.5)}),
        "ctc-small": entry("ctc-small", score=0.13, results={"tflite int8": better}),
    }
    text = write_document(entries)
    section = "What int8 loses, and gains"
    assert list(row(text, section, "ds-cnn").values()) == ["`ds-cnn`", "1.00", "0.5", "-", "-"]
    assert list(row(text, section, "ctc-small").values())[1:3] == ["-0.50", "0.25"]
    assert "- TFLite: 1.72 times, the geometric mean of 2 models; least of all `ds-cnn`, 1.72 times" in text
    assert "- ONNX: not measured" in text


def test_model_that_cannot_be_converted_or_benched_says_why(entry: Callable[..., Entry]) -> None:
    reasons = {"tflite int8": "no such operation", "bench": "no | memory"}
    made = entry("attention-cnn", failures=reasons, score=None, clip_ms=None)
    text = write_document({"attention-cnn": made})
    assert "- `attention-cnn`, tflite int8: no such operation\n- `attention-cnn`, bench: no | memory\n" in text
    assert row(text, "Accuracy", "attention-cnn")["Keras"] == "-"
    assert row(text, "Latency", "attention-cnn")["window"] == "-"


def test_every_model_is_a_row_whether_it_was_trained_or_not(entry: Callable[..., Entry]) -> None:
    text = write_document({"ds-cnn": entry()})
    assert {row(text, "Accuracy", model)["data"] for model in MODELS if model != "ds-cnn"} == {"not measured"}


def test_every_machine_is_named_once(entry: Callable[..., Entry]) -> None:
    made = entry()
    here, there = (replace(made.environment, cpu=name, cores=2) for name in ("One", "Other"))
    made_of = {
        name: entry(name, environment=where)
        for name, where in (("ds-cnn", here), ("fsdd-cnn", there), ("fsdd-lstm", here))
    }
    assert "On One, 2 cores; Other, 2 cores, 1 thread." in write_document(made_of)
