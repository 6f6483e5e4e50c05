"""What the front end in C costs in accuracy: an int8 model with it, and with the one in NumPy, over a test split.

    python benchmarks/firmware_frontend.py MODEL.int8.tflite --data fsdd:PATH [--data ...]

Both get the same samples, of int16. The front end in C runs on this computer, in the bits that every board gives
(tests/firmware/test_frontend.py), and the model in the reference runtime, in the bits of the firmware.
"""

import argparse
import sys
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from edgeasr.audio.pcm import to_float, to_int16
from edgeasr.card import Card, read_from_tflite
from edgeasr.data import load_datasets
from edgeasr.data.arrays import load_audio
from edgeasr.errors import EdgeASRError
from edgeasr.features.frontend import Frontend
from edgeasr.tflite import Interpreter, read_model
from edgeasr_firmware import BOARDS, feature_inputs
from edgeasr_firmware.frontend_check import run_frontend


def main() -> None:
    """Measure, and print a line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", type=Path)
    parser.add_argument("--data", action="append", required=True)
    arguments = parser.parse_args()
    try:
        print(_compare(arguments.model, arguments.data))
    except EdgeASRError as error:
        sys.exit(f"firmware_frontend.py: {error}")


def _compare(path: Path, data: list[str]) -> str:
    card, dataset = read_from_tflite(path), load_datasets(data)
    audio, targets = load_audio(dataset.labelled("test"), card.labels, card.frontend)
    samples = to_int16(audio)
    features = (_in_numpy(card, samples), _in_c(card, samples))
    model = Interpreter(read_model(path))
    quantised = [np.stack([one for (one,) in feature_inputs(model.inputs, each, len(each))]) for each in features]
    answers = [np.array([model.run(one)[0].argmax() for one in each]) for each in quantised]
    right = [f"{100 * np.mean(each == targets):.2f} %" for each in answers]
    others = int((quantised[0] != quantised[1]).sum())
    return (
        f"{len(targets)} clips: {right[0]} right with the front end in NumPy, {right[1]} with the one in C; "
        f"{int((answers[0] != answers[1]).sum())} answers and {others} of {quantised[0].size} features of int8 differ, "
        f"by at most {np.abs(features[0] - features[1]).max():.1e} before"
    )


def _in_numpy(card: Card, samples: NDArray[np.int16]) -> NDArray[np.float32]:
    frontend = Frontend(card.frontend)
    return np.stack([frontend(clip) for clip in to_float(samples)])


def _in_c(card: Card, samples: NDArray[np.int16]) -> NDArray[np.float32]:
    """Give the clips to one stream, filled up to whole hops, and take the frames that lie in one clip."""
    config = card.frontend
    hops = -(-max(samples.shape[1], config.window_samples) // config.hop_samples)
    filled = np.pad(samples, ((0, 0), (0, hops * config.hop_samples - samples.shape[1])))
    frames = run_frontend(BOARDS["host"], config, np.append(filled, filled[0])).features
    return frames[: len(samples) * hops].reshape(len(samples), hops, -1)[:, : config.frames]


if __name__ == "__main__":
    main()
