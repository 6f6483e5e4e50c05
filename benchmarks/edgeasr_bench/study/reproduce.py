"""Reproduce a study: train what is missing, look at the results, write the pages."""

from collections.abc import Callable, Sequence
from pathlib import Path

from edgeasr.atomic import write_text
from edgeasr.packages import check_installed
from edgeasr_bench.blocks import to_html, to_markdown
from edgeasr_bench.study.page import make_page
from edgeasr_bench.study.pictures import plot_against, plot_curves
from edgeasr_bench.study.record import Record, Result
from edgeasr_bench.study.run import collect, train_runs
from edgeasr_bench.study.showcase import make_showcase
from edgeasr_bench.study.spec import Measure, Section, Study

__all__ = ["reproduce", "write_pages"]


def reproduce(
    study: Study,
    out: Path,
    command: str,
    *,
    quick: bool = False,
    only: tuple[str, ...] = (),
    report: Callable[[str], None] = lambda line: None,
    progress: Callable[[float], None] = lambda done: None,
) -> Record:
    """Do a study: train the runs whose bundles are not in `out`, and write `index.html`, `README.md` and `study.json`.

    Args:
        study: as `load_study` gives it.
        out: the folder.
        command: the command line, for the page.
        quick: whether the study is the one that `--quick` does.
        only: names of the runs to train; the pages show all that are there, and those that diverged.
        report: called with a line about each step.
        progress: called within an epoch with the share of it that is done.

    Raises:
        BundleError, ConfigError, EdgeASRError: as `train_runs`.
        MissingPackageError: matplotlib is not installed.
    """
    check_installed("matplotlib", "train", "drawing the graphs of a study")  # now, not after hours of training
    train_runs(study, out, only, report, progress)
    report("drawing")
    results = collect(study, out)
    showcase, pictures = make_showcase(results, study.measure, out)
    record = Record(
        title=study.title,
        source=study.source,
        asked=study.asked,
        command=command,
        quick=quick,
        measure=study.measure,
        sections=study.sections,
        results=results,
        settings=study.settings,
        showcase=showcase,
        why=study.why,
        pictures={**_draw(study.sections, results, study.measure, out), **pictures},
    )
    write_pages(record, out)
    return record


def write_pages(record: Record, out: Path) -> None:
    """Write `index.html`, which needs no other file, `README.md` and `study.json`.

    Args:
        record: what to show.
        out: the folder; its pictures are there already.
    """
    page = make_page(record)
    write_text(out / "study.json", record.to_json() + "\n")
    write_text(out / "README.md", to_markdown(page))
    write_text(out / "index.html", to_html(page, out))


def _draw(sections: Sequence[Section], results: Sequence[Result], measure: Measure, out: Path) -> dict[str, str]:
    """Draw the graphs of each section that has something to show; give their files as `Record.pictures` has them."""
    pictures = {}
    for number, section in enumerate(sections):
        shown = [result for name in section.runs for result in results if result.name == name and result.trials]
        if not shown:
            continue
        pictures[f"curves-{number}"] = f"pictures/curves-{number}.png"
        plot_curves(shown, measure, out / pictures[f"curves-{number}"])
        if section.against:
            pictures[f"against-{number}"] = f"pictures/against-{number}.png"
            plot_against(shown, section.against, measure, out / pictures[f"against-{number}"])
    return pictures
