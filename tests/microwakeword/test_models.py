"""Models that others trained: they run here as they run in their own programs, and hear their word."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from edgeasr.audio.clip import Clip
from edgeasr.audio.resample import resample
from edgeasr.audio.wav import write_wav
from edgeasr.cli import evaluate, inspect, listen
from edgeasr.features import StreamingFrontend
from edgeasr.runtime import load


@pytest.fixture
def nabu(real, tmp_path: Path) -> Path:
    """Give the manifest of okay_nabu, under the names that it has in it."""
    for suffix in (".json", ".tflite"):
        shutil.copy(real(f"models/mww_okay_nabu{suffix}"), tmp_path / f"okay_nabu{suffix}")
    return tmp_path / "okay_nabu.json"


@pytest.fixture(scope="session")
def said() -> np.ndarray:
    """Give "okay nabu" and "hello robin", said by three voices of espeak-ng, at 16 kHz."""
    pytest.importorskip("espeakng_loader")
    from edgeasr.data.synthetic import say

    rng, parts = np.random.default_rng(0), [np.zeros(16000)]
    for voice in ("en-us", "en-us+f3", "en-us+m1"):
        for words in ("okay nabu", "hello robin"):
            speech = resample(say(words, voice), 16000).samples
            parts += [0.5 * speech / np.abs(speech).max(), np.zeros(16000)]
    sound = np.concatenate(parts)
    return (sound + rng.normal(0, 1e-3, len(sound))).astype(np.float32)


@pytest.mark.parametrize("runtime", ["tflite", "reference"])
def test_okay_nabu_gives_what_it_gives_in_pymicro_wakeword(nabu: Path, said: np.ndarray, runtime: str) -> None:
    pymicro = pytest.importorskip("pymicro_wakeword")
    sound = said[:48000]
    theirs, features = pymicro.MicroWakeWord.from_config(nabu), pymicro.MicroWakeWordFeatures()
    theirs.sliding_window_size = 1
    theirs._probabilities = type(theirs._probabilities)(maxlen=1)
    expected = []
    for frame in features.process_streaming((sound * 32768).astype("<i2").tobytes()):
        expected.append(theirs.process_streaming_prob(frame))
    theirs.close()
    model = load(nabu, runtime)
    frames = StreamingFrontend(model.frontend)((sound * 32768).astype(np.int16) / np.float32(32768))
    steps = [model.step(frames[start : start + 3]) for start in range(0, len(frames) - 2, 3)]
    got = [float(step[0]) for step in steps[24:]]
    # The features are the same to the bit, but the kernels round in their own ways: one step of the logit is 0.153, of
    # the probability that follows a quarter of that at most, and 1/256.
    np.testing.assert_allclose(got, expected[2::3][24 : len(steps)], atol=0.153 / 4 + 1 / 256)
    assert max(got) > 0.95


def test_listen_hears_okay_nabu_and_nothing_else(nabu: Path, said: np.ndarray, tmp_path: Path) -> None:
    write_wav(tmp_path / "said.wav", Clip(said, 16000))
    result = CliRunner().invoke(listen.command, [str(nabu), str(tmp_path / "said.wav"), "--json"])
    assert result.exit_code == 0, result.output
    events = [json.loads(line) for line in result.stdout.splitlines()]
    assert [event["label"] for event in events] == ["okay nabu"] * 3
    assert "the settings kept with it, threshold 0.97\n" in result.stderr


def test_the_tflite_file_of_a_manifest_is_as_good(nabu: Path, said: np.ndarray, tmp_path: Path) -> None:
    write_wav(tmp_path / "said.wav", Clip(said, 16000))
    arguments = [[str(path), str(tmp_path / "said.wav")] for path in (nabu, nabu.with_suffix(".tflite"))]
    results = [CliRunner().invoke(listen.command, [*argument, "--json"]).stdout for argument in arguments]
    assert results[0] == results[1]
    assert results[0]


def test_evaluate_measures_okay_nabu_on_a_stream(nabu: Path) -> None:
    pytest.importorskip("espeakng_loader")
    data = ["--data", "synthetic:okay nabu,hello robin", "--snr-db", "30"]
    result = CliRunner().invoke(evaluate.command, [str(nabu), "--stream", *data, "--json"])
    assert result.exit_code == 0, result.output
    measured = json.loads(result.stdout)
    assert measured["labels"]["okay nabu"]["words"] >= 5
    assert measured["labels"]["okay nabu"]["missed"] < measured["labels"]["okay nabu"]["words"]


@pytest.mark.parametrize("name", ["okay_nabu", "vad"])
def test_inspect_says_that_esphome_takes_it(real, tmp_path: Path, name: str) -> None:
    pytest.importorskip("tflite_micro")
    for suffix in (".json", ".tflite"):
        shutil.copy(real(f"models/mww_{name}{suffix}"), tmp_path / f"{name}{suffix}")
    result = CliRunner().invoke(inspect.command, [str(tmp_path / f"{name}.json"), "--json"])
    assert result.exit_code == 0, result.output
    assert json.loads(result.stdout)["esphome_refuses"] == []


def test_inspect_says_what_esphome_refuses(nabu: Path) -> None:
    pytest.importorskip("tflite_micro")
    nabu.write_text(nabu.read_text().replace("26080", "9000"))
    result = CliRunner().invoke(inspect.command, [str(nabu)])
    assert "ESPHome refuses it: expected a tensor_arena_size of" in result.stdout
