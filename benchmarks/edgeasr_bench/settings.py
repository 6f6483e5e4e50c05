"""The settings of a bench run."""

from dataclasses import dataclass

from edgeasr.data.dataset import Split
from edgeasr.errors import ConfigError

__all__ = ["Settings"]


@dataclass(frozen=True)
class Settings:
    """How to bench.

    Attributes:
        data: data sets, `NAME` or `NAME:PATH` each; none for the verification samples of each bundle.
        split: of the data sets.
        leave_out: a speaker who makes the test split, as `edgeasr.data.load_datasets` takes it.
        labels: of the outputs of files that carry none; needed with `data` only.
        threads: for the inference; everything is measured with each of these numbers.
        seconds: how long the inference of each artefact is timed. Each front end, and each artefact behind its
            front end, is timed as long again.
        cpus: numbers of the cores to run on; none for all.
        duty_cycle_ms: the hop with which models listen in real time; None for not at all.
        window_s: length of the windows in which inferences are counted; None for not at all.
        bootstrap: give a device that lacks the runtimes an environment of its own.
        clean: remove from a device all that was put there.
    """

    data: tuple[str, ...] = ()
    split: Split = "test"
    leave_out: str | None = None
    labels: tuple[str, ...] = ()
    threads: tuple[int, ...] = (1,)
    seconds: float = 2.0
    cpus: tuple[int, ...] = ()
    duty_cycle_ms: float | None = None
    window_s: float | None = None
    bootstrap: bool = False
    clean: bool = False

    def __post_init__(self) -> None:
        if not self.threads or min(self.threads) < 1 or len(set(self.threads)) < len(self.threads):
            numbers = ",".join(map(str, self.threads))
            raise ConfigError(
                f"threads: expected different whole numbers from 1, such as 1,2,4, got {numbers or 'none'}"
            )
