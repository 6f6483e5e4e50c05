"""The report of bench runs, laid out: in words, figures and drawings, run by run."""

from collections.abc import Iterator, Sequence
from dataclasses import fields

from edgeasr_bench.agent.conditions import Conditions
from edgeasr_bench.blocks import Block, Bullets, Code, Drawings, Heading, Table, Text
from edgeasr_bench.environment import facts
from edgeasr_bench.latency import WINDOWS
from edgeasr_bench.record import Confusion, Result, Run
from edgeasr_bench.report.plots import (
    plot_confusion,
    plot_distributions,
    plot_operators,
    plot_pareto,
    plot_threads,
)
from edgeasr_bench.report.score import score_of
from edgeasr_bench.report.summary import summarise
from edgeasr_bench.report.tables import (
    DUTY_CYCLE,
    SPEED,
    THROUGHPUT,
    Column,
    cost_of,
    count_threads,
    filled,
    rows,
    short_name,
)

__all__ = ["make_page"]

_NAMES: Sequence[Column] = (
    ("artefact", lambda result: f"`{result.artefact}`"),
    ("threads", lambda result: str(result.threads)),
)
_SPEED: Sequence[Column] = (*_NAMES, *SPEED, ("runtime", lambda result: result.runtime_version))
_MCNEMAR: Column = ("McNemar p", lambda result: "-" if result.mcnemar_p is None else f"{result.mcnemar_p:.2g}")
_MEASURED_LEGEND = """\
Times are of single calls in microseconds; all artefacts took turns in one process, on the same inputs. `call us` is
the median of the runtime's own call alone, as its makers' tools time it; the rest of `p50 us` is the way from features
to its input and from its output to scores. `audio us` is the median from a clip of audio to the scores. `x float` is
the time of the float32 artefact of the same model in the same runtime divided by the time of this one (above 1 is
faster), with the 95 % interval of its median over the rounds. `peak MB` is the resident memory of a process that holds
this artefact and its runtime only, `load ms` the time it took to get ready."""
_ANSWERS_LEGEND = """\
`agree` (percent of the clips) and McNemar's exact test compare with the float original on the same clips; in brackets
are 95 % intervals."""
_NOT_MEASURED = {
    "emulated": "Emulated: times say nothing of the device, and are left out.",
    "estimated": "Estimated by a compiler, not measured: nothing ran, and nothing here is ranked.",
}
_PARETO = "The further left the faster, the higher the better; area: size of the file; line, bold: what no other beats."
_EVERYWHERE = (
    "Is it as good on every target? The answers of each artefact, in percent of the clips, or its word errors:"
)
_OPERATORS = "Where the time goes, by kind of operator; taking these times makes the whole longer:"
_CONFUSIONS = "What was taken for what; a row is what was said, a column what was recognised:"
_DISTRIBUTIONS = "Every call that was timed, on one axis for all."


def make_page(runs: Sequence[Run]) -> list[Block]:
    """Lay out a report.

    Times are only ever put side by side where artefacts took turns in one run, with as many threads, on the target.

    Args:
        runs: at least one; each gets a section.
    """
    bundles = dict.fromkeys(name for run in runs for name in run.bundles)
    blocks: list[Block] = [Heading(f"Benchmark: {', '.join(bundles)}" if bundles else "Benchmark", 1)]
    blocks += _answers_everywhere([run for run in runs if any(map(score_of, run.results))])
    for run in runs:
        blocks += _section(run, len(runs) > 1)
    blocks.append(Heading("How to read the tables"))
    blocks += [Text(_MEASURED_LEGEND)] if any(run.kind == "measured" for run in runs) else []
    blocks.append(Text(_ANSWERS_LEGEND))
    blocks += [Heading("Device and environment"), _environments(runs)]
    commands = dict.fromkeys(run.command for run in runs if run.command)
    return [*blocks, Heading("Commands"), Code("\n".join(commands))] if commands else blocks


def _answers_everywhere(runs: Sequence[Run]) -> Iterator[Block]:
    """Tabulate how good the answers of each artefact are on each target; nothing where there is one target only."""
    if len(runs) < 2:
        return
    names = dict.fromkeys(result.artefact for run in runs for result in run.results if score_of(result))
    yield Text(_EVERYWHERE)
    # Without their intervals, which stand in the sections: a column for each target has to fit.
    scores = [{one.artefact: str(score_of(one) or "-").partition(" (")[0] for one in run.results[::-1]} for run in runs]
    targets = [run.target for run in runs]
    whens = ["" if targets.count(run.target) == 1 else f", {run.environment.time_utc}" for run in runs]
    yield Table(
        ("artefact", *(f"{target}{when}" for target, when in zip(targets, whens, strict=True))),
        [(f"`{name}`", *(column.get(name, "-") for column in scores)) for name in names],
    )


def _run_title(run: Run) -> str:
    """Name a run: where and when it was."""
    environment = run.environment
    kind = "" if run.kind == "measured" else f" ({run.kind})"
    return f"{run.target}{kind}, {environment.cpu or environment.machine}, {environment.time_utc}"


def _section(run: Run, among_others: bool) -> Iterator[Block]:
    if among_others:
        yield Heading(_run_title(run))
    if summary := summarise(run):
        yield Bullets(summary)
    timed = [result for result in run.results if result.latency_us]
    if run.kind != "measured":
        yield Text(_NOT_MEASURED[run.kind])
    elif timed:
        yield from _drawings_of_times(timed, among_others)
        yield _table(_SPEED, timed)
    yield _table([*_NAMES, *cost_of(run), _MCNEMAR], run.results)
    yield from _duty_cycles(run)
    yield from _throughputs(run)
    notes = [*(f"{result.artefact}: {note}" for result in run.results for note in result.notes), *run.notes]
    if notes:
        yield Bullets(notes)
    if profiled := [result for result in run.results if result.operators]:
        titles = [f"{short_name(result.artefact)}, {count_threads(result.threads)}" for result in profiled]
        yield Drawings(
            [(plot_operators(result), title) for result, title in zip(profiled, titles, strict=True)], _OPERATORS
        )
    if confusions := _confusions(run.results):
        yield Drawings([(plot_confusion(matrix, names), names) for names, matrix in confusions], _CONFUSIONS)


def _table(columns: Sequence[Column], results: Sequence[Result]) -> Table:
    """Make a table of the columns that say anything of these results."""
    kept = filled(columns, results)
    return Table([head for head, _ in kept], rows(kept, results))


def _drawings_of_times(results: Sequence[Result], among_others: bool) -> Iterator[Block]:
    """Draw what took turns, once for each number of threads; the Keras original's eager call is a class of its own."""
    exported = [result for result in results if result.runtime != "keras"]
    originals = [score for one in results if one.runtime == "keras" and (score := score_of(one))]
    counts = sorted({result.threads for result in exported})
    for threads in counts:
        ranked = [result for result in exported if result.threads == threads]
        suffix = f" {count_threads(threads).capitalize()}." if len(counts) > 1 or among_others else ""
        scored = [(result, score) for result in ranked if (score := score_of(result))]
        drawings = [
            (plot_pareto([one for one in scored if one[1].name == name], originals), _PARETO + suffix)
            for name in dict.fromkeys(score.name for _, score in scored)  # word errors and accuracies apart
        ]
        yield Drawings([*drawings, (plot_distributions(ranked), _DISTRIBUTIONS + suffix)])
    if series := _sweep(exported):
        yield Drawings([(plot_threads(series), "What more threads bring.")])


def _duty_cycles(run: Run) -> Iterator[Block]:
    listened = [result for result in run.results if result.duty_cycle and run.kind == "measured"]
    if listened:
        yield Text("Listening in real time, one inference a hop:")
        yield _table((*_NAMES, *DUTY_CYCLE), listened)


def _throughputs(run: Run) -> Iterator[Block]:
    counted = [result for result in run.results if result.throughput and run.kind == "measured"]
    if counted:
        columns = (*_NAMES, *THROUGHPUT)
        yield Text(f"Counted in {WINDOWS} windows, as MLPerf Tiny does; the median, the least and the most:")
        yield Table([head for head, _ in columns], rows(columns, counted))


def _confusions(results: Sequence[Result]) -> list[tuple[str, Confusion]]:
    """Give the confusion matrices, each with the names of all artefacts that it is of."""
    names: dict[Confusion, list[str]] = {}
    for result in results:
        if result.confusion:
            names.setdefault(result.confusion, []).append(short_name(result.artefact))
    return [(", ".join(dict.fromkeys(same)), confusion) for confusion, same in names.items()]


def _sweep(results: Sequence[Result]) -> list[list[Result]]:
    """Give the results of each artefact that ran with several numbers of threads, the fewest first."""
    by_name: dict[str, list[Result]] = {}
    for result in sorted(results, key=lambda one: one.threads):
        by_name.setdefault(result.artefact, []).append(result)
    return [by_name[name] for name in dict.fromkeys(one.artefact for one in results) if len(by_name[name]) > 1]


def _environments(runs: Sequence[Run]) -> Table:
    columns = [{"target": run.target, "times": run.kind, **facts(run.environment), **_while_timed(run)} for run in runs]
    keys = dict.fromkeys(key for column in columns for key in column)
    return Table(
        ("", *map(_run_title, runs)), [(key, *(column.get(key, "not known") for column in columns)) for key in keys]
    )


def _while_timed(run: Run) -> dict[str, str]:
    """Write the state of the machine before and after the timing, as far as it is known."""
    if run.before is None or run.after is None:
        return {}
    pairs = {item.name: (getattr(run.before, item.name), getattr(run.after, item.name)) for item in fields(Conditions)}
    return {
        f"{name.replace('_', ' ')}, before and after": f"{before} and {after}"
        for name, (before, after) in pairs.items()
        if before is not None or after is not None
    }
