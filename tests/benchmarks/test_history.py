"""The records of a folder over time."""

from dataclasses import replace

import pytest

from edgeasr.errors import DataError
from edgeasr_bench.history import read_history


@pytest.fixture
def keep(tmp_path, make_run):
    """Give a function that writes a record of the given results, of a given time, on a given processor."""

    def write(name, time_utc, *results, cpu="A CPU"):
        run = make_run(*results)
        run = replace(run, environment=replace(run.environment, time_utc=time_utc, cpu=cpu))
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(run.to_json())

    return write


def test_history_is_in_the_order_of_time(tmp_path, keep, result, quantised):
    keep("a/b.json", "2026-03-01T00:00:00Z", result, quantised())
    keep("c.json", "2026-01-01T00:00:00Z", result)
    series, skipped = read_history(tmp_path)
    assert [(one.artefact, len(one.entries)) for one in series] == [(result.artefact, 2), ("ds-cnn.int8.tflite", 1)]
    first, second = series[0].entries
    assert (first.record, second.record) == ("c.json", "b.json")
    assert (first.p50_us, first.times_faster, first.score, first.bytes) == (59.0, 1.0, 99.0, 100_000)
    assert skipped == []


def test_history_keeps_unequal_machines_and_threads_apart(tmp_path, keep, result):
    keep("a.json", "2026-01-01", result, replace(result, threads=2))
    keep("b.json", "2026-01-02", result, cpu="Another CPU")
    series, _ = read_history(tmp_path)
    assert [(one.threads, one.footing.cpu) for one in series] == [(1, "A CPU"), (2, "A CPU"), (1, "Another CPU")]


def test_history_of_some_artefacts(tmp_path, keep, result, quantised):
    keep("a.json", "2026-01-01", result, quantised())
    assert [one.artefact for one in read_history(tmp_path, "int8")[0]] == ["ds-cnn.int8.tflite"]


def test_history_leaves_other_files_alone_and_names_records_that_cannot_be_read(tmp_path, keep, result):
    keep("a.json", "2026-01-01", result)
    (tmp_path / "notes.json").write_text('["no record"]')
    (tmp_path / "words.json").write_text("words")
    (tmp_path / "old.json").write_text('{"environment": {}, "results": []}')
    series, (skipped,) = read_history(tmp_path)
    assert len(series) == 1
    assert "old.json: a record of version 1" in skipped


def test_history_of_a_folder_without_records_says_so(tmp_path):
    with pytest.raises(DataError, match="expected records of `edgeasr bench --out`, found none"):
        read_history(tmp_path)
