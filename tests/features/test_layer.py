"""The front end inside a Keras model: the numbers of the one outside, and nothing that a converter does not know."""

import dataclasses
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edgeasr.errors import ConfigError
from edgeasr.features import Frontend, FrontendConfig, StreamingFrontend
from edgeasr.features.layer import NAME, frontend_layer, samples_config, with_frontend

# Largest difference from the NumPy front end, which computes in double precision. On 300 clips of Speech Commands
# 1.3e-4, 5.3e-5, 6.1e-5 (of magnitudes to 132) and 1.0e-3 were measured; the mean of the differences is below 2e-6.
MAX_DIFFERENCE = {"log-mel": 3e-4, "mfcc": 2e-4, "spectrogram": 1e-4, "log-spectrogram": 3e-3}
CONFIGS = {
    "keywords": FrontendConfig(),
    "window fills half": FrontendConfig(window_ms=25, hop_ms=10, fft_size=1024, mel_low_hz=0, mel_high_hz=8000),
    "odd window": FrontendConfig(window_ms=20.0625, hop_ms=6.9375, coefficients=40),
}


def clips(config: FrontendConfig, speech: Any) -> np.ndarray:
    return speech(config.sample_rate_hz)[: 2 * config.clip_samples].reshape(2, -1)


def compute(config: FrontendConfig, audio: np.ndarray) -> np.ndarray:
    return np.asarray(frontend_layer(config)(audio[..., None]))


@pytest.mark.parametrize("kind", MAX_DIFFERENCE)
@pytest.mark.parametrize("name", CONFIGS)
def test_layer_gives_the_features_of_the_frontend(kind: str, name: str, speech: Any) -> None:
    config = dataclasses.replace(CONFIGS[name], kind=kind)
    audio = clips(config, speech)
    features, expected = compute(config, audio), Frontend(config)(audio)
    assert features.shape == (2, *config.shape)
    assert features.dtype == np.float32
    np.testing.assert_allclose(features, expected, rtol=0, atol=MAX_DIFFERENCE[kind])
    assert features.std() > 0.1  # it was speech, not silence


@pytest.mark.parametrize("kind", MAX_DIFFERENCE)
def test_layer_normalises(kind: str, speech: Any) -> None:
    config = FrontendConfig(kind=kind)
    mean, std = np.linspace(-9, 2, config.bins), np.linspace(0.5, 4, config.bins)
    config = dataclasses.replace(config, mean=tuple(mean), std=tuple(std))
    audio = clips(config, speech)
    np.testing.assert_allclose(compute(config, audio), Frontend(config)(audio), rtol=0, atol=2 * MAX_DIFFERENCE[kind])


@pytest.mark.parametrize("kind", MAX_DIFFERENCE)
def test_layer_of_silence_is_the_floor(kind: str) -> None:
    config = FrontendConfig(kind=kind)
    audio = np.zeros((1, config.clip_samples), np.float32)
    np.testing.assert_allclose(compute(config, audio), Frontend(config)(audio), rtol=0, atol=1e-4)


def test_layer_keeps_the_digits_of_quiet_bands_beside_a_loud_tone() -> None:
    config = FrontendConfig()
    seconds = np.arange(config.clip_samples) / config.sample_rate_hz
    noise = np.random.default_rng(0).normal(0, 1e-4, config.clip_samples)  # 77 dB below the tone
    audio = (0.7 * np.sin(2 * np.pi * 3000 * seconds) + noise).astype(np.float32)[None]
    features, expected = compute(config, audio), Frontend(config)(audio)
    quiet = (expected > np.log(config.log_floor) + 1) & (expected < expected.max() - 14)
    assert quiet.sum() > 500
    np.testing.assert_allclose(features[quiet], expected[quiet], rtol=0, atol=0.02)


@pytest.mark.parametrize("rate_hz", [8000, 16000, 44100])
def test_samples_are_the_sound_itself(rate_hz: int, speech: Any) -> None:
    outside = samples_config(FrontendConfig(kind="mfcc", sample_rate_hz=rate_hz, fft_size=2048))
    sound = speech(16000)[: outside.clip_samples]
    assert outside.shape == (rate_hz, 1)
    np.testing.assert_array_equal(Frontend(outside)(sound), sound[:, None])
    stream = StreamingFrontend(outside)
    parts = [stream(part) for part in np.split(sound, [1, 7, 3000])]
    np.testing.assert_array_equal(np.concatenate(parts), sound[:, None])


@pytest.mark.parametrize("kind", ["samples", "micro"])
def test_layer_of_what_has_none_is_refused(kind: str) -> None:
    config = samples_config(FrontendConfig()) if kind == "samples" else FrontendConfig(kind="micro", mel_high_hz=7500)
    with pytest.raises(ConfigError, match=f"front end '{kind}' cannot be put into a model"):
        frontend_layer(config)


@pytest.fixture(scope="module")
def whole() -> tuple[Any, Any, FrontendConfig]:
    """Give a model of [49, 10, 1], the same with its front end, and that."""
    import keras

    keras.utils.set_random_seed(0)
    config = FrontendConfig(kind="mfcc")
    model = keras.Sequential(
        [
            keras.Input((49, 10, 1)),
            keras.layers.Rescaling(0.1),
            keras.layers.Conv2D(4, 3, activation="relu"),
            keras.layers.Flatten(),
            keras.layers.Dense(3),
        ],
        name="tiny",
    )
    return model, with_frontend(model, config), config


def test_with_frontend_takes_audio_and_gives_the_same_scores(whole: Any, speech: Any) -> None:
    model, with_audio, config = whole
    audio = clips(config, speech)
    expected = model(Frontend(config)(audio)[..., None])
    assert with_audio.input_shape == (None, 16000, 1)
    np.testing.assert_allclose(with_audio(audio[..., None]), expected, rtol=0, atol=1e-4)
    assert np.abs(expected).max() > 0.2


def test_with_frontend_is_saved_without_code_of_ours(whole: Any, tmp_path: Path, speech: Any) -> None:
    import keras

    _, with_audio, config = whole
    with_audio.save(tmp_path / "model.keras")
    audio = clips(config, speech)[..., None]
    np.testing.assert_array_equal(keras.saving.load_model(tmp_path / "model.keras")(audio), with_audio(audio))


def test_frontend_weights_stay_as_they_are_in_training(whole: Any) -> None:
    model, with_audio, _ = whole
    assert [weight.path for weight in with_audio.trainable_weights] == [weight.path for weight in model.weights]


@pytest.fixture(scope="module")
def converted(whole: Any, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Convert the model with its front end to float TFLite and ONNX."""
    import keras

    from edgeasr_export.exporters import exporter

    folder = tmp_path_factory.mktemp("frontend")
    signature = keras.InputSpec(shape=(1, 16000, 1), dtype="float32", name="audio")
    whole[1].export(folder / "saved", format="tf_saved_model", input_signature=[signature], verbose=False)
    files = {name: folder / f"model.{name}" for name in ("tflite", "onnx")}
    for name, file in files.items():
        exporter(name).convert(folder / "saved", file)
    return files


def test_converted_frontend_has_only_operators_of_the_formats(converted: dict[str, Path]) -> None:
    import onnx

    from edgeasr.tflite import read_model

    operators = Counter(operator.name for operator in read_model(converted["tflite"]).subgraphs[0].operators)
    assert not [name for name in operators if name.startswith("CUSTOM:")]
    assert operators.total() < 20
    assert {node.domain for node in onnx.load(converted["onnx"]).graph.node} <= {"", "ai.onnx"}


def test_converted_frontend_is_known_by_its_name(converted: dict[str, Path]) -> None:
    from edgeasr.tflite import read_model

    graph = read_model(converted["tflite"]).subgraphs[0]
    outputs = [graph.tensors[operator.outputs[0]].name for operator in graph.operators]
    kinds = [operator.name for operator in graph.operators]
    mine = [f"/{NAME}" in name for name in outputs]
    assert mine == sorted(mine, reverse=True)  # first the front end, then the model
    assert "LOG" in [kind for kind, is_mine in zip(kinds, mine, strict=True) if is_mine]
    assert "LOG" not in [kind for kind, is_mine in zip(kinds, mine, strict=True) if not is_mine]
    assert sum(mine) < len(mine)


@pytest.mark.parametrize("name", ["tflite", "onnx"])
def test_converted_frontend_gives_the_same_scores(
    name: str, whole: Any, converted: dict[str, Path], speech: Any
) -> None:
    from edgeasr.runtime import load

    model, _, config = whole
    audio = clips(config, speech)
    expected = model(Frontend(config)(audio)[..., None])
    np.testing.assert_allclose(load(converted[name]).run_batch(audio), expected, rtol=0, atol=1e-4)
