"""The state of a training between two epochs, on disk."""

import json
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from edgeasr.atomic import replacing
from edgeasr.errors import BundleError

__all__ = ["Checkpoint"]

_STATE = "state.json"


@dataclass
class Checkpoint:
    """Where a training stands.

    Attributes:
        settings: the resolved settings; a training resumes only with the same.
        epoch: epochs done.
        history: of each epoch: loss, dev accuracy and dev loss, seconds.
        best_epoch: the epoch whose model is the best so far, counted from 1; 0 before the first.
        model: the Keras model with its optimizer, after `epoch`.
        best: weights of the best epoch, as `model.get_weights()` gives them.
    """

    settings: dict[str, Any]
    epoch: int = 0
    history: list[dict[str, float]] = field(default_factory=list)
    best_epoch: int = 0
    model: Any = None
    best: list[Any] = field(default_factory=list)

    def save(self, folder: Path) -> None:
        """Write the state; the one before stays until this one is complete."""
        import numpy as np

        with replacing(folder) as scratch:
            scratch.mkdir()
            self.model.save(scratch / "last.keras")
            np.savez(scratch / "best.npz", *self.best)
            state = {name: getattr(self, name) for name in ("settings", "epoch", "history", "best_epoch")}
            (scratch / _STATE).write_text(json.dumps(state, indent=1))

    @classmethod
    def check(cls, folder: Path, settings: Mapping[str, Any]) -> None:
        """Check that an interrupted training, if there is one, can go on with these settings.

        Raises:
            BundleError: it was made with others, or cannot be read.
        """
        if not folder.exists():
            return
        saved = _read_state(folder)["settings"]
        different = [key for key, value in settings.items() if saved.get(key) != value]
        if different:
            key = different[0]
            raise BundleError(f"{folder} was begun with {key} = {saved.get(key)}, not {settings[key]}: {_hint(folder)}")

    @classmethod
    def load(cls, folder: Path) -> "Checkpoint | None":
        """Read the state of an interrupted training, or None where there is none.

        Raises:
            BundleError: it cannot be read.
        """
        import keras
        import numpy as np

        if not folder.exists():
            return None
        try:
            with np.load(folder / "best.npz") as arrays:
                best = [arrays[f"arr_{index}"] for index in range(len(arrays.files))]
            model = keras.saving.load_model(folder / "last.keras")
        except (OSError, ValueError, KeyError, zipfile.BadZipFile) as error:
            raise BundleError(
                f"{folder}: the interrupted training cannot be read ({error}): {_hint(folder)}"
            ) from error
        return cls(**_read_state(folder), model=model, best=best)


def _read_state(folder: Path) -> dict[str, Any]:
    try:
        state = json.loads((folder / _STATE).read_text())
        return {name: state[name] for name in ("settings", "epoch", "history", "best_epoch")}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise BundleError(f"{folder}: the interrupted training cannot be read ({error}): {_hint(folder)}") from error


def _hint(folder: Path) -> str:
    return f"pass the same settings to resume it, or --restart to begin again (or delete {folder})"
