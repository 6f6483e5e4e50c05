"""The pages of a study: what they say, made of a `study.json` written by hand."""

from collections.abc import Callable
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest

from edgeasr_bench.blocks import Bullets, Code, Heading, Picture, Table, Text, to_html, to_markdown
from edgeasr_bench.environment import read_environment
from edgeasr_bench.study import write_pages
from edgeasr_bench.study.page import make_page
from edgeasr_bench.study.record import Failure, Provenance, Record

VOID = {"meta", "img", "br"}


class Checker(HTMLParser):
    """Reads HTML: every tag that is opened is closed, nothing is fetched from elsewhere."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.sources: list[str] = []
        self.text = ""
        self.feed(text)
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in VOID:
            self.open.append(tag)
        self.sources += [value or "" for key, value in attrs if key in ("src", "href")]

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


def cells(markdown: str, run: str) -> dict[str, str]:
    """Give the first row of a run as a mapping from the heads."""
    lines = [line.strip("| ").split(" | ") for line in markdown.splitlines() if line.startswith("|")]
    place = next(index for index, line in enumerate(lines) if line[0] == f"`{run}`")
    heads = next(line for line in reversed(lines[:place]) if line[0] == "run")
    return dict(zip(heads, lines[place], strict=True))


def test_markdown_compares_the_document_with_ours(record: Callable[..., Record]) -> None:
    text = to_markdown(make_page(record()))
    row = cells(text, "a-2")
    assert row["accuracy, document"] == "90.00 %"
    assert row["accuracy, here"] == "92.00 % (90.00 to 97.00)"
    assert row["95 % interval"] == "87.0 to 96.0"  # of the seed in the middle
    assert (row["seconds, document"], row["seconds, here"]) == ("100", "7 (6 to 8)")
    assert (row["epochs"], row["settings"]) == ("2 (1)", "epochs 2")
    assert "edgeasr reproduce x" in text
    assert "- Other data." in text
    assert "- `a-2`: Another loss." in text
    assert "batch_size 16" in text  # of all runs


def test_columns_that_say_nothing_are_left_out(record: Callable[..., Record]) -> None:
    row = cells(to_markdown(make_page(record())), "a-2")
    assert not {"parameters, document", "validation loss, document", "dev loss, here"} & set(row)
    assert "the document also says" in row


def test_run_that_was_not_trained_is_a_row(record: Callable[..., Record]) -> None:
    made = record()
    made = replace(made, results=(replace(made.results[0], trials=()), *made.results[1:]))
    row = cells(to_markdown(make_page(made)), "a-2")
    assert (row["accuracy, here"], row["95 % interval"], row["seconds, document"]) == ("not trained", "-", "100")


def test_run_that_diverged_is_a_row(record: Callable[..., Record]) -> None:
    made = record()
    assert "diverged" not in cells(to_markdown(make_page(made)), "a-2")
    failures = (Failure(0, "loss is nan after epoch 7"), Failure(2, "loss is inf after epoch 1"))
    first = replace(made.results[0], trials=(), failures=failures)
    row = cells(to_markdown(make_page(replace(made, results=(first, *made.results[1:])))), "a-2")
    assert row["accuracy, here"] == "diverged"
    assert row["diverged"] == "seed 0: loss is nan after epoch 7; seed 2: loss is inf after epoch 1"


def test_one_seed_has_no_range(record: Callable[..., Record]) -> None:
    made = record()
    made = replace(made, results=tuple(replace(result, trials=result.trials[:1]) for result in made.results))
    assert cells(to_markdown(make_page(made)), "b")["accuracy, here"] == "90.00 %"


def test_losses_are_put_in_order(record: Callable[..., Record]) -> None:
    made = record(measure="WER")
    losses = {"a-2": (100.0, 3.0), "a-4": (120.0, 1.0), "b": (90.0, 2.0)}
    results = tuple(
        replace(
            result,
            paper=replace(result.paper, dev_loss=losses[result.name][0]),
            trials=tuple(replace(trial, dev_loss=losses[result.name][1]) for trial in result.trials),
        )
        for result in made.results
    )
    made = replace(made, results=results, sections=(replace(made.sections[0], runs=("a-2", "a-4", "b")),))
    text = to_markdown(make_page(made))
    assert "Document: `b`, `a-2`, `a-4`. Here: `a-4`, `b`, `a-2`." in text
    assert cells(text, "a-2")["dev loss, here"] == "3.000 (3.000 to 3.000)"


def test_quick_page_says_that_it_means_nothing(record: Callable[..., Record]) -> None:
    assert "--quick" not in to_markdown(make_page(record()))
    assert "no figure of ours means anything" in to_markdown(make_page(record(quick=True)))


def test_page_shows_the_report_of_the_best_run(record: Callable[..., Record]) -> None:
    report = {"precision": 0.5, "recall": 1.0, "f1": 2 / 3, "support": 12}
    showcase = {"run": "b", "seed": 1, "evaluation": {"per_class": {"yes": report}}, "clip": "“yes” (x.wav)"}
    text = to_markdown(make_page(record(showcase=showcase, pictures={"clip": "pictures/clip.png"})))
    assert "## The best run: b" in text
    assert "| yes | 50.0% | 100.0% | 0.667 | 12 |" in text
    assert "![A clip of the test split: “yes” (x.wav).](pictures/clip.png)" in text


def test_page_shows_transcripts(record: Callable[..., Record]) -> None:
    showcase = {"run": "b", "seed": 1, "transcripts": [["a latte | please", "a lattay"]]}
    assert "| a latte / please | a lattay |" in to_markdown(make_page(record(showcase=showcase, measure="WER")))


def test_environment_is_told_once_where_it_is_the_same(record: Callable[..., Record]) -> None:
    made = record()
    here = Provenance(5, "CPU", replace(read_environment(), cpu="One", load_average=1.0))
    there = replace(here, device="A GPU", environment=replace(here.environment, load_average=2.0))
    trials = tuple(
        replace(trial, provenance=provenance)
        for trial, provenance in zip(made.results[0].trials, (here, there, here), strict=True)
    )
    text = to_markdown(make_page(replace(made, results=(replace(made.results[0], trials=trials), *made.results[1:]))))
    assert "| device | CPU; A GPU |" in text
    assert "| cpu | One |" in text
    assert "load" not in text.split("## Environment")[1]
    assert cells(text, "a-2")["parameters, here"] == "5"


def test_html_is_one_file_that_holds_its_pictures(record: Callable[..., Record], tmp_path: Path) -> None:
    (tmp_path / "pictures").mkdir()
    (tmp_path / "pictures/curves-0.png").write_bytes(b"\x89PNG a picture")
    write_pages(record(pictures={"curves-0": "pictures/curves-0.png"}), tmp_path)
    page = Checker((tmp_path / "index.html").read_text())
    (source,) = page.sources
    assert source.startswith("data:image/png;base64,iVBORyBhIHBpY3R1cmU=")
    assert "Two models & <their> epochs" in page.text
    assert "92.00 % (90.00 to 97.00)" in page.text
    assert "viewport" in (tmp_path / "index.html").read_text()  # or a phone would show it as a desktop does
    assert sorted(path.name for path in tmp_path.iterdir()) == ["README.md", "index.html", "pictures", "study.json"]


@pytest.mark.parametrize(
    ("block", "markdown", "html"),
    [
        (Heading("A < B"), "## A < B", "<h2>A &lt; B</h2>"),
        (Text("take `a < b`"), "take `a < b`", "<p>take <code>a &lt; b</code></p>"),
        (Bullets(["one", "two"]), "- one\n- two", "<ul><li>one</li><li>two</li></ul>"),
        (Code("ls > x"), "```sh\nls > x\n```", "<pre>ls &gt; x</pre>"),
        (Table(["a"], [["<b>"]]), "| a |\n| --- |\n| <b> |", "<td>&lt;b&gt;</td>"),
        (Picture("x.png", 'the "x"'), '![the "x"](x.png)', 'alt="the &quot;x&quot;"'),
    ],
    ids=lambda value: type(value).__name__,
)
def test_block_is_written_both_ways(block, markdown: str, html: str, tmp_path: Path) -> None:
    (tmp_path / "x.png").write_bytes(b"")
    assert to_markdown([block]) == markdown + "\n"
    text = to_html([block], tmp_path)
    assert html in text
    Checker(text)
