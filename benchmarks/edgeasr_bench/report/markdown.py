"""A bench run as a Markdown document."""

from collections.abc import Sequence

from edgeasr_bench.blocks import Block, Bullets, Code, Heading, Table, Text, to_markdown
from edgeasr_bench.environment import facts
from edgeasr_bench.record import Run
from edgeasr_bench.report.summary import summarise
from edgeasr_bench.report.tables import COST, SPEED, Column, rows

__all__ = ["markdown"]

_COLUMNS: Sequence[Column] = (
    ("artefact", lambda result: f"`{result.artefact}`"),
    ("runtime", lambda result: result.runtime_version),
    ("threads", lambda result: str(result.threads)),
    *SPEED,
    *COST,
    ("McNemar p", lambda result: "-" if result.mcnemar_p is None else f"{result.mcnemar_p:.2g}"),
)

_LEGEND = """\
Times are of single calls in microseconds; all artefacts took turns in one process, on the same inputs.
`audio us` is the median from a clip of audio to the scores. `x float` is the time of the float32
artefact of the same model in the same runtime divided by the time of this one (above 1 is faster), with
the 95 % interval of its median over the rounds. `agree` (percent of the clips) and McNemar's exact test
compare with the float original on the same clips. `peak MB` is the resident memory of a process that
holds this artefact and its runtime only, `load ms` the time it took to get ready."""


def markdown(run: Run, command: str) -> str:
    """Write a report: summary, results, environment.

    Args:
        run: the run.
        command: the command line that made it.
    """
    summary = summarise(run)
    notes = [*(f"{result.artefact}: {note}" for result in run.results for note in result.notes), *run.notes]
    blocks: list[Block] = [Heading("Benchmark", 1)]
    blocks += [Bullets(summary)] if summary else []
    blocks += [Table([head for head, _ in _COLUMNS], rows(_COLUMNS, run.results)), Text(_LEGEND)]
    blocks += [Bullets(notes)] if notes else []
    blocks += [Heading("Environment"), Table(("", ""), list(facts(run.environment).items()))]
    return to_markdown([*blocks, Heading("Command"), Code(command)])
