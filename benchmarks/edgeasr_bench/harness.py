"""A bench run: find what the arguments mean, measure it, put the results beside each other."""

import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

from edgeasr_bench.candidates import find_candidates
from edgeasr_bench.comparison import compare
from edgeasr_bench.environment import read_environment
from edgeasr_bench.local import measure
from edgeasr_bench.record import Run
from edgeasr_bench.settings import Settings

__all__ = ["bench"]


def bench(
    arguments: Sequence[Path],
    settings: Settings | None = None,
    *,
    notify: Callable[[str], None] = lambda line: None,
    progress: Callable[[str, float], None] = lambda stage, done: None,
) -> Run:
    """Measure bundles and artefacts side by side; nothing is written to them.

    Args:
        arguments: bundles (the Keras original and all artefacts) and single artefacts.
        settings: how.
        notify: told a line at a time what is made, left out or doubtful.
        progress: called with the stage and the share of it that is done.

    Raises:
        EdgeASRError: an argument cannot be read or run, or does not fit the data set.

    Example:
        >>> run = bench([Path("digits")])  # doctest: +SKIP
        >>> print(run.to_json())  # doctest: +SKIP
    """
    notes: list[str] = []

    def note(line: str) -> None:
        notes.append(line)
        notify(line)

    environment = read_environment()
    with tempfile.TemporaryDirectory(prefix="edgeasr-bench.") as scratch:
        candidates = find_candidates(arguments, Path(scratch), note)
        measurements = measure(candidates, settings or Settings(), progress)
    samples = {one.artefact: one.inference.rounds for one in measurements}
    return Run(environment, compare(measurements), tuple(notes), samples)
