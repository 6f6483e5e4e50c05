"""Make artefacts of one original; what several of them need is made once."""

import gc
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from edgeasr.bundle import Manifest
from edgeasr.card import Card
from edgeasr.errors import ConfigError, ExportError
from edgeasr_export import forms
from edgeasr_export.artefact import Job
from edgeasr_export.exporters import Exporter, exporter
from edgeasr_export.floats import Floats, ForeignFloats, KerasFloats
from edgeasr_export.importing import Source
from edgeasr_export.improve import finetune, grid_of, improve
from edgeasr_export.improve.grid import Grid
from edgeasr_export.schemes import Plan, Scheme, scheme
from edgeasr_export.settings import ExportSettings
from edgeasr_export.variants import format_of, variant

__all__ = ["Maker"]

Cut = Literal["clip", "unrolled clip", "step"]

_NOTES: Mapping[Cut, tuple[str, ...]] = {  # of forms that nobody asked for
    "step": ("one step of the recurrence at a time: its loop cannot be quantised as a whole",),
    "unrolled clip": (
        "the recurrence unrolled, frame by frame: its loop cannot be quantised, and the model cannot go step by step",
    ),
}


@dataclass
class Maker:
    """Makes the artefacts of an original in a folder.

    Attributes:
        work: the folder.
        source: the original in it.
        settings: how.
        card: what the artefacts say of themselves, but for scheme, quantisation and step.
        manifest: of the bundle: how the original was trained.
        calibration: float32 [clips, frames, bins].
        report: called with a line about what takes long.
    """

    work: Path
    source: Source
    settings: ExportSettings
    card: Card
    manifest: Manifest
    calibration: NDArray[np.float32]
    report: Callable[[str], None] = lambda line: None
    _floats_of: dict[tuple[Cut, Grid | None], Floats] = field(default_factory=dict)
    _improved: dict[Grid, Any] = field(default_factory=dict)

    def make(self, format_name: str, scheme_name: str) -> dict[str, Any]:
        """Make one artefact.

        Returns:
            What `Conversion` has of it.

        Raises:
            EdgeASRError: it cannot be made.
        """
        gc.collect()  # quantisers leave copies of all weights behind, which stand in cycles
        special, format_name = variant(format_name), format_of(format_name)
        made_by, wanted = exporter(format_name), scheme(scheme_name, format_name)
        stepping = bool(special) or self.settings.streaming
        cut: Cut = "step" if stepping else self._choose_cut(wanted)
        grid = grid_of(scheme_name, self.settings.per_tensor) if self._is_improved else None
        baseline = self.work / f"{cut}.float32{made_by.suffix}"
        if not baseline.exists():
            unfinished = baseline.with_name(f"unfinished.{baseline.name}")
            self._job(self._floats(cut, None), made_by, "float32").write(unfinished, Plan())
            unfinished.replace(baseline)
        file = self.work / f"{self.card.model}{'.stream' if cut == 'step' else ''}.{scheme_name}{made_by.suffix}"
        notes = self._job(self._floats(cut, grid), made_by, scheme_name).make(file, baseline)
        if special:
            special.finish(file)
            file = file.rename(file.with_suffix(f".{special.mark}{made_by.suffix}"))
        elif not stepping:
            notes += _NOTES.get(cut, ())
        return {
            "file": file.name,
            "baseline": "" if special or scheme_name == "float32" else baseline.name,
            "notes": notes,
        }

    def _job(self, floats: Floats, made_by: Exporter, scheme_name: str) -> Job:
        return Job(floats, made_by, scheme_name, self.settings, self.card, self.calibration)

    def _load(self) -> Any:
        """Load the Keras model, which is not kept: its weights would stand in memory beside those of converters.

        Raises:
            ConfigError: the original is none.
        """
        import keras

        if self.source.kind != "keras":
            raise ConfigError(
                "steps and improvements need a Keras model, the bundle holds one imported from "
                f"{self.source.kind}: leave them out"
            )
        return keras.saving.load_model(self.source.path, compile=False)

    @property
    def _is_improved(self) -> bool:
        return bool(self.settings.improve or self.settings.finetune_epochs)

    def _choose_cut(self, wanted: Scheme) -> Cut:
        """Choose the form of a file for whole clips, in which no loop of a recurrent layer would stay float."""
        if not wanted.calibrated or not self._is_recurrent:
            return "clip"
        try:
            self._floats("step", None)
        except ExportError:  # it hears the clip from its end, say
            return "unrolled clip"
        return "step"

    @cached_property
    def _is_recurrent(self) -> bool:
        if self.source.kind != "keras":
            return False
        import keras

        layers = self._load()._flatten_layers(include_self=False)
        return any(isinstance(layer, keras.layers.RNN | keras.layers.Bidirectional) for layer in layers)

    def _floats(self, cut: Cut, grid: Grid | None) -> Floats:
        key = (cut, grid)
        if key not in self._floats_of:
            folder = Path(tempfile.mkdtemp(prefix="floats-", dir=self.work))  # nothing of a worker that died
            if self.source.kind != "keras" and cut == "clip" and grid is None:
                self._floats_of[key] = ForeignFloats(self.source, folder)
            else:
                model, frames = self._load() if grid is None else self._improve(grid), self.calibration.shape[1]
                form = forms.step(model, frames) if cut == "step" else forms.clip(model, frames, cut == "unrolled clip")
                self._floats_of[key] = KerasFloats(form, folder)
        return self._floats_of[key]

    def _improve(self, grid: Grid) -> Any:
        if grid not in self._improved:
            settings, model = self.settings, self._load()
            if settings.finetune_epochs:
                model = finetune(
                    model, self.calibration, grid, self.manifest, settings.finetune_epochs, report=self.report
                )
            self._improved[grid] = improve(model, self.calibration, settings.improve, grid, self.report)
        return self._improved[grid]
