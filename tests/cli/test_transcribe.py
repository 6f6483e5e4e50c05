"""`edgeasr transcribe`, with a model whose letters are tones."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from edgeasr.audio.clip import Clip
from edgeasr.audio.wav import write_wav
from edgeasr.bundle import Bundle
from edgeasr.card import METADATA_KEY, Card, CtcOutput
from edgeasr.features import FrontendConfig
from tests.cli.conftest import Done

Run = Callable[..., Done]

RATE_HZ = 16000
LABELS = ("a", "b", " ", "<blank>")
TONES_HZ = (1000, 3000, 6000)
FRONTEND = FrontendConfig(kind="spectrogram", clip_ms=1500, window_ms=16, hop_ms=16, fft_size=256)


def write_model(path: Path, ctc: CtcOutput) -> str:
    """Write an ONNX model that hears a letter for each of three tones, the blank in silence."""
    onnx = pytest.importorskip("onnx")
    weights = np.zeros((FRONTEND.bins, 4), np.float32)
    for label, hz in enumerate(TONES_HZ):
        weights[round(hz * FRONTEND.fft_size / RATE_HZ), label] = 1
    bias = np.array([0, 0, 0, 8], np.float32)
    graph = onnx.helper.make_graph(
        [
            onnx.helper.make_node("MatMul", ["features", "weights"], ["tones"]),
            onnx.helper.make_node("Add", ["tones", "bias"], ["logits"]),
        ],
        "tones",
        [onnx.helper.make_tensor_value_info("features", onnx.TensorProto.FLOAT, [1, *FRONTEND.shape])],
        [onnx.helper.make_tensor_value_info("logits", onnx.TensorProto.FLOAT, [1, FRONTEND.frames, 4])],
        [onnx.numpy_helper.from_array(weights, "weights"), onnx.numpy_helper.from_array(bias, "bias")],
    )
    model = onnx.helper.make_model(graph, ir_version=8, opset_imports=[onnx.helper.make_opsetid("", 13)])
    card = Card("tones", "float32", LABELS, FRONTEND, "logits", "", ctc=ctc)
    onnx.helper.set_model_props(model, {METADATA_KEY: card.to_json()})
    onnx.save(model, path)
    return str(path)


def say(text: str) -> np.ndarray:
    tone = np.arange(round(0.08 * RATE_HZ)) / RATE_HZ
    gap = np.zeros(round(0.06 * RATE_HZ))
    tones = [0.5 * np.sin(2 * np.pi * TONES_HZ[LABELS.index(letter)] * tone) for letter in text]
    return np.concatenate([gap, *(part for sound in tones for part in (sound, gap))]).astype(np.float32)


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> str:
    return write_model(tmp_path_factory.mktemp("transcribe") / "tones.onnx", CtcOutput())


def pcm(samples: np.ndarray) -> bytes:
    return (samples * 32767).astype("<i2").tobytes()


def test_a_file_is_written_down(run: Run, model: str, tmp_path: Path) -> None:
    write_wav(tmp_path / "clip.wav", Clip(say("ab ba"), RATE_HZ))
    done = run("transcribe", model, tmp_path / "clip.wav")
    assert done.out == "ab ba\n", done.err
    written = json.loads(run("transcribe", model, tmp_path / "clip.wav", "--json").out)
    assert written["text"] == "ab ba"
    assert [word["word"] for word in written["words"]] == ["ab", "ba"]
    assert 0 <= written["words"][0]["start_s"] < written["words"][0]["end_s"] < written["words"][1]["start_s"]


def test_standard_input_is_written_down_whole_or_as_it_comes(run: Run, model: str) -> None:
    audio = say("ab ba aa")
    assert run("transcribe", model, "-", stdin=pcm(audio)).out == "ab ba aa\n"
    assert run("transcribe", model, "-", "--stream", stdin=pcm(audio)).out.split() == ["ab", "ba", "aa"]
    lines = run("transcribe", model, "-", "--stream", "--json", stdin=pcm(audio)).out.splitlines()
    words = [json.loads(line) for line in lines]
    assert [word["word"] for word in words] == ["ab", "ba", "aa"]
    assert 0.04 < words[0]["start_s"] < words[0]["end_s"] < words[1]["start_s"] < 0.6


def test_an_utterance_is_a_line(run: Run, model: str) -> None:
    audio = np.concatenate([say("ab ba"), np.zeros(RATE_HZ * 2, np.float32), say("b")])
    assert run("transcribe", model, "-", "--stream", stdin=pcm(audio)).out == "ab ba\nb\n"
    lines = run("transcribe", model, "-", "--stream", "--json", stdin=pcm(audio)).out.splitlines()
    assert [json.loads(line)["utterance"] for line in lines] == [0, 0, 1]
    assert run("transcribe", model, "-", "--stream", stdin=pcm(np.zeros(RATE_HZ, np.float32))).out == ""


def test_a_stream_may_be_longer_than_the_window(run: Run, model: str) -> None:
    text = "ab ba " * 8
    assert run("transcribe", model, "-", "--stream", stdin=pcm(say(text))).out.split() == text.split()


def test_a_language_model_chooses_among_sentences(run: Run, model: str, tmp_path: Path) -> None:
    from edgeasr.decode import LanguageModel

    write_wav(tmp_path / "clip.wav", Clip(say("ab ba"), RATE_HZ))
    LanguageModel.train(["ab ba", "ab"], 2).write(tmp_path / "words.arpa")
    assert run("transcribe", model, tmp_path / "clip.wav", "--lm", tmp_path / "words.arpa").out == "ab ba\n"


def test_wrong_use_is_one_line(run: Run, model: str, tmp_path: Path, exported: Bundle) -> None:
    write_wav(tmp_path / "long.wav", Clip(say("ab" * 10), RATE_HZ))
    both_ways = write_model(tmp_path / "both.onnx", CtcOutput(lookahead=None))
    spotter = str(exported.path / "ds-cnn.int8.onnx")
    (tmp_path / "no.arpa").write_text("nothing")
    cases = (
        ([model, str(tmp_path / "long.wav")], "long.wav: lasts 2.9 s, expected at most the model's 1.5 s"),
        ([model, str(tmp_path / "none.wav")], "none.wav"),
        ([both_ways, str(tmp_path / "long.wav"), "--stream"], "looks at the whole utterance, in both directions"),
        ([spotter, str(tmp_path / "long.wav")], "expected a model that transcribes (ctc-...)"),
        ([model, str(tmp_path / "long.wav"), "--rate", "8000"], "--rate is for audio on standard input"),
        ([model, "-", "--stream", "--lm", model], "leave it out with --stream"),
        ([model, "-", "--lm", str(tmp_path / "no.arpa")], "no.arpa"),
    )
    for arguments, message in cases:
        done = run("transcribe", *arguments)
        assert done.code in (1, 2), arguments
        assert message in done.err, (arguments, done.err)
        assert "Traceback" not in done.err
        assert not done.out


def test_listen_sends_a_recogniser_to_transcribe(run: Run, model: str, tmp_path: Path) -> None:
    write_wav(tmp_path / "clip.wav", Clip(say("ab"), RATE_HZ))
    done = run("listen", model, tmp_path / "clip.wav")
    assert done.code == 1
    assert "got one that transcribes: run `edgeasr transcribe`" in done.err
