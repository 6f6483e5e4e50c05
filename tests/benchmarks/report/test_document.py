"""A report as a file: Markdown, a table for a spreadsheet, a page without anything from elsewhere."""

import csv
import re
from dataclasses import replace
from html.parser import HTMLParser

import pytest

from edgeasr.errors import ConfigError, DataError
from edgeasr_bench.agent.conditions import Conditions
from edgeasr_bench.agent.work import DutyCycle
from edgeasr_bench.profile import Operator
from edgeasr_bench.record import Estimate, Image
from edgeasr_bench.report import write_report

VOID = {"meta"}


class Page(HTMLParser):
    """Reads a page: counts its elements, and checks that each is closed."""

    def __init__(self, text):
        super().__init__()
        self.open, self.elements, self.text = [], [], ""
        self.feed(text)
        assert self.open == []

    def handle_starttag(self, tag, attributes):
        self.elements.append((tag, dict(attributes)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text += data

    def count(self, tag, class_=""):
        named = (attributes.get("class", "").split() for one, attributes in self.elements if one == tag)
        return sum(not class_ or class_ in names for names in named)


@pytest.fixture
def write(tmp_path):
    """Give a function that writes the report of runs and gives its text."""

    def report(ending, *runs):
        write_report(tmp_path / f"report{ending}", runs)
        return (tmp_path / f"report{ending}").read_text()

    return report


def test_markdown_has_summary_tables_environment_and_command(result, quantised, make_run, write):
    text = write(".md", make_run(result, quantised(notes=("mind this",)), command="edgeasr bench digits"))
    assert "- int8 TFLite is 1.72x faster" in text
    assert "- ds-cnn.int8.tflite: mind this" in text
    assert "- a note on the run" in text
    assert "| cpu | A CPU / with a bar |" in text
    assert "| git sha | not known |" in text
    assert "```sh\nedgeasr bench digits\n```" in text
    assert (
        "| `ds-cnn.int8.tflite` | 1 | 59.0 | 120.0 | 54.0 | 150.0 | 1.72 (1.60-1.80) | ai-edge-litert 2.3.0 |" in text
    )
    assert "| `ds-cnn.int8.tflite` | 1 | 98.7 (97.7-99.3) | 100.0 | 27.0 | 60 | 120 | 0.5 |" in text
    assert "svg" not in text
    assert "What was taken for what" not in text  # which only the page draws


def test_page_draws_every_artefact_and_needs_nothing_from_elsewhere(result, quantised, make_run, write):
    text = write(".html", make_run(result, quantised(), bundles={"digits": "12"}))
    page = Page(text)
    assert page.count("h1") == 1
    assert "Benchmark: digits" in page.text
    assert (page.count("circle", "point"), page.count("path", "hill"), page.count("rect", "frame")) == (4, 2, 2)
    assert {"src", "href", "onload"}.isdisjoint({key for _, attributes in page.elements for key in attributes})
    assert not page.count("script")
    assert not re.search(r"url\(|@import|https?:", text)
    assert len(text) < 2_000_000


def test_page_leaves_the_keras_original_out_of_the_ranking(result, quantised, make_run, write):
    keras = replace(result, artefact="model.keras", runtime="keras")
    page = Page(write(".html", make_run(keras, result, quantised())))
    assert page.count("path", "hill") == 2
    assert page.count("line", "reference") == 1


def test_page_ranks_each_number_of_threads_by_itself(result, quantised, make_run, write):
    more = [replace(one, threads=2) for one in (result, quantised())]
    text = write(".html", make_run(result, quantised(), *more))
    assert text.count("Accuracy against latency") == 2
    assert text.count("on one axis for all. 2 threads.") == 1
    assert text.count("Median latency over the number of threads") == 1
    assert Page(text).count("polyline", "line") == 2


def test_page_puts_no_threads_of_two_runs_side_by_side(result, make_run, write):
    two = replace(result, threads=2)
    assert "over the number of threads" not in write(".html", make_run(result), make_run(two))
    assert "over the number of threads" in write(".html", make_run(result, two))


@pytest.mark.parametrize("kind", ["emulated", "estimated"])
@pytest.mark.parametrize("ending", [".html", ".md"])
def test_page_shows_no_time_that_was_not_measured(result, quantised, make_run, write, kind, ending):
    counted = quantised(instructions=1_234_567, duty_cycle=DutyCycle(10.0, 1.0, 12.5, 0.125, 0))
    text = write(ending, make_run(result, counted, kind=kind, target="emulated:pi4"))
    assert kind.capitalize() in text
    assert "1,234,567" in text
    assert "98.7 (97.7-99.3)" in text
    for time in ("59.0", "80.0", "1.72", "p50 us", "peak MB", "load ms", "12.50", "x faster"):
        assert time not in text


def test_page_has_profile_duty_cycle_and_what_changed_meanwhile(result, make_run, write):
    profiled = replace(
        result,
        operators=tuple(Operator(f"Op{number}", 2, 30.0 - number) for number in range(12)),
        duty_cycle=DutyCycle(10.0, 1.0, 12.5, 0.125, 3),
    )
    before, after = Conditions(41.5, 1500.0, "ondemand", None), Conditions(55.0, 1500.0, "ondemand", None)
    text = write(".html", make_run(profiled, before=before, after=after))
    page = Page(text)
    assert page.count("rect", "bar") == 11  # the tenth is followed by all others together
    assert "others × 4" in page.text
    assert "41.5 and 55.0" in page.text
    assert '<td class="number">12.50</td><td class="number">0.1250</td><td class="number">3</td>' in text


def test_page_of_several_runs_has_a_section_and_a_column_for_each(result, quantised, make_run, write):
    text = write(".html", make_run(result, quantised()), make_run(result, target="ssh://pi"))
    assert text.count("<h2>local, ") == text.count("<h2>ssh://pi, ") == 1
    assert text.count("<th>local, ") == text.count("<th>ssh://pi, ") == 1


def test_page_of_several_targets_puts_answers_side_by_side_and_times_nowhere(result, quantised, make_run, write):
    here = make_run(result, quantised())
    there = make_run(quantised(ratio_to_float=None), kind="emulated", target="emulated:pi4")
    page = write(".md", here, there)
    assert "| artefact | local | emulated:pi4 |" in page
    assert "| `ds-cnn.float32.tflite` | 99.0 | - |" in page
    assert "| `ds-cnn.int8.tflite` | 98.7 | 98.7 |" in page
    assert "as good on every target" not in write(".md", here)
    when = here.environment.time_utc
    assert f"| artefact | local, {when} | local, {when} |" in write(".md", here, here)


@pytest.mark.parametrize("ending", [".html", ".md", ".csv"])
def test_report_shows_what_a_chip_takes_and_what_a_compiler_expects(quantised, make_run, write, ending):
    bare = {"latency_us": None, "ratio_to_float": None, "peak_rss_bytes": None, "load_ms": None, "rounds_us": ()}
    bare |= {"latency_with_frontend_us": None, "frontend_us": None, "first_inference_ms": None}
    chip = quantised(**bare, instructions=4_913_000, image=Image(33_176, 9_952, 9_000, 244))
    unseen = {"accuracy": None, "agreement": None, "mcnemar_p": None, "confusion": None}
    found = Estimate("ethos-u-vela 5.2.0", "a system", 89_900, 500.0, 179.8, 22_192, 31_104, 39, 2)
    guessed = quantised(**bare, **unseen, estimate=found)
    text = write(
        ending,
        make_run(chip, kind="emulated", target="board:m4"),
        make_run(guessed, kind="estimated", target="ethos-u55-128"),
    )
    if ending == ".csv":
        first, second = csv.DictReader(text.splitlines())
        assert (first["instructions"], first["arena_bytes"], first["p50_us"]) == ("4913000", "9000", "")
        assert (second["estimated_cycles"], second["estimated_us"], second["p50_us"]) == ("89900", "179.8", "")
        return
    for said in ("4,913,000", "33.2", "10.2", "89,900", "22,192", "2 of 39", "Estimated by a compiler, not measured"):
        assert said in text
    assert "Accuracy against latency" not in text


def test_page_of_what_was_measured_without_a_clock_has_no_drawing_of_times(quantised, make_run, write):
    untimed = quantised(latency_us=None, ratio_to_float=None, rounds_us=())
    page = Page(write(".html", make_run(untimed, target="board:host")))
    assert (page.count("circle", "point"), page.count("path", "hill")) == (0, 0)


def test_page_escapes_what_it_is_given(result, make_run, write):
    evil = '<script>alert("x")</script>'
    confusion = replace(result.confusion, labels=(evil, "two", "three"))
    odd = replace(result, artefact=f"{evil}.tflite", confusion=confusion, notes=(evil,), ratio_to_float=None)
    page = Page(write(".html", make_run(odd, target=evil, command=evil)))
    assert not page.count("script")


def test_page_of_a_single_artefact_without_clips_has_no_accuracy_to_draw(result, make_run, write):
    bare = replace(result, accuracy=None, confusion=None, agreement=None, mcnemar_p=None, ratio_to_float=None)
    page = Page(write(".html", make_run(bare)))
    assert (page.count("circle", "point"), page.count("path", "hill")) == (0, 1)


def test_csv_has_a_line_a_result_with_bare_numbers(result, quantised, make_run, write):
    run = make_run(result, quantised(ratio_to_float=None), target="ssh://pi")
    lines = list(csv.DictReader(write(".csv", run).splitlines()))
    assert [line["artefact"] for line in lines] == ["ds-cnn.float32.tflite", "ds-cnn.int8.tflite"]
    assert (lines[0]["p50_us"], lines[0]["target"], lines[0]["cpu"]) == ("59.0", "ssh://pi", "A CPU | with a bar")
    assert (lines[1]["times_faster_than_float"], lines[1]["score_percent"]) == ("", "98.7")


def test_report_of_an_unknown_ending_names_those_there_are(result, make_run, write):
    with pytest.raises(ConfigError, match=r"report.pdf: expected a file that ends in .html, .md, .csv"):
        write(".pdf", make_run(result))


def test_report_of_no_results_is_refused(make_run, write, tmp_path):
    with pytest.raises(DataError, match="nothing to report"):
        write(".html", make_run())
    assert not list(tmp_path.iterdir())
