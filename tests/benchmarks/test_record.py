"""The record of a run: written, read again, held to its schema, refused where it cannot be read."""

import json
from dataclasses import replace
from pathlib import Path

import jsonschema
import numpy as np
import pytest

from edgeasr.errors import DataError
from edgeasr_bench.agent.conditions import Conditions
from edgeasr_bench.agent.work import DutyCycle
from edgeasr_bench.profile import Operator
from edgeasr_bench.record import Run, is_record
from edgeasr_bench.schema.generate import SCHEMA, make_schema

BASELINES = Path(__file__).parents[2] / "benchmarks/baselines"


@pytest.fixture
def run(result, quantised, make_run):
    full = quantised(operators=(Operator("Conv", 2, 31.5),), duty_cycle=DutyCycle(10.0, 1.0, 12.5, 0.125, 0))
    bare = quantised(
        artefact="foreign.onnx",
        ratio_to_float=None,
        accuracy=None,
        agreement=None,
        mcnemar_p=None,
        original=None,
        model_sha256=None,
        confusion=None,
        latency_with_frontend_us=None,
        frontend_us=None,
    )
    state = Conditions(41.5, 1500.0, "ondemand", "0")
    return make_run(result, full, bare, target="ssh://pi", bundles={"digits": "ab"}, before=state, command="edgeasr")


@pytest.fixture
def write(tmp_path, run):
    """Give a function that writes the record with changes, and gives the file."""

    def record(**changes):
        path = tmp_path / "run.json"
        path.write_text(json.dumps({**json.loads(run.to_json()), **changes}))
        return path

    return record


def test_record_is_read_as_it_was_written(run, write):
    assert Run.read(write()) == run


def test_record_keeps_lists_of_numbers_on_a_line(run):
    assert '"rounds_us": [58.0, 59.0, 59.0, 60.0]' in run.to_json()


def test_record_fits_its_schema(run):
    schema = json.loads(SCHEMA.read_text())
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.Draft202012Validator(schema).validate(json.loads(run.to_json()))


@pytest.mark.parametrize("change", [{"results": 1}, {"version": 1}, {"kind": "guessed"}, {"environment": {}}])
def test_schema_refuses_what_is_no_record(run, change):
    schema = jsonschema.Draft202012Validator(make_schema())
    assert not schema.is_valid({**json.loads(run.to_json()), **change})


def test_schema_is_that_of_the_classes():
    text = json.dumps(make_schema(), indent=1) + "\n"
    assert SCHEMA.read_text() == text, "out of date: python -m edgeasr_bench.schema.generate"


def test_schema_explains_every_key():
    schema = make_schema()
    for name, part in {"Run": schema, **schema["$defs"]}.items():
        for key, value in part["properties"].items():
            assert value.get("description"), f"{name}.{key} is not in the docstring"


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"version": 1}, r"run.json: a record of version 1, which is no longer read: bench again"),
        ({"version": Run.version + 1}, "made by a newer edgeasr .* upgrade edgeasr"),
        ({"version": "two"}, "run.json: version: expected int, got 'two'"),
        ({"results": [1]}, "run.json: results: expected a table"),
        ({"kind": "guessed"}, "kind: expected one of measured, emulated, estimated, got 'guessed'"),
    ],
)
def test_record_that_cannot_be_read_is_refused_in_a_line(write, changes, complaint):
    with pytest.raises(DataError, match=complaint) as caught:
        Run.read(write(**changes))
    assert "\n" not in str(caught.value)


def test_record_without_a_version_is_of_the_first(write):
    values = json.loads(write().read_text())
    del values["version"]
    path = write()
    path.write_text(json.dumps(values))
    with pytest.raises(DataError, match="version 1"):
        Run.read(path)


def test_record_that_compares_with_what_it_lacks_is_refused(tmp_path, result, quantised, make_run):
    path = tmp_path / "run.json"
    path.write_text(make_run(replace(result, threads=2), quantised()).to_json())  # no float32 with one thread
    with pytest.raises(DataError, match="compares with ds-cnn.float32.tflite, which is not among its results"):
        Run.read(path)


@pytest.mark.parametrize("content", [b"", b"words", b"\xff\xfe", b"[1]", b'{"results": []}'])
def test_file_that_is_no_record_is_told_from_one(tmp_path, write, content):
    (tmp_path / "other.json").write_bytes(content)
    assert not is_record(tmp_path / "other.json")
    assert is_record(write(version=1))
    with pytest.raises(DataError, match="other.json: expected a record"):
        Run.read(tmp_path / "other.json")


def test_samples_have_round_and_time_of_every_call(tmp_path, run):
    rounds = (np.array([10, 11]), np.array([12]))
    replace(run, samples_ns={"a.tflite": rounds}).write_samples(tmp_path / "run.npz")
    with np.load(tmp_path / "run.npz") as samples:
        assert samples["a.tflite"].tolist() == [[0, 10], [0, 11], [1, 12]]


@pytest.mark.parametrize("path", sorted(BASELINES.glob("ds-cnn*.json")), ids=lambda path: path.name)
def test_baselines_are_records_that_fit_the_schema(path):
    jsonschema.Draft202012Validator(make_schema()).validate(json.loads(path.read_text()))
    assert Run.read(path).results
