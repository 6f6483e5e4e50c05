"""Training of recognisers: what goes in, what is refused, and the way from speech to a transcript."""

import csv
import json
from itertools import chain, product
from pathlib import Path

import numpy as np
import pytest
import soundfile
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from edgeasr.bundle import Bundle
from edgeasr.card import CtcOutput
from edgeasr.cli import group
from edgeasr.data.augment import AugmentConfig, augment_utterance, fewest_frames, warp_utterance
from edgeasr.data.dataset import load_dataset
from edgeasr.decode.text import CTC_LABELS
from edgeasr.errors import AudioError, DataError, EdgeASRError
from edgeasr.features import FrontendConfig
from edgeasr.train.config import TrainConfig
from edgeasr.train.fit import train
from edgeasr.train.utterances import CtcBatches, Utterances, ctc_wanted
from tests.export.conftest import converting_here

FRONTEND = FrontendConfig(clip_ms=2000, window_ms=25, hop_ms=10)
RATE_HZ = FRONTEND.sample_rate_hz
EVERY_FRAME = CtcOutput()


def data_of(folder: Path, utterances: list[tuple[str, float, str]]) -> str:
    """Write utterances, each its name, seconds and transcript, as a data set, and give its name."""
    folder.mkdir(exist_ok=True)
    rng = np.random.default_rng(0)
    with (folder / "manifest.csv").open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["path", "text", "split"])
        for number, (name, seconds, text) in enumerate(utterances):
            sound = 0.1 * rng.standard_normal(round(seconds * RATE_HZ))
            soundfile.write(folder / name, sound, RATE_HZ)
            rows.writerow([name, text, "dev" if number % 4 == 3 else "train"])
    return f"transcripts:{folder}"


def utterances_of(folder: Path, rows: list[tuple[str, float, str]], ctc: CtcOutput = EVERY_FRAME) -> Utterances:
    return Utterances(load_dataset(data_of(folder, rows)).examples, FRONTEND, ctc)


@pytest.mark.parametrize(
    ("row", "error", "reason"),
    [
        (("a.wav", 1.0, "room 7"), DataError, r"a\.wav: expected words, got '7'"),
        (("a.wav", 1.0, "größe π"), DataError, r"a\.wav: expected a transcript in the characters .* got 'π'"),
        (("a.wav", 1.0, ""), DataError, r"line 2"),
        (("a.wav", 2.5, "one"), AudioError, r"a\.wav: lasts 2\.5 s, expected at most the model's 2 s"),
        (("a.wav", 0.01, "a"), AudioError, r"a\.wav: lasts 160 samples"),
    ],
)
def test_what_cannot_be_trained_with_is_named(
    tmp_path: Path, row: tuple[str, float, str], error: type[EdgeASRError], reason: str
) -> None:
    ctc = CtcOutput(first=11, stride=2)
    with pytest.raises(error, match=reason):
        utterances_of(tmp_path / "data", [row], ctc)


def test_a_transcript_that_its_clip_cannot_hold_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"a\.wav: lasts 0\.20 s, 9 output frames, but its transcript needs 10: check"):
        utterances_of(tmp_path / "data", [("a.wav", 0.2, "all noon")], CtcOutput(stride=2))


def test_the_loss_is_told_how_long_everything_is() -> None:
    transcripts = np.array([[2, 3, -1], [2, 2, 4]])
    wanted = ctc_wanted([50, 70], transcripts, CtcOutput(first=11, stride=2))
    assert wanted.tolist() == [[20, 2, 2, 3, 0], [30, 3, 2, 2, 4]]


@given(samples=st.integers(3000, 40000), speed=st.floats(0, 0.5), tempo=st.floats(0, 0.5), seed=st.integers(0, 99))
def test_no_utterance_becomes_shorter_than_was_checked(samples: int, speed: float, tempo: float, seed: int) -> None:
    config = AugmentConfig(speed=speed, tempo=tempo, noise_probability=0)
    sound, rng = np.ones(samples, np.float32), np.random.default_rng(seed)
    faster = augment_utterance(sound, RATE_HZ, config, np.ones(1, np.float32), rng)
    frames = np.zeros((FRONTEND.frames_in(len(faster)), 2), np.float32)
    if len(frames):
        assert len(warp_utterance(frames, config, rng)) >= fewest_frames(sound, FRONTEND, config)


def test_an_epoch_holds_every_utterance_once_and_batches_like_lengths(tmp_path: Path) -> None:
    lengths = np.random.default_rng(1).uniform(0.3, 1.9, 30).round(2).tolist()
    rows = [(f"{number}.wav", seconds, f"{chr(97 + number % 26)}") for number, seconds in enumerate(lengths)]
    split = utterances_of(tmp_path / "data", rows)
    still = AugmentConfig(gain_db=0, noise_probability=0, spec_masks=0, speed=0)
    config = TrainConfig("ctc-gru", ("fsdd",), batch_size=4, augment=still)
    batches = CtcBatches(split, FRONTEND, CtcOutput(), config)
    frames = [wanted[:, 0].tolist() for _, wanted in (batches.get(0, index) for index in range(len(batches)))]
    assert sorted(chain.from_iterable(frames)) == sorted(FRONTEND.frames_in(len(samples)) for samples in split.audio)
    assert np.mean([max(batch) - min(batch) for batch in frames]) < 30
    again = [batches.get(0, index) for index in (3, 1)]
    np.testing.assert_array_equal(again[0][0], batches.get(0, 3)[0])
    other = [wanted[:, 0].tolist() for _, wanted in (batches.get(1, index) for index in range(len(batches)))]
    assert other != frames


def test_the_loss_is_that_of_all_paths() -> None:
    from edgeasr.train.transcription import _keras_ctc, ctc_loss

    rng = np.random.default_rng(0)
    logits = rng.standard_normal((1, 5, len(CTC_LABELS))).astype(np.float32)
    a, b, blank = 2, 3, len(CTC_LABELS) - 1
    frames = 4  # the fifth is beyond the end
    wanted = np.array([[frames, 2, a, b, 0]], np.int32)
    logs = logits[0] - np.log(np.exp(logits[0]).sum(axis=1, keepdims=True))
    total = 0.0
    for path in product((a, b, blank), repeat=frames):
        merged = [label for place, label in enumerate(path) if place == 0 or label != path[place - 1]]
        if [label for label in merged if label != blank] == [a, b]:
            total += np.exp(sum(logs[frame, label] for frame, label in enumerate(path)))
    for loss in (ctc_loss, _keras_ctc):  # TensorFlow's own, and that of any backend
        np.testing.assert_allclose(np.asarray(loss(wanted, logits)), [-np.log(total)], rtol=1e-4)


@pytest.fixture(scope="module")
def recogniser(tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    """Train a recogniser on a few synthetic words, far too short to learn anything."""
    few = {"epochs": 1, "batch_size": 8, "limit": 16, "clip_norm": 5.0, "frontend": {"clip_ms": 1500.0}}
    config = TrainConfig("ctc-cnn-rnn", ("synthetic:yes,no",), **few)
    return train(config, tmp_path_factory.mktemp("ctc") / "words")


def run(*arguments: str) -> str:
    done = CliRunner().invoke(group, arguments, catch_exceptions=False)
    assert done.exit_code == 0, done.stderr
    return done.stdout


def test_train_writes_what_a_recogniser_needs(recogniser: Bundle) -> None:
    manifest, samples = recogniser.manifest, recogniser.samples()
    assert manifest.labels == CTC_LABELS
    assert manifest.ctc == CtcOutput(first=11, stride=2)
    assert {"wer", "wer_low", "cer", "utterances"} <= manifest.metrics["test_wer"].keys()
    assert "words.arpa" in manifest.sha256
    assert samples.verification.shape[1:] == manifest.frontend.shape
    assert (samples.targets >= -1).all()
    assert not samples.verification[:, -1].any()  # a word is shorter than the window


def test_a_recogniser_is_evaluated_exported_and_benched(recogniser: Bundle) -> None:
    whole = json.loads(run("evaluate", str(recogniser.path), "--json"))
    assert whole["wer"] == pytest.approx(recogniser.manifest.metrics["test_wer"]["wer"])
    assert len(whole["transcripts"]) == whole["utterances"]
    with converting_here():
        made = json.loads(run("export", str(recogniser.path), "--float32", "--format", "tflite", "--json"))
    (artefact,) = made["artefacts"]
    assert artefact["verification"]["agreement"] == 1
    exported = json.loads(run("evaluate", artefact["path"], "--json"))
    assert exported["transcripts"] == whole["transcripts"]
    report = json.loads(run("bench", artefact["path"], "--data", "synthetic:yes,no", "--seconds", "0.1", "--json"))
    assert report["results"][0]["transcription"]["wer"] == whole["wer"]
