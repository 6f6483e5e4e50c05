"""What is shown of the best run of a study: what it confuses or writes down, a clip, what its layers make of one."""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from edgeasr.audio.clip import Clip
from edgeasr.audio.resample import resample
from edgeasr.bundle import Bundle
from edgeasr.config import from_mapping
from edgeasr.data import Example, load_datasets
from edgeasr.data.arrays import load_features
from edgeasr.features import Frontend, FrontendConfig
from edgeasr.features.clip import count_frames
from edgeasr.metrics.answers import answers, right_answers
from edgeasr.metrics.evaluation import evaluate
from edgeasr.metrics.plot import plot_confusion
from edgeasr.runtime import load
from edgeasr.train.config import TrainConfig
from edgeasr_bench.study.pictures import Panel, plot_layers, plot_panels
from edgeasr_bench.study.record import Result, Showcase, Trial, best_first
from edgeasr_bench.study.spec import Measure

__all__ = ["make_showcase"]

_RATE_HZ = 16000
_SPECTROGRAM = FrontendConfig(kind="log-spectrogram", sample_rate_hz=_RATE_HZ, window_ms=20, hop_ms=10)
_MFCC = FrontendConfig(kind="mfcc", window_ms=25, hop_ms=10, mel_bins=26, mel_high_hz=8000, coefficients=13)
_TRANSCRIPTS = 8
_LAYERS = 6


def make_showcase(results: Sequence[Result], measure: Measure, out: Path) -> tuple[Showcase | None, dict[str, str]]:
    """Look at the best run; None where none has a score.

    Args:
        results: of all runs.
        measure: what the scores are.
        out: folder of the study; pictures go into `pictures/` there.

    Returns:
        What is shown, and the pictures as `Record.pictures` has them.
    """
    ranking = best_first(results, measure)
    if not ranking:
        return None, {}
    best = ranking[0]
    trial = _median(best, measure)
    bundle = Bundle.open(out / trial.bundle)
    config = from_mapping(TrainConfig, bundle.manifest.training, str(bundle.path))
    examples = load_datasets(config.data, config.leave_out).labelled("test")
    pictures = {"clip": "pictures/clip.png"}
    clip = _draw_clip(examples[0], out / pictures["clip"])
    evaluation: dict[str, Any] | None = None
    transcripts: tuple[tuple[str, str], ...] = ()
    if bundle.manifest.ctc:
        transcripts = _transcripts(bundle)
    else:
        pictures["confusion"] = "pictures/confusion.png"
        evaluation = _evaluation(bundle, examples, out / pictures["confusion"])
    layers_of = ""
    for result in ranking:
        if _draw_layers(Bundle.open(out / _median(result, measure).bundle), out / "pictures/layers.png"):
            layers_of, pictures["layers"] = result.name, "pictures/layers.png"
            break
    return Showcase(best.name, trial.seed, evaluation, transcripts, clip, layers_of), pictures


def _median(result: Result, measure: Measure) -> Trial:
    trial = result.median_trial(measure)
    assert trial is not None, "ranked runs have one"
    return trial


def _evaluation(bundle: Bundle, examples: Sequence[Example], picture: Path) -> dict[str, Any]:
    labels = bundle.manifest.labels
    features, targets = load_features(examples, labels, bundle.manifest.frontend)
    result = evaluate(load(bundle.path), labels, features, targets)
    plot_confusion(result.confusion, labels, picture)
    return result.to_json()


def _transcripts(bundle: Bundle) -> tuple[tuple[str, str], ...]:
    """Let a recogniser write down some of the utterances that its bundle keeps to verify exports with."""
    samples, manifest = bundle.samples(), bundle.manifest
    features = samples.verification[:_TRANSCRIPTS]
    said = right_answers(samples.targets[:_TRANSCRIPTS], manifest.labels, manifest.ctc)
    heard = answers(load(bundle.path).run_batch(features), features, manifest.labels, manifest.ctc)
    return tuple(zip(said.tolist(), heard.tolist(), strict=True))


def _draw_clip(example: Example, picture: Path) -> str:
    """Draw the wave, the spectrogram and the MFCCs of a clip, or the image; say in words what it is."""
    content = example.read()
    words = f"“{example.label}” ({example.id})"
    if not isinstance(content, Clip):
        plot_panels([Panel("the image", content)], picture)
        return words
    samples = resample(content, _RATE_HZ).samples
    seconds = len(samples) / _RATE_HZ
    mfcc = Frontend(_MFCC)(samples)
    mfcc = (mfcc - mfcc.mean(axis=0)) / np.maximum(mfcc.std(axis=0), 1e-6)
    panels = [
        Panel("wave", samples, seconds),
        Panel("spectrogram", Frontend(_SPECTROGRAM)(samples), seconds, _RATE_HZ / 2000),
        Panel("MFCC, each coefficient with mean 0 and deviation 1", mfcc, seconds),
    ]
    plot_panels(panels, picture)
    return words


def _draw_layers(bundle: Bundle, picture: Path) -> bool:
    """Draw what the convolutions of a bundle make of a clip that it keeps; say whether it has any."""
    import keras

    model = keras.saving.load_model(bundle.model_path, compile=False)
    layers = [layer for layer in model.layers if isinstance(layer, keras.layers.Conv1D | keras.layers.Conv2D)]
    if not layers:
        return False
    shown = [layers[index] for index in np.unique(np.linspace(0, len(layers) - 1, _LAYERS).astype(int))]
    inside = keras.Model(model.inputs, {layer.name: layer.output for layer in shown})
    features = bundle.samples().verification[:1]
    if bundle.manifest.ctc:
        features = features[:, : count_frames(features[0])]  # what follows is silence to fill the model's window
    given = inside.predict_on_batch(features)
    sideways = bundle.manifest.frontend is not None
    outputs = []
    for layer in shown:
        name = re.sub("_[0-9]+$", "", layer.name)
        outputs.append((f"{layers.index(layer) + 1}. {name}", np.asarray(given[layer.name])[0]))
    plot_layers(features[0], outputs, picture, sideways)
    return True
