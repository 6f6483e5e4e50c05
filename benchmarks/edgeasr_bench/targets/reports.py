"""What the agent reports, collected."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgeasr.machine import Cpu, Machine
from edgeasr_bench.agent.conditions import Conditions
from edgeasr_bench.agent.wire import unpack
from edgeasr_bench.agent.work import DutyCycle, Layout, Timings
from edgeasr_bench.environment import Environment, environment_of
from edgeasr_bench.latency import MIN_ROUNDS, Throughput, Timing
from edgeasr_bench.profile import Operator

__all__ = ["Reports"]


class Reports:
    """The reports of one run of the agent, as its docstring lists them; it may have been lost on the way.

    Attributes:
        environment: of the device; None until it is known.
        models: `version` and `threads` of each model.
        scores: of all clips, by the number of the model.
        duty: by the number of the model.
        throughput: by the number of the model.
        operators: by the number of the model.
        before: conditions when the timing began; None if it has not ended.
        after: when it ended.
    """

    def __init__(self) -> None:
        self.environment: Environment | None = None
        self.models: Sequence[Mapping[str, Any]] = ()
        self.scores: dict[int, NDArray[np.float32]] = {}
        self.duty: dict[int, DutyCycle] = {}
        self.throughput: dict[int, Throughput] = {}
        self.operators: dict[int, tuple[Operator, ...]] = {}
        self.before: Conditions | None = None
        self.after: Conditions | None = None
        self._layout = Layout({}, {})
        self._rounds: list[list[NDArray[np.int64]]] = []
        self._settled: Sequence[bool] = ()

    @property
    def enough(self) -> bool:
        """Whether there are as many rounds as a result must have."""
        return len(self._rounds) >= MIN_ROUNDS

    def take(self, report: dict[str, Any]) -> None:
        """Take the next report."""
        if "machine" in report:
            machine = Machine(**{**report["machine"], "cpu": Cpu(**report["machine"]["cpu"])})
            self.environment = environment_of(machine, report["packages"])
        elif "models" in report:
            self.models = report["models"]
        elif "scores" in report:
            self.scores[report["scores"]] = unpack(report["array"])
        elif "layout" in report:
            keyed = {key: {int(model): place for model, place in of.items()} for key, of in report["layout"].items()}
            self._layout = Layout(**keyed)
        elif "rounds" in report:
            self._rounds += [[unpack(packed) for packed in one] for one in report["rounds"]]
        elif "settled" in report:
            self._settled = report["settled"]
            self.before, self.after = Conditions(**report["before"]), Conditions(**report["after"])
        elif "duty" in report:
            self.duty[report["duty"]] = DutyCycle(**report["found"])
        elif "operators" in report:
            self.operators[report["operators"]] = tuple(Operator(**one) for one in report["found"])
        elif "throughput" in report:
            found = report["found"]
            self.throughput[report["throughput"]] = Throughput(**{**found, "per_second": tuple(found["per_second"])})

    def timings(self, model: int) -> Timings:
        """Give the timings of a model, those that have come."""
        settled = self._settled or [True] * len(self._rounds[0])
        columns = zip(zip(*self._rounds, strict=True), settled, strict=True)
        return self._layout.of_model(model, [Timing(tuple(rounds), fine) for rounds, fine in columns])
