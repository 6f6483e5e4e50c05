"""A wake word for ESPHome's micro_wake_word: state inside, one probability of 8 bits out, and the JSON manifest.

What ESPHome demands is in `edgeasr.microwakeword`. A classifier of the word and of everything else gives two logits;
the softmax of two is the logistic function of their difference, which a dense layer takes.
"""

import json
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np

from edgeasr.bundle import Bundle
from edgeasr.card import FEATURES, SCORES, Card, read_from_tflite
from edgeasr.errors import ExportError
from edgeasr.features import MICRO
from edgeasr.microwakeword import Micro, WakeManifest, check_model
from edgeasr.packages import check_installed
from edgeasr.spot import SpotterConfig
from edgeasr.spot.decoder import is_keyword
from edgeasr.spot.settings import kept_settings, pace_of
from edgeasr.tflite.arena import measure_arena_bytes
from edgeasr.tflite.model import Tensor, read_model
from edgeasr.tflite.quantisation import quantisation_of
from edgeasr_export.variants.editor import Editor
from edgeasr_export.variants.stateful import keep_state_inside
from edgeasr_export.variants.variant import Variant

__all__ = ["ESPHOME"]

_MINIMUM_ESPHOME = "2024.7.0"  # the first with version 2 of the manifest
_FEATURES = (26 / 255, -128)  # scale and zero point in which ESPHome gives features to all models
_LARGEST_DIFFERENCE = 8.0  # of logits: what is beyond has a probability of 0 or 255/256


def check(bundle: Bundle) -> None:
    """Refuse a bundle that ESPHome cannot run.

    Raises:
        ExportError: it is no spotter of one word by the micro front end, or no settings for listening were found yet.
        MissingPackageError: tflite-micro is not installed.
    """
    manifest = bundle.manifest
    frontend = manifest.frontend
    if frontend is None or replace(frontend, clip_ms=MICRO.clip_ms) != MICRO:
        raise ExportError(
            f"esphome: expected a model of ESPHome's own front end, got {frontend.kind if frontend else 'none'}: "
            f"train it with frontend.kind = '{MICRO.kind}', hop_ms = {MICRO.hop_ms:g}, "
            f"mel_low_hz = {MICRO.mel_low_hz:g} and mel_high_hz = {MICRO.mel_high_hz:g}"
        )
    words = [label for label in manifest.labels if is_keyword(label)]
    if len(manifest.labels) != 2 or words != [manifest.labels[0]]:
        raise ExportError(
            "esphome: expected two labels, a wake word and then unknown, "
            f"got {', '.join(manifest.labels)}: train a model of one word"
        )
    if manifest.output != "logits":
        raise ExportError(f"esphome: expected a model that gives logits, got {manifest.output}")
    _settings(bundle)
    check_installed("tflite_micro", "micro", "--format esphome")


def finish(file: Path) -> None:
    """Turn a step model with two logits into one with state inside that gives the probability of the first label.

    Raises:
        ExportError: it has a layer that is not int8, or a state that cannot be inside.
        ArtefactError: it has an operator that ESPHome lacks, or takes other features.
    """
    keep_state_inside(file, after_silence=True)
    model, card = read_model(file), read_from_tflite(file)
    assert card is not None  # as it was left there
    editor = Editor(file)
    _take_features(editor)
    _give_probability(editor, model.subgraphs[0].tensors[model.signatures[0].outputs[SCORES]])
    editor.save(file, card)
    model = read_model(file)
    check_model(model, "esphome")
    tensors, signature = model.subgraphs[0].tensors, model.signatures[0]
    given, scored = tensors[signature.inputs[FEATURES]], tensors[signature.outputs[SCORES]]
    quantisation = {**card.quantisation, "input": quantisation_of(given), "output": quantisation_of(scored)}
    editor.save(file, replace(card, output="probabilities", quantisation=quantisation))


def _take_features(editor: Editor) -> None:
    """Let a model take features in ESPHome's scale, and bring them to its own."""
    graph = editor.graph
    (own,) = graph.inputs
    given = editor.tensor(graph, FEATURES, graph.tensors[own].shape, "INT8", _FEATURES)
    graph.operators.insert(1, editor.operator("QUANTIZE", [given], [own]))  # after CALL_ONCE
    graph.inputs, editor.signature.inputs[0].tensorIndex = [given], given


def _give_probability(editor: Editor, logits: Tensor) -> None:
    """Let a model give the probability of the first of its two labels."""
    if logits.type != "INT8" or logits.shape != (1, 2) or logits.scale is None:
        raise ExportError(f"esphome: expected int8 logits [1, 2], got {logits.type.lower()} {list(logits.shape)}")
    graph, step = editor.graph, float(logits.scale[0])
    largest = min(255 * step, _LARGEST_DIFFERENCE)
    signs = editor.constant(graph, "signs", np.array([[127, -127]], np.int8), (1 / 127, 0))
    bias = editor.constant(graph, "bias", np.zeros(1, np.int32), (step / 127, 0))
    difference = editor.tensor(graph, "difference", (1, 1), "INT8", (largest / 127, 0))
    logistic = editor.tensor(graph, "logistic", (1, 1), "INT8", (1 / 256, -128))
    probability = editor.tensor(graph, SCORES, (1, 1), "UINT8", (1 / 256, 0))
    graph.operators += [
        editor.operator("FULLY_CONNECTED", [logits.index, signs, bias], [difference]),
        editor.operator("LOGISTIC", [difference], [logistic]),
        editor.operator("QUANTIZE", [logistic], [probability]),
    ]
    graph.outputs, editor.signature.outputs[0].tensorIndex = [probability], probability


def beside(bundle: Bundle, file: Path) -> dict[str, str]:
    """Write the manifest of a finished file, for what was found to be good settings for listening.

    Raises:
        ArtefactError: tflite-micro cannot run the file.
        ExportError: these are not settings that ESPHome knows.
    """
    card, config = read_from_tflite(file), _settings(bundle)
    assert card is not None  # as `finish` left it
    manifest = WakeManifest(
        wake_word=bundle.manifest.labels[0],
        author=bundle.manifest.created_by,
        trained_languages=(),
        model=file.name,
        micro=_micro(card, config, measure_arena_bytes(file)),
    )
    values = {key: value for key, value in asdict(manifest).items() if value != ""}
    return {f"{file.stem}.json": json.dumps(values, indent=2) + "\n"}


def _settings(bundle: Bundle) -> SpotterConfig:
    how = f"find them: edgeasr evaluate {bundle.path} --stream --split dev --hop-ms 30 --target-fa-per-hour 0.5 --write"
    config = kept_settings(bundle.path)
    if config is None:
        raise ExportError(f"esphome: expected a bundle with settings for listening, got one without; {how}")
    if config.smoothing != "mean" or config.minimum_count != 1:
        raise ExportError(
            "esphome: expected scores that are smoothed by their mean, and one inference above the threshold, got "
            f"{config.smoothing} and {config.minimum_count}; {how}"
        )
    return config


def _micro(card: Card, config: SpotterConfig, arena_bytes: int) -> Micro:
    """Say in ESPHome's terms how to listen: one inference each step, whose mean must be above a cutoff."""
    frontend, stepping = card.frontend, card.stepping
    assert frontend is not None
    assert stepping is not None
    pace = pace_of(config, frontend, stepping.hop_frames)
    if pace.hop_frames > stepping.hop_frames:
        step_ms = stepping.hop_frames * frontend.hop_ms
        raise ExportError(
            f"esphome: expected settings for an inference every {step_ms:g} ms, as ESPHome makes them, got a hop of "
            f"{config.hop_ms:g} ms: find them with --hop-ms {step_ms:g}"
        )
    threshold = config.thresholds.get(card.labels[0], config.threshold)
    levels = 256 * pace.inferences  # of the mean: the cutoff lies between two of them, as ESPHome wants more than it
    return Micro(
        feature_step_size=round(frontend.hop_ms),
        tensor_arena_size=arena_bytes,
        probability_cutoff=round((np.ceil(threshold * levels - 1e-6) - 0.5) / levels, 6),
        sliding_window_size=pace.inferences,
        minimum_esphome_version=_MINIMUM_ESPHOME,
    )


ESPHOME = Variant("tflite", "esphome", finish, ("int8",), check, beside)
