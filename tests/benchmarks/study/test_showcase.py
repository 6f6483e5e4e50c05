"""What is shown of a recogniser: transcripts, one clip, its convolutions; the classifier's is in tests/cli."""

from pathlib import Path

import numpy as np
import pytest

from edgeasr.audio.clip import Clip
from edgeasr.audio.wav import write_wav
from edgeasr.bundle import Bundle, Manifest, Samples
from edgeasr.config import to_mapping
from edgeasr.decode.text import CTC_LABELS, encode
from edgeasr.features import FrontendConfig
from edgeasr.models import build, model_spec
from edgeasr.train.config import TrainConfig
from edgeasr_bench.study.record import Result, Score, Trial
from edgeasr_bench.study.showcase import make_showcase
from edgeasr_bench.study.spec import Paper

pytest.importorskip("keras")
pytest.importorskip("matplotlib")

FRONTEND = FrontendConfig(kind="log-spectrogram", clip_ms=1000, window_ms=20, hop_ms=10, fft_size=320)
TEXTS = ("yes", "no thanks")


def test_nothing_trained_shows_nothing(tmp_path: Path) -> None:
    untrained = Result("a", "ds-cnn", {}, {}, Paper(), "", ())
    assert make_showcase([untrained], "accuracy", tmp_path) == (None, {})


def test_showcase_of_a_recogniser(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    rows = ["path,text,split"]
    for number, text in enumerate(TEXTS):
        write_wav(tmp_path / f"{number}.wav", Clip(rng.uniform(-0.1, 0.1, 9000).astype(np.float32), 16000))
        rows.append(f"{number}.wav,{text},test")
    (tmp_path / "manifest.csv").write_text("\n".join(rows) + "\n")
    trials = []
    for seed, (name, wer) in enumerate((("ctc-gru", 0.1), ("ctc-cnn-rnn", 0.2))):
        config = TrainConfig(model=name, data=(f"transcripts:{tmp_path}",))
        features = np.zeros((2, *FRONTEND.shape), np.float32)
        features[:, :54] = rng.standard_normal((2, 54, FRONTEND.bins))
        targets = np.full((2, 9), -1, np.int64)
        for row, text in zip(targets, TEXTS, strict=True):
            row[: len(text)] = encode(text, CTC_LABELS, text)
        spec = model_spec(name)
        manifest = Manifest(name, CTC_LABELS, FRONTEND, "logits", to_mapping(config), ctc=spec.ctc)
        model = build(name, (None, FRONTEND.bins), len(CTC_LABELS))
        Bundle.create(tmp_path / "bundles" / name, manifest, model, Samples(features, features, targets))
        trials.append(Trial(seed, f"bundles/{name}", Score(wer, wer, wer), 9.0, 1, 1, 1.0, None, ({"loss": 1.0},)))
    results = [
        Result(name, name, {}, {}, Paper(), "", (trial,))
        for name, trial in zip(("ctc-gru", "ctc-cnn-rnn"), trials, strict=True)
    ]
    showcase, pictures = make_showcase(results, "WER", tmp_path)
    assert showcase is not None
    assert showcase.run == "ctc-gru"  # the lower error rate
    assert tuple(said for said, _ in showcase.transcripts) == TEXTS
    assert all(set(heard) <= set(CTC_LABELS[:-1]) for _, heard in showcase.transcripts)
    assert showcase.evaluation is None
    assert showcase.clip == "“yes” (0.wav)"
    assert showcase.layers_of == "ctc-cnn-rnn"  # the best that has convolutions
    assert set(pictures) == {"clip", "layers"}
    assert all((tmp_path / path).stat().st_size > 5000 for path in pictures.values())
