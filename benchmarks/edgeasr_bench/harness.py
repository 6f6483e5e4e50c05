"""A bench run: find what the arguments mean, measure it on each target, put the results beside each other."""

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path
from threading import Lock

from edgeasr.errors import EdgeASRError, TargetError
from edgeasr_bench.agent.conditions import changes
from edgeasr_bench.candidates import Candidate, find_candidates
from edgeasr_bench.comparison import compare
from edgeasr_bench.progress import Note, Progress
from edgeasr_bench.record import Run
from edgeasr_bench.settings import Settings
from edgeasr_bench.targets import find_target

__all__ = ["bench", "bench_all"]


def bench(
    arguments: Sequence[Path],
    settings: Settings | None = None,
    target: str = "local",
    *,
    runtime: str | None = None,
    notify: Note = lambda line: None,
    progress: Progress = lambda stage, done: None,
) -> Run:
    """Measure bundles and artefacts side by side; nothing is written to them.

    Args:
        arguments: bundles (the Keras original and all artefacts) and single artefacts.
        settings: how.
        target: where, an address such as "local", "ssh://pi@raspberrypi.local" or "emulated:pi4".
        runtime: key of `RUNTIMES` to run the files in; None for the one that belongs to each.
        notify: told a line at a time what is made, left out or doubtful.
        progress: called with the stage and the share of it that is done.

    Raises:
        ConfigError: there is no such target.
        TargetError: the target cannot be reached, lacks something or is lost.
        EdgeASRError: an argument cannot be read or run, or does not fit the data set.

    Example:
        >>> run = bench([Path("digits")])  # doctest: +SKIP
        >>> print(run.to_json())  # doctest: +SKIP
    """
    fleet = {target: settings or Settings()}
    ((_, found),) = bench_all(arguments, fleet, runtime=runtime, notify=notify, progress=progress)
    if isinstance(found, EdgeASRError):
        raise found
    return found


def bench_all(
    arguments: Sequence[Path],
    fleet: Mapping[str, Settings],
    *,
    runtime: str | None = None,
    notify: Note = lambda line: None,
    progress: Progress = lambda stage, done: None,
) -> Iterator[tuple[str, Run | EdgeASRError]]:
    """Measure on several targets, as `bench` does; one that fails does not lose the others.

    Those on this machine come one after the other, loopback included, then the devices, all at the same time; on one
    machine there is never more than one at a time, because they would disturb each other.

    Args:
        arguments: as of `bench`.
        fleet: how to measure on each target, by its address.
        runtime, notify, progress: as of `bench`.

    Yields:
        Each target with its run or, where it failed, the reason, in the order in which they are done.

    Raises:
        ConfigError: there is no such target.
        EdgeASRError: an argument cannot be read.
    """
    machines = {target: find_target(target).machine for target in fleet}
    here = [target for target in fleet if not machines[target]]
    devices = [target for target in fleet if machines[target]]
    locks = {machine: Lock() for machine in machines.values()}
    notes: list[str] = []

    def note(line: str) -> None:
        notes.append(line)
        notify(line)

    with tempfile.TemporaryDirectory(prefix="edgeasr-bench.") as scratch:
        candidates = find_candidates(arguments, Path(scratch), note, runtime)

        def measure(target: str) -> Run | EdgeASRError:
            with locks[machines[target]]:
                return _bench_one(target, candidates, fleet[target], notes, notify, progress, alone=len(fleet) == 1)

        if len(devices) == 1:  # no thread is needed, and Ctrl-C ends it at once
            here, devices = [*here, *devices], []
        for target in here:
            yield target, measure(target)
        with ThreadPoolExecutor(max(1, len(devices))) as pool:
            running = {pool.submit(measure, target): target for target in devices}
            for future in as_completed(running):
                yield running[future], future.result()


def _bench_one(
    target: str,
    candidates: Sequence[Candidate],
    settings: Settings,
    notes: Sequence[str],
    notify: Note,
    progress: Progress,
    alone: bool,
) -> Run | EdgeASRError:
    of_target: list[str] = []

    def note(line: str) -> None:
        of_target.append(line)
        notify(line if alone else f"{target}: {line}")

    def show(stage: str, done: float) -> None:
        progress(stage if alone else f"{target}: {stage}", done)

    try:
        measured = find_target(target).measure(candidates, settings, note, show)
    except TargetError as error:
        return TargetError(f"{target}: {error}")
    except EdgeASRError as error:
        return error
    if measured.before and measured.after:
        for line in changes(measured.before, measured.after):
            note(line)
    sweep = len(settings.threads) > 1
    return Run(
        environment=measured.environment,
        results=compare(measured.measurements),
        notes=(*notes, *of_target),
        samples_ns={
            f"{one.artefact}, {one.threads} threads" if sweep else one.artefact: one.inference.rounds
            for one in measured.measurements
            if one.inference
        },
        target=target,
        kind=measured.kind,
        bundles={one.bundle.path.resolve().name: one.bundle.sha256 for one in candidates if one.bundle},
        before=measured.before,
        after=measured.after,
        lost=measured.lost,
    )
