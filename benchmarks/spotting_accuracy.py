"""Measure how well digits are spotted in noise, beside the accuracy of the model on clips. One JSON object on stdout.

    python benchmarks/spotting_accuracy.py [MODEL.tflite] [--noise noise.zip]

The digits of the test split are laid over noise at 10 dB. The threshold is the one with most digits right on the dev
split, said four times in other noise each, of those with at most one false accept in two minutes; of several that are
as good, the one in the middle. In the stream a digit is right when it is found and nothing else is reported in its
time; the clips are cut out of the same stream, so they have the same noise.
"""

import argparse
import json
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

from edgeasr.builtin import copy_builtin
from edgeasr.data import load_datasets
from edgeasr.data.dataset import Split
from edgeasr.data.noise import noise_bank
from edgeasr.data.stream import Stream, build_stream, record_words
from edgeasr.features import Frontend
from edgeasr.metrics.classification import accuracy_interval
from edgeasr.metrics.detection import Detection
from edgeasr.metrics.operating_point import OperatingPoint, listen, try_thresholds
from edgeasr.runtime import Runtime, load
from edgeasr.spot import SpotterConfig
from edgeasr.spot.decoder import is_keyword
from edgeasr_export import export_bundle

CONFIG = SpotterConfig(smoothing_ms=500.0)  # with the default of 300 ms more words are taken for others as well
SNR_DB = 10.0
FALSE_ACCEPTS_PER_HOUR = 30.0  # on dev: half of those that are wanted on test
DEV_LOOPS = 4


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("model", type=Path, nargs="?", help="a .tflite or .onnx file; the built-in model by default")
    parser.add_argument("--data", default="fsdd", help="the digits")
    parser.add_argument("--noise", default="", help="folder or zip of noise; made by NumPy by default")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        path = arguments.model or export_builtin(Path(folder))
        print(json.dumps(measure(load(path), arguments.data, arguments.noise), indent=1))


def export_builtin(folder: Path) -> Path:
    """Export the built-in model and give its int8 file."""
    bundle = export_bundle(copy_builtin(folder / "digits"), ("int8",), ("tflite",))
    return next(bundle.path.glob("*.int8.tflite"))


def measure(model: Runtime, data: str, noise: str) -> dict[str, Any]:
    """Spot the digits at the threshold that the dev split gives, and score the same digits as clips."""
    config = CONFIG
    dev, test = digit_stream(model, data, noise, "dev", DEV_LOOPS), digit_stream(model, data, noise, "test")
    tried = try_thresholds(listen(model, config, dev.clip), dev.words)
    point = _best(tried)
    config = replace(config, threshold=point.threshold)
    found = listen(model, config, test.clip).measure(config, test.words)
    return {
        "model": model.path.name,
        "snr_db": SNR_DB,
        "noise": Path(noise).name or "made by NumPy",
        "clips": _accuracy(_right_clips(model, test), test),
        "stream": {**_accuracy(_right(found), test), "threshold": config.threshold, **found.to_json()},
    }


def _accuracy(right: int, stream: Stream) -> dict[str, Any]:
    words = len(stream.words)
    low, high = accuracy_interval(right, words)
    return {"right": right, "accuracy": right / words, "low": low, "high": high}


def _best(points: list[OperatingPoint]) -> OperatingPoint:
    allowed = [point for point in points if point.detection.false_accepts_per_hour <= FALSE_ACCEPTS_PER_HOUR]
    allowed = allowed or points[-1:]
    most = max(_right(point.detection) for point in allowed)
    best = [point for point in allowed if _right(point.detection) == most]
    return best[len(best) // 2]


def _right(found: Detection) -> int:
    return found.words - found.missed - found.confused


def _right_clips(model: Runtime, stream: Stream) -> int:
    """Cut every word out of the stream, in the middle of a clip, and count those that the model names rightly."""
    frontend = model.frontend
    assert frontend is not None
    features, right = Frontend(frontend), 0
    for word in stream.words:
        middle = round((word.start_s + word.end_s) / 2 * frontend.sample_rate_hz)
        start = max(0, middle - frontend.clip_samples // 2)
        scores = model.run(features(stream.clip.samples[start : start + frontend.clip_samples]))
        right += model.labels[int(scores.argmax())] == word.label
    return right


def digit_stream(model: Runtime, data: str, noise: str, split: Split, loops: int = 1) -> Stream:
    """Lay the digits of a split over its noise, so many times."""
    assert model.frontend is not None
    rate_hz = model.frontend.sample_rate_hz
    keywords = [label for label in model.labels if is_keyword(label)]
    examples = load_datasets((data,), None).labelled(split)
    words = record_words([example for example in examples if example.label in keywords], rate_hz)
    bank = noise_bank(noise, rate_hz, split)
    return build_stream(words * loops, keywords, rate_hz, bank, bank[:0], SNR_DB)


if __name__ == "__main__":
    main()
