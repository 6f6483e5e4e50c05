"""`edgeasr report`, `compare` and `history` as a user sees them."""

import json
import os
import subprocess
import sys
from dataclasses import replace

import pytest

from edgeasr_bench.environment import read_environment
from edgeasr_bench.record import Histogram, Latency, Ratio, Result, Run


@pytest.fixture
def records(tmp_path, monkeypatch):
    """Go to a folder with two records of a float32 and an int8 artefact: in `after.json` int8 is 10 % slower."""

    def result(scheme, us, ratio):
        times = Latency(us, us, us, us, us, 10, Histogram(0, (10,)))
        name = f"model-of-a-name.{scheme}.tflite"
        return Result(
            artefact=name,
            runtime="tflite",
            runtime_version="ai-edge-litert 2.3.0",
            scheme=scheme,
            threads=1,
            latency_us=times,
            ratio_to_float=Ratio("model-of-a-name.float32.tflite", ratio, ratio, ratio),
            accuracy=None,
            agreement=None,
            mcnemar_p=None,
            bytes=1000,
            peak_rss_bytes=1000,
            load_ms=1.0,
            original=None,
            first_inference_ms=1.0,
            latency_with_frontend_us=None,
            frontend_us=None,
            sha256=scheme,
            model_sha256="0",
            rounds_us=(us, us, us),
        )

    environment = replace(read_environment(), time_utc="2026-01-01T00:00:00Z")
    for name, us in (("before", 50.0), ("after", 55.0)):
        run = Run(environment, (result("float32", 100.0, 1.0), result("int8", us, 100 / us)))
        (tmp_path / f"{name}.json").write_text(run.to_json())
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.usefixtures("records")
def test_report_writes_a_page_and_says_what_came_out(run, tmp_path):
    done = run("report", "before.json")
    assert (done.code, done.err) == (0, "report: report.html\n")
    assert done.out.startswith("int8 TFLite is 2.00x faster than float32 here")
    assert (tmp_path / "report.html").read_text().startswith("<!doctype html>")


@pytest.mark.usefixtures("records")
def test_report_of_two_records_as_markdown_and_as_a_table(run, tmp_path):
    done = run("report", "before.json", "after.json", "--out", "new/report.md", "--json")
    assert done.code == 0, done.err
    printed = json.loads(done.out)
    assert len(printed["summary"]) == 2
    assert printed["bytes"] == len((tmp_path / "new/report.md").read_bytes())
    assert run("report", "before.json", "after.json", "--out", "report.csv").code == 0
    assert len((tmp_path / "report.csv").read_text().splitlines()) == 1 + 4


@pytest.mark.usefixtures("records")
def test_report_needs_no_training_framework():
    code = (
        "import sys\nfrom edgeasr.cli import group\ngroup.main(standalone_mode=False)\n"
        "print({'tensorflow', 'keras', 'matplotlib', 'onnx', 'scipy', 'librosa'} & set(sys.modules))"
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    words = [sys.executable, "-c", code, "report", "before.json"]
    done = subprocess.run(words, env=environment, capture_output=True, text=True, timeout=60)
    assert done.stdout.splitlines()[-1] == "set()", done.stderr


@pytest.mark.usefixtures("records")
def test_compare_prints_the_change_within_80_columns(run):
    done = run("compare", "before.json", "after.json")
    assert done.code == 0, done.err
    assert max(map(len, done.out.splitlines())) <= 80
    row = next(line for line in done.out.splitlines() if "int8" in line)
    assert row.split() == ["…l-of-a-name.int8.tflite", "50.0", "55.0", "+10.0", "(+10.0", "to", "+10.0)", "-"]


@pytest.mark.parametrize(
    ("order", "limit", "code"),
    [
        (("before.json", "after.json"), "5", 1),
        (("before.json", "after.json"), "15", 0),
        (("after.json", "before.json"), "5", 0),
    ],
)
@pytest.mark.usefixtures("records")
def test_compare_exits_1_for_a_regression_beyond_the_limit(run, order, limit, code):
    done = run("compare", *order, "--max-regression", limit, "--json")
    assert done.code == code
    slower = ["model-of-a-name.int8.tflite"] if code else []
    assert json.loads(done.out)["slower"] == slower
    assert done.err == "".join(f"{name}: slower by more than {limit} %\n" for name in slower)


def test_compare_of_another_machine_is_refused(run, records):
    other = json.loads((records / "after.json").read_text())
    other["environment"]["cpu"] = "Another CPU"
    (records / "after.json").write_text(json.dumps(other))
    done = run("compare", "before.json", "after.json")
    assert (done.code, done.out) == (1, "")
    assert "unequal conditions: cpu is" in done.err
    assert len(done.err.splitlines()) == 1


def test_history_lists_records_and_names_what_it_left_out(run, records):
    (records / "old.json").write_text('{"environment": {}, "results": []}')
    done = run("history", ".", "--artefact", "int8")
    assert done.code == 0
    assert [line.split()[3] for line in done.out.splitlines() if line.startswith(" 2026")] == ["55.0", "50.0"]
    assert "old.json: a record of version 1" in done.err
    (series,) = json.loads(run("history", ".", "--artefact", "int8", "--json").out)
    assert [entry["record"] for entry in series["entries"]] == ["after.json", "before.json"]


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (["report", "nowhere.json"], "nowhere.json: No such file or directory"),
        (["report", "words.txt"], "words.txt: expected a record"),
        (["report", "before.json", "--out", "report.pdf"], "report.pdf: expected a file that ends in .html, .md, .csv"),
        (["compare", "before.json", "words.txt"], "words.txt: expected a record"),
        (["history", "empty"], "empty: expected records"),
        (["history", ".", "--artefact", "mars"], ".: expected records of an artefact with 'mars' in its name"),
    ],
)
def test_wrong_input_is_one_line_and_exits_1(run, records, words, complaint):
    (records / "words.txt").write_text("words")
    (records / "empty").mkdir()
    done = run(*words)
    assert (done.code, done.out) == (1, "")
    assert len(done.err.splitlines()) == 1
    assert complaint in done.err
    assert not (records / "report.html").exists()


@pytest.mark.parametrize("words", [["report"], ["compare", "before.json"], ["history", "nowhere"]])
@pytest.mark.usefixtures("records")
def test_wrong_usage_exits_2(run, words):
    assert run(*words).code == 2
