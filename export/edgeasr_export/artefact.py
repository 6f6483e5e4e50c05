"""One artefact in the making: its ranges and what stays float, chosen by what calibration features show."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from edgeasr.card import FEATURES, Card
from edgeasr.features.layer import NAME
from edgeasr.metrics.answers import counted
from edgeasr.runtime import load
from edgeasr_export.calibration import AUTO, TRIED, Ranges, find_ranges
from edgeasr_export.exporters import Exporter
from edgeasr_export.floats import Floats
from edgeasr_export.keep import fewest_kept, outputs_kept
from edgeasr_export.layers import Operator, operators_of
from edgeasr_export.schemes import Plan, scheme
from edgeasr_export.settings import ExportSettings

__all__ = ["Job"]

_CLIPS_TO_CHOOSE_BY = 64


@dataclass(frozen=True)
class Job:
    """What is to be made, and of what.

    Attributes:
        floats: the model in float.
        made_by: the format.
        scheme: key of `SCHEMES`.
        settings: how.
        card: what the artefact says of itself, but for quantisation and step.
        calibration: float32 [clips, frames, bins].
    """

    floats: Floats
    made_by: Exporter
    scheme: str
    settings: ExportSettings
    card: Card
    calibration: NDArray[np.float32]

    def make(self, file: Path, baseline: Path) -> tuple[str, ...]:
        """Write the artefact, with the ranges and the float layers that the settings ask for.

        Args:
            file: where.
            baseline: the float32 artefact of the same form, which choices are measured against.

        Returns:
            What there is to say of it.

        Raises:
            ExportError: a layer that should stay float is not there, or the bound on the loss cannot be kept.
        """
        operators = self.made_by.operators(self._source)
        known = self.floats.layers or tuple(operator.output for operator in operators)
        kept = outputs_kept(self.settings.keep_float, operators, known) + self._frontend_tensors(operators)
        if scheme(self.scheme).coarse:
            kept += tuple(tensor for name in self.floats.fine for tensor in self._tensors(name, operators))
        plan = Plan({}, kept, self.settings.per_tensor)
        method = ""
        if scheme(self.scheme).calibrated:
            method, plan = self._calibrate(file, baseline, plan)
        else:
            self.write(file, plan)
        if self.settings.max_drop is None or self.scheme == "float32":
            return ()

        def trial(outputs: tuple[str, ...]) -> Path:
            self.write(file, replace(plan, keep_float=(*kept, *outputs)), method)
            return file

        layers = _distinct((name, operators_of(name, operators, known)) for name in known)
        layers += [(f"({name})", (tensor,)) for name, tensor in self.made_by.names(self._source).items()]
        return fewest_kept(trial, baseline, layers, self.card, self.calibration, self.settings.max_drop)

    def write(self, file: Path, plan: Plan, method: str = "") -> None:
        """Write the artefact as planned.

        Args:
            file: where.
            plan: ranges, and what stays float.
            method: by which the ranges were found, for the card.
        """
        scheme(self.scheme).quantise[self.made_by.name](self._source, file, plan)
        quantisation = self.made_by.quantisation(file)
        if method:
            quantisation["calibration"] = {"method": method, "clips": len(self.calibration)}
        card = replace(self.card, scheme=self.scheme, quantisation=quantisation, stepping=self.floats.stepping)
        self.made_by.embed(file, card)

    @property
    def _source(self) -> Path:
        return self.floats.file(self.made_by)

    def _calibrate(self, file: Path, baseline: Path, plan: Plan) -> tuple[str, Plan]:
        """Find ranges and write the artefact; of several methods take the one nearest to the float file's scores."""
        methods = TRIED if self.settings.calibration == AUTO else (self.settings.calibration,)
        plans = {method: replace(plan, ranges=ranges) for method, ranges in self._ranges(methods).items()}
        if len(plans) == 1:
            ((method, only),) = plans.items()
            self.write(file, only, method)
            return method, only
        clips = self.calibration[:: -(-len(self.calibration) // _CLIPS_TO_CHOOSE_BY)]
        wanted = load(baseline).run_batch(clips)
        errors, trials = {}, {method: file.with_name(f"{method}.{file.name}") for method in plans}
        for method, trial in trials.items():
            self.write(trial, plans[method], method)
            difference = load(trial).run_batch(clips) - wanted
            errors[method] = float(np.square(counted(difference, clips, self.card.ctc)).mean())
        best = min(errors, key=lambda method: errors[method])
        trials[best].replace(file)
        return best, plans[best]

    def _ranges(self, methods: Sequence[str]) -> dict[str, Ranges]:
        operators = self.made_by.operators(self._source)
        same = [[tensor for name in group for tensor in self._tensors(name, operators)] for group in self.floats.same]
        levels = 2 ** (scheme(self.scheme).activation_bits or 8)
        return find_ranges(self._source, lambda: self.floats.feeds(self.calibration), methods, levels, same)

    def _frontend_tensors(self, operators: Sequence[Operator]) -> tuple[str, ...]:
        """Name the tensors of a front end inside: 8 bits are too few for sound, and for the power of its bands."""
        if self.card.frontend is None or self.card.frontend.kind != "samples":
            return ()
        return (*self._tensors(FEATURES, operators), *self._tensors(NAME, operators))

    def _tensors(self, name: str, operators: Sequence[Operator]) -> tuple[str, ...]:
        """Name the tensors of an input, an output, or a layer."""
        ends, known = self.made_by.names(self._source), self.floats.layers or ()
        return (ends[name],) if name in ends else tuple(one.output for one in operators_of(name, operators, known))


def _distinct(layers: Iterable[tuple[str, tuple[Operator, ...]]]) -> list[tuple[str, tuple[str, ...]]]:
    """Give name and outputs of the layers that have operators of their own; of those that were fused, the first."""
    found: dict[tuple[str, ...], str] = {}
    for name, operators in layers:
        if operators:
            found.setdefault(tuple(operator.output for operator in operators), name)
    return [(name, outputs) for outputs, name in found.items()]
