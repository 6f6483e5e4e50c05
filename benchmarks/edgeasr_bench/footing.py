"""The footing of a run: where it differs, times are not put side by side."""

from dataclasses import dataclass

from edgeasr_bench.record import Kind, Run

__all__ = ["Footing", "footing"]


@dataclass(frozen=True)
class Footing:
    """What has to be the same in two runs for their times to be compared; the same threads and runtime come on top.

    Attributes:
        target: where it ran.
        kind: measured, emulated or estimated.
        cpu: its model, or its architecture where that is not known.
        cores: that the process might use.
        governor: of the clock frequency; None where the system does not say.
    """

    target: str
    kind: Kind
    cpu: str
    cores: int
    governor: str | None

    def __str__(self) -> str:
        cores = "1 core" if self.cores == 1 else f"{self.cores} cores"
        governor = f", governor {self.governor}" if self.governor else ""
        return f"{self.target}, {self.kind}, {self.cpu}, {cores}{governor}"


def footing(run: Run) -> Footing:
    """Say on what footing a run stands."""
    here = run.environment
    return Footing(run.target, run.kind, here.cpu or here.machine, here.cores, here.governor)
