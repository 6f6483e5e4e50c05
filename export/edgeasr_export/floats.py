"""The float side of an export: the original cut into a form, and the float32 files that quantisation starts from."""

import gc
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from edgeasr.card import Stepping
from edgeasr.errors import ExportError
from edgeasr_export.exporters import Exporter
from edgeasr_export.forms import Form
from edgeasr_export.importing import Source, write_float32
from edgeasr_export.trace import Feed

__all__ = ["Floats", "ForeignFloats", "KerasFloats"]


class Floats(Protocol):
    """A model in float, in one form.

    Attributes:
        stepping: how a step model goes over a clip; None for whole clips.
        layers: names of its layers, by which operators are found; None where only the operators' own names are known.
        fine: names of layers, inputs and outputs that need more than 8 bits.
        same: groups of such names whose values are the same, a step apart, and so must have one range.
    """

    @property
    def stepping(self) -> Stepping | None: ...

    @property
    def layers(self) -> tuple[str, ...] | None: ...

    @property
    def fine(self) -> tuple[str, ...]: ...

    @property
    def same(self) -> tuple[tuple[str, ...], ...]: ...

    def file(self, made_by: Exporter) -> Path:
        """Give the float32 file, which is made at the first call."""
        ...

    def feeds(self, features: NDArray[np.float32]) -> Iterator[Feed]:
        """Give what its file is fed with for clips, float32 [clips, frames, bins]."""
        ...


@dataclass
class KerasFloats:
    """A Keras model.

    Attributes:
        form: the model, cut.
        folder: for its files.
        stepping, layers, fine, same: as `Floats` has them.
    """

    form: Form
    folder: Path
    stepping: Stepping | None = field(init=False)
    layers: tuple[str, ...] | None = field(init=False)
    fine: tuple[str, ...] = field(init=False)
    same: tuple[tuple[str, ...], ...] = field(init=False)

    def __post_init__(self) -> None:
        self.stepping, self.fine, self.same = self.form.stepping, self.form.fine, self.form.same
        self.layers = tuple(layer.name for layer in self.form.model.layers)

    def file(self, made_by: Exporter) -> Path:
        file = self.folder / f"float32{made_by.suffix}"
        if not file.exists():
            saved_model = self.folder / "saved_model"
            if not saved_model.exists():
                _save(self.form.model, saved_model)
                if self.stepping is None:  # converters take several times the memory of the weights
                    self.form = Form(None)
                    gc.collect()
            made_by.convert(saved_model, file)
        return file

    def feeds(self, features: NDArray[np.float32]) -> Iterator[Feed]:
        return self.form.feeds(features)


@dataclass
class ForeignFloats(Floats):
    """A model that somebody brought as a SavedModel, a TFLite or an ONNX file.

    Attributes:
        source: the original.
        folder: for its files.
    """

    source: Source
    folder: Path
    stepping = None
    layers = None
    fine = ()
    same = ()

    def file(self, made_by: Exporter) -> Path:
        file = self.folder / f"float32{made_by.suffix}"
        if not file.exists():
            write_float32(self.source, made_by.name, file)
        return file

    def feeds(self, features: NDArray[np.float32]) -> Iterator[Feed]:
        return ({"features": clip[None]} for clip in features)


def _save(model: Any, folder: Path) -> None:
    import keras

    signature = {
        tensor.name: keras.InputSpec(shape=(1, *tensor.shape[1:]), dtype="float32", name=tensor.name)
        for tensor in model.inputs
    }
    try:
        model.export(folder, format="tf_saved_model", input_signature=[signature], verbose=False)
    except (TypeError, ValueError, NotImplementedError) as error:
        reason = str(error).strip().partition("\n")[0]
        raise ExportError(f"Keras cannot write the model as a SavedModel ({reason})") from error
