"""The settings of a bench run."""

from dataclasses import dataclass

from edgeasr.data.dataset import Split

__all__ = ["Settings"]


@dataclass(frozen=True)
class Settings:
    """How to bench.

    Attributes:
        data: data sets, `NAME` or `NAME:PATH` each; none for the verification samples of each bundle.
        split: of the data sets.
        leave_out: a speaker who makes the test split, as `edgeasr.data.load_datasets` takes it.
        labels: of the outputs of files that carry none; needed with `data` only.
        threads: for the inference.
        seconds: how long the inference of each artefact is timed. Each front end, and each artefact behind its
            front end, is timed as long again.
    """

    data: tuple[str, ...] = ()
    split: Split = "test"
    leave_out: str | None = None
    labels: tuple[str, ...] = ()
    threads: int = 1
    seconds: float = 2.0
