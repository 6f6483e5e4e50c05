"""A study and its record, made by hand."""

import copy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edgeasr.bundle import Bundle, Manifest, Samples
from edgeasr.config import from_mapping, to_mapping
from edgeasr.features import FrontendConfig
from edgeasr_bench.study.record import Record
from edgeasr_bench.study.run import bundle_path
from edgeasr_bench.study.spec import Study

STUDY: dict[str, Any] = {
    "title": "Two models & <their> epochs",
    "source": "a document",
    "asked": "Which of `a` and `b` is better?",
    "seeds": [0, 1],
    "why": ["Other data."],
    "settings": {"data": ["synthetic"], "model": "ds-cnn", "batch_size": 16},
    "runs": [
        {"name": "a-2", "settings": {"epochs": 2}, "paper": {"accuracy": 0.9, "seconds": 100}, "why": "Another loss."},
        {"name": "a-4", "settings": {"epochs": 4}, "paper": {"accuracy": 0.95, "seconds": 200, "note": "best of two"}},
        {"name": "b", "settings": {"model": "fsdd-cnn", "epochs": 4}},
    ],
    "sections": [
        {"title": "Epochs", "runs": ["a-2", "a-4"], "against": "epochs"},
        {"title": "Models", "runs": ["a-4", "b"], "text": "The document prefers `b`."},
    ],
    "quick": {"runs": ["a-2", "b"], "settings": {"epochs": 1}, "seeds": [7]},
}


@pytest.fixture
def values() -> dict[str, Any]:
    """Give the content of a study's file, to change."""
    return copy.deepcopy(STUDY)


@pytest.fixture
def study(values: dict[str, Any]) -> Study:
    return from_mapping(Study, values, "study.toml")


def trial(seed: int, score: float, **changes: Any) -> dict[str, Any]:
    """Make what `study.json` has of a training of two epochs."""
    history = [{"loss": 2.0, "dev_accuracy": 0.5, "dev_loss": 1.5, "seconds": 3.0}] * 2
    return {
        "seed": seed,
        "bundle": f"bundles/x-s{seed}",
        "score": {"value": score, "low": score - 0.05, "high": score + 0.04},
        "dev_loss": 1.5,
        "epochs": 2,
        "best_epoch": 1,
        "seconds": 6.0 + seed,
        "clips_per_s": 100.0,
        "history": history,
    } | changes


@pytest.fixture
def record() -> Callable[..., Record]:
    """Give a function that reads a `study.json` made by hand, with changes."""

    def make(**changes: Any) -> Record:
        results = [
            {
                "name": run["name"],
                "model": run["settings"].get("model", "ds-cnn"),
                "differs": run["settings"],
                "settings": {"epochs": 2, **run["settings"]},
                "paper": run.get("paper", {}),
                "why": run.get("why", ""),
                "trials": [trial(0, 0.9), trial(1, 0.92), trial(2, 0.97)],
            }
            for run in STUDY["runs"]
        ]
        document = {key: STUDY[key] for key in ("title", "source", "asked", "settings", "why", "sections")}
        document |= {"command": "edgeasr reproduce x", "quick": False, "measure": "accuracy", "results": results}
        return from_mapping(Record, copy.deepcopy(document) | changes, "study.json")

    return make


class SavedModel:
    """Stands for a Keras model where only its file matters."""

    def save(self, path: Path) -> None:
        path.write_bytes(b"weights")


@pytest.fixture
def write_bundle(tmp_path: Path, study: Study) -> Callable[..., Bundle]:
    """Give a function that writes the bundle of a run as if it had been trained."""
    features = np.zeros((1, 49, 40), np.float32)

    def write(run: int, seed: int, metrics: dict[str, Any], **settings: Any) -> Bundle:
        planned = study.runs[run]
        manifest = Manifest(
            model="ds-cnn",
            labels=("yes", "no"),
            frontend=FrontendConfig(),
            output="logits",
            training=to_mapping(study.config(planned, seed)) | settings,
            metrics=metrics,
        )
        samples = Samples(features, features, np.zeros(1, np.int64))
        return Bundle.create(bundle_path(tmp_path, planned, seed), manifest, SavedModel(), samples)

    return write
