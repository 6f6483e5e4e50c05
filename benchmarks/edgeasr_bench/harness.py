"""A bench run: find what the arguments mean, measure it on each target, put the results beside each other."""

import tempfile
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

from edgeasr.errors import ConfigError, EdgeASRError, TargetError
from edgeasr_bench.agent.conditions import changes
from edgeasr_bench.candidates import Candidate, find_candidates
from edgeasr_bench.comparison import compare
from edgeasr_bench.record import Run
from edgeasr_bench.settings import Settings
from edgeasr_bench.targets import find_target

__all__ = ["bench", "bench_all"]

Notify = Callable[[str], None]
Progress = Callable[[str, float], None]


def bench(
    arguments: Sequence[Path],
    settings: Settings | None = None,
    target: str = "local",
    *,
    notify: Notify = lambda line: None,
    progress: Progress = lambda stage, done: None,
) -> Run:
    """Measure bundles and artefacts side by side; nothing is written to them.

    Args:
        arguments: bundles (the Keras original and all artefacts) and single artefacts.
        settings: how.
        target: where, an address such as "local", "ssh://pi@raspberrypi.local" or "emulated:pi4".
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
    ((_, found),) = bench_all(arguments, settings, [target], notify=notify, progress=progress)
    if isinstance(found, EdgeASRError):
        raise found
    return found


def bench_all(
    arguments: Sequence[Path],
    settings: Settings | None = None,
    targets: Sequence[str] = ("local",),
    *,
    notify: Notify = lambda line: None,
    progress: Progress = lambda stage, done: None,
) -> Iterator[tuple[str, Run | EdgeASRError]]:
    """Measure on several targets, as `bench` does; one that fails does not lose the others.

    Those that need this machine's processor come one after the other, then the devices, all at the same time.

    Yields:
        Each target with its run or, where it failed, the reason, in the order in which they are done.

    Raises:
        ConfigError: there is no such target, or one was named twice.
        EdgeASRError: an argument cannot be read.
    """
    settings = settings or Settings()
    if len(set(targets)) < len(targets):
        raise ConfigError(f"expected each target once, got {', '.join(targets)}")
    here = [target for target in targets if find_target(target).on_this_machine]
    devices = [target for target in targets if target not in here]
    notes: list[str] = []

    def note(line: str) -> None:
        notes.append(line)
        notify(line)

    with tempfile.TemporaryDirectory(prefix="edgeasr-bench.") as scratch:
        candidates = find_candidates(arguments, Path(scratch), note)

        def measure(target: str) -> Run | EdgeASRError:
            return _bench_one(target, candidates, settings, notes, notify, progress, alone=len(targets) == 1)

        if len(devices) == 1:  # no thread is needed, and Ctrl-C ends it at once
            here, devices = [*here, *devices], []
        for target in here:
            yield target, measure(target)
        with ThreadPoolExecutor(max(1, len(devices))) as pool:
            running: dict[str, Future[Run | EdgeASRError]] = {one: pool.submit(measure, one) for one in devices}
            for target, future in running.items():
                yield target, future.result()


def _bench_one(
    target: str,
    candidates: Sequence[Candidate],
    settings: Settings,
    notes: Sequence[str],
    notify: Notify,
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
        },
        target=target,
        kind=measured.kind,
        bundles={one.bundle.path.resolve().name: one.bundle.sha256 for one in candidates if one.bundle},
        before=measured.before,
        after=measured.after,
    )
