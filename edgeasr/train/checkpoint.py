"""The state of a training between two epochs, on disk."""

import json
import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from edgeasr.atomic import replacing
from edgeasr.config import from_mapping, to_mapping
from edgeasr.errors import BundleError, ConfigError
from edgeasr.train.config import TrainConfig

__all__ = ["Checkpoint"]

_STATE = "state.json"


@dataclass
class Checkpoint:
    """Where a training stands.

    Attributes:
        settings: the resolved settings, as `to_mapping` gives a `TrainConfig`; a training resumes only with the same.
        epoch: epochs done.
        history: of each epoch: loss, the measures of the dev split, seconds, clips a second.
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
            np.savez(scratch / "last.npz", *self.model.get_weights())
            np.savez(scratch / "optimizer.npz", *(np.asarray(variable) for variable in self.model.optimizer.variables))
            np.savez(scratch / "best.npz", *self.best)
            state = {name: getattr(self, name) for name in ("settings", "epoch", "history", "best_epoch")}
            (scratch / _STATE).write_text(json.dumps(state, indent=1))

    @classmethod
    def check(cls, folder: Path, settings: Mapping[str, Any]) -> None:
        """Check that an interrupted training, if there is one, can go on with these settings.

        Raises:
            BundleError: it was begun with others, or cannot be read.
        """
        if not folder.exists():
            return
        try:  # with the defaults of what a release before this one did not know
            saved = to_mapping(from_mapping(TrainConfig, _read_state(folder)["settings"], _STATE))
        except ConfigError as error:
            raise BundleError(f"{folder} was begun by another edgeasr ({error}): {_way_out(folder)}") from error
        for key, value in settings.items():
            if saved[key] != value:
                raise BundleError(
                    f"{folder} was begun with {key} = {saved[key]!r}, not {value!r}: pass the same settings to resume "
                    f"it, or {_way_out(folder)}"
                )

    @classmethod
    def load(cls, folder: Path, model: Any) -> "Checkpoint":
        """Read the state of an interrupted training.

        Args:
            folder: where it stands.
            model: the Keras model, built and compiled anew, which is set to that state.

        Raises:
            BundleError: it cannot be read.
        """
        state = _read_state(folder)
        try:
            last, optimizer, best = (_read_arrays(folder / f"{name}.npz") for name in ("last", "optimizer", "best"))
            model.set_weights(last)
            model.optimizer.build(model.trainable_variables)
            for variable, value in zip(model.optimizer.variables, optimizer, strict=True):
                variable.assign(value)
        except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile, zlib.error) as error:
            raise BundleError(
                f"{folder}: the interrupted training cannot be read ({error}): {_way_out(folder)}"
            ) from error
        return cls(**state, model=model, best=best)


def _read_arrays(path: Path) -> list[Any]:
    import numpy as np

    with np.load(path) as arrays:
        return [arrays[f"arr_{index}"] for index in range(len(arrays.files))]


def _read_state(folder: Path) -> dict[str, Any]:
    try:
        state = json.loads((folder / _STATE).read_text())
        return {name: state[name] for name in ("settings", "epoch", "history", "best_epoch")}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise BundleError(f"{folder}: the interrupted training cannot be read ({error}): {_way_out(folder)}") from error


def _way_out(folder: Path) -> str:
    return f"pass --restart to begin again, or delete {folder}"
