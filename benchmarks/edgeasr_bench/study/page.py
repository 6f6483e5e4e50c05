"""The page of a study, made of nothing but its record."""

from collections.abc import Iterator, Sequence
from typing import Any

from edgeasr_bench.blocks import Block, Bullets, Code, Heading, Picture, Table, Text
from edgeasr_bench.environment import facts
from edgeasr_bench.study.record import Provenance, Record, Result, Showcase
from edgeasr_bench.study.spec import Section
from edgeasr_bench.study.table import LEGEND, comparison, describe, order_by_loss

__all__ = ["make_page"]

_QUICK = "Made with `--quick`, on tiny data: it shows that every step works; no figure of ours means anything."


def make_page(record: Record) -> list[Block]:
    """Lay out a page: what was asked, the command, tables and graphs, the best run, why ours differs, where it ran."""
    blocks: list[Block] = [Heading(record.title, 1), Text(f"After {record.source}.")]
    blocks += [Text(_QUICK)] if record.quick else []
    blocks += [Heading("What was asked"), Text(record.asked), Heading("How it was done again"), Code(record.command)]
    blocks.append(Text(f"All runs: {describe(record.settings)}; what differs is in the tables."))
    for number, section in enumerate(record.sections):
        blocks += _section(record, number, section)
    blocks.append(Text(LEGEND))
    if record.showcase:
        blocks += _showcase(record, record.showcase)
    reasons = [*record.why, *(f"`{result.name}`: {result.why}" for result in record.results if result.why)]
    if reasons and not record.quick:
        blocks += [Heading("Why our figures differ"), Bullets(reasons)]
    return [*blocks, *_environment(record.results)]


def _section(record: Record, number: int, section: Section) -> Iterator[Block]:
    results = record.of_section(section)
    yield Heading(section.title)
    if section.text:
        yield Text(section.text)
    yield comparison(results, record.measure)
    if order := order_by_loss(results):
        yield Text(order)
    setting = section.against.replace("_", " ")
    yield from _picture(
        record, f"against-{number}", f"Over {setting}: ours solid, with the range of the seeds; the document's dashed."
    )
    yield from _picture(
        record,
        f"curves-{number}",
        "Epoch by epoch; of several seeds the one in the middle is strong, the others are faint.",
    )


def _showcase(record: Record, showcase: Showcase) -> Iterator[Block]:
    yield Heading(f"The best run: {showcase.run}")
    yield Text(f"Its seed in the middle, {showcase.seed}, on the test split.")
    if showcase.evaluation:
        yield from _picture(record, "confusion", "What was said, and what was recognised.")
        heads = ("label", "precision", "recall", "F1", "clips")
        yield Table(heads, [_report(label, report) for label, report in showcase.evaluation["per_class"].items()])
    if showcase.transcripts:
        yield Table(("said", "recognised"), showcase.transcripts)
    if showcase.clip:
        yield Heading("One clip")
        yield from _picture(record, "clip", f"A clip of the test split: {showcase.clip}.")
    if showcase.layers_of:
        caption = (
            f"What the convolutions of `{showcase.layers_of}` show for a clip: some channels of each, in their order."
        )
        yield from _picture(record, "layers", caption)


def _report(label: str, report: dict[str, Any]) -> tuple[str, ...]:
    shares = (f"{report['precision']:.1%}", f"{report['recall']:.1%}", f"{report['f1']:.3f}")
    return label, *shares, str(report["support"])


def _picture(record: Record, key: str, caption: str) -> Iterator[Picture]:
    if key in record.pictures:
        yield Picture(record.pictures[key], caption)


def _environment(results: Sequence[Result]) -> Iterator[Block]:
    """Say what the trainings ran on: what is the same for all of them once."""
    found = [trial.provenance for result in results for trial in result.trials if trial.provenance]
    if not found:
        return
    told = [_facts(provenance) for provenance in found]
    yield Heading("Environment")
    yield Table(("", ""), [(key, "; ".join(dict.fromkeys(one[key] for one in told))) for key in told[0]])


def _facts(provenance: Provenance) -> dict[str, str]:
    """Give what a training ran on as texts, without what is another thing each time."""
    told = {"device": provenance.device, **facts(provenance.environment)}
    del told["time utc"], told["load average"]
    return told
