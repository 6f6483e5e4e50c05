"""Make artefacts of one model; what several of them need (float files, ranges) is made once and kept on disk."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgeasr.card import Card
from edgeasr_export import forms
from edgeasr_export.calibration import Ranges, find_ranges
from edgeasr_export.exporters import Exporter, exporter
from edgeasr_export.keep import fewest_kept, outputs_kept
from edgeasr_export.layers import Operator, operators_of
from edgeasr_export.schemes import Plan, Scheme, scheme
from edgeasr_export.settings import ExportSettings
from edgeasr_export.trace import Feed

__all__ = ["Maker"]


@dataclass
class Maker:
    """Makes the artefacts of a model in a folder.

    Attributes:
        work: the folder, with `model.keras`.
        settings: how.
        card: what the artefacts say of themselves, but for scheme, quantisation and step.
        calibration: float32 [clips, frames, bins].
    """

    work: Path
    settings: ExportSettings
    card: Card
    calibration: NDArray[np.float32]

    @cached_property
    def model(self) -> Any:
        """The Keras model."""
        import keras

        return keras.saving.load_model(self.work / "model.keras", compile=False)

    @cached_property
    def _clip(self) -> forms.Form:
        return forms.clip(self.model, self.calibration.shape[1])

    @cached_property
    def _step(self) -> forms.Form:
        return forms.step(self.model, self.calibration.shape[1])

    def make(self, format_name: str, scheme_name: str) -> dict[str, Any]:
        """Make one artefact.

        Returns:
            What `Conversion` has of it.

        Raises:
            EdgeASRError: it cannot be made.
        """
        made_by, wanted = exporter(format_name), scheme(scheme_name, format_name)
        streaming = self.settings.streaming or (wanted.calibrated and _has_loops(self._clip.model))
        form = self._step if streaming else self._clip
        source = self._float_file(form, made_by, format_name)
        file = self.work / f"{self.card.model}{'.stream' if streaming else ''}.{scheme_name}{made_by.suffix}"
        baseline = self.work / f"{source.parent.name}.float32{made_by.suffix}"
        if not baseline.exists():
            self._write(form, made_by, scheme("float32"), source, baseline, Plan(), "float32")
        ranges = self._ranges(form, made_by, source) if wanted.calibrated else {}
        operators = made_by.operators(source)
        known = [layer.name for layer in form.model.layers]
        plan = Plan(ranges, outputs_kept(self.settings.keep_float, operators, known), self.settings.per_tensor)
        notes: list[str] = []

        def trial(outputs: tuple[str, ...] = ()) -> Path:
            kept = replace(plan, keep_float=(*plan.keep_float, *outputs))
            self._write(form, made_by, wanted, source, file, kept, scheme_name)
            return file

        if wanted.calibrated and self.settings.max_drop is not None:
            layers = _distinct((name, operators_of(name, operators)) for name in known)
            notes += fewest_kept(trial, baseline, layers, self.card, self.calibration, self.settings.max_drop).notes
        else:
            trial()
        if streaming and not self.settings.streaming:
            notes.append("one step of the recurrence at a time: its loop cannot be quantised as a whole")
        return {"file": file.name, "baseline": "" if scheme_name == "float32" else baseline.name, "notes": notes}

    def _float_file(self, form: forms.Form, made_by: Exporter, format_name: str) -> Path:
        folder = self.work / ("step" if form.stepping else "clip")
        file = folder / f"float32{made_by.suffix}"
        if not file.exists():
            if not (folder / "saved_model").exists():
                _save(form.model, folder / "saved_model")
            made_by.convert(folder / "saved_model", file)
        return file

    def _ranges(self, form: forms.Form, made_by: Exporter, source: Path) -> Ranges:
        names = made_by.names(source)
        states = form.stepping.states if form.stepping else ()
        same = [(names[state.input], names[state.output]) for state in states]

        def feeds() -> Iterator[Feed]:
            return form.feeds(self.calibration)

        return find_ranges(source, feeds, self.settings.calibration, same)

    def _write(
        self, form: forms.Form, made_by: Exporter, wanted: Scheme, source: Path, file: Path, plan: Plan, scheme_name: str
    ) -> None:
        format_name = file.suffix.removeprefix(".")
        wanted.quantise[format_name](source, file, plan)
        quantisation = {
            **made_by.quantisation(file),
            **({"calibration": {"method": self.settings.calibration, "clips": len(self.calibration)}} if plan.ranges else {}),
        }
        made_by.embed(file, replace(self.card, scheme=scheme_name, quantisation=quantisation, stepping=form.stepping))


def _distinct(layers: Iterable[tuple[str, tuple[Operator, ...]]]) -> list[tuple[str, tuple[str, ...]]]:
    """Give name and outputs of the layers that have operators of their own; of those that were fused, the first."""
    found: dict[tuple[str, ...], str] = {}
    for name, operators in layers:
        if operators:
            found.setdefault(tuple(operator.output for operator in operators), name)
    return [(name, outputs) for outputs, name in found.items()]


def _save(model: Any, folder: Path) -> None:
    import keras

    signature = {
        tensor.name: keras.InputSpec(shape=(1, *tensor.shape[1:]), dtype="float32", name=tensor.name)
        for tensor in model.inputs
    }
    model.export(folder, format="tf_saved_model", input_signature=[signature], verbose=False)


def _has_loops(model: Any) -> bool:
    """Say whether a recurrent layer keeps its loop over time, which no full quantisation of activations gets through."""
    import keras

    return any(isinstance(layer, (keras.layers.RNN, keras.layers.Bidirectional)) and not layer.unroll for layer in model.layers)
