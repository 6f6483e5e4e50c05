"""Whole bench runs, of ONNX models small enough to take no time."""

import hashlib
import json
import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from edgeasr.bundle import Bundle
from edgeasr.data.mlperf_kws import LABELS
from edgeasr_bench import Settings, bench
from edgeasr_bench.record import BINS_PER_OCTAVE, Run
from tests.benchmarks.conftest import hide_keras, write_bundle

DATA = Path(os.environ.get("EDGEASR_DATA", Path(__file__).parents[2] / "../shared/data"))
QUICK = Settings(seconds=0.05)

pytestmark = pytest.mark.usefixtures("without_keras")


@dataclass(frozen=True)
class Benched:
    """A bundle, what a bench of it gave, and what it told meanwhile."""

    bundle: Bundle
    run: Run
    stages: list[str]
    said: list[str]


@pytest.fixture(scope="module")
def benched(tmp_path_factory, weights):
    """Bench a bundle of a float32 and an int8 artefact."""
    bundle, stages, said = write_bundle(tmp_path_factory.mktemp("benched"), weights), [], []
    with pytest.MonkeyPatch.context() as patch:
        hide_keras(patch)
        run = bench([bundle.path], QUICK, notify=said.append, progress=lambda stage, done: stages.append(stage))
    return Benched(bundle, run, stages, said)


def shortest_us(latency):
    """Give the time of the shortest call, which is the one that nothing else on the machine has made longer."""
    return 2 ** (latency.histogram.first_bin / BINS_PER_OCTAVE)


def test_bench_compares_int8_with_float32_in_the_same_runtime(benched):
    full, int8 = benched.run.results
    assert (full.scheme, int8.scheme) == ("float32", "int8")
    assert int8.ratio_to_float.baseline == full.artefact == int8.original
    assert 0.3 < int8.ratio_to_float.median < 3  # the same operators
    assert int8.ratio_to_float.low <= int8.ratio_to_float.median <= int8.ratio_to_float.high
    assert full.ratio_to_float.median == full.agreement == full.mcnemar_p == 1
    assert full.accuracy.value == 0.9
    assert full.accuracy.n == 40
    assert int8.accuracy.value < 0.9
    assert int8.agreement < 1
    assert 0 < int8.mcnemar_p < 1


def test_bench_gives_the_json_of_the_contract(benched):
    values = json.loads(benched.run.to_json())
    assert set(values) >= {"environment", "results"}
    result = values["results"][1]
    assert list(result)[:13] == [
        "artefact",
        "runtime",
        "runtime_version",
        "scheme",
        "threads",
        "latency_us",
        "ratio_to_float",
        "accuracy",
        "agreement",
        "mcnemar_p",
        "bytes",
        "peak_rss_bytes",
        "load_ms",
    ]
    assert {"p50", "p95", "p99", "samples"} <= set(result["latency_us"])
    assert list(result["ratio_to_float"]) == ["baseline", "median", "low", "high"]
    assert list(result["accuracy"]) == ["value", "low", "high", "correct", "n"]
    assert result["latency_us"]["p50"] <= result["latency_us"]["p95"] <= result["latency_us"]["p99"]
    assert result["runtime_version"].startswith("onnxruntime ")


def test_bench_says_which_files_it_measured_and_leaves_them_as_they_are(benched):
    bundle = benched.bundle
    for result in benched.run.results:
        assert result.sha256 == hashlib.sha256((bundle.path / result.artefact).read_bytes()).hexdigest()
        assert result.model_sha256 == bundle.manifest.model_sha256
    assert Bundle.open(bundle.path) == bundle  # its hashes are right
    assert {file.name for file in bundle.path.iterdir()} == {"manifest.json", *bundle.manifest.sha256}


def test_run_writes_the_raw_samples(benched, tmp_path):
    run = benched.run
    run.write_samples(tmp_path / "samples.raw")
    with np.load(tmp_path / "samples.raw") as written:
        for result in run.results:
            rounds, times_ns = written[result.artefact].T
            assert written[result.artefact].dtype == np.int64
            assert len(times_ns) == result.latency_us.samples
            assert np.median(times_ns) / 1000 == pytest.approx(result.latency_us.p50, abs=0.001)
            assert np.unique(rounds).tolist() == list(range(len(run.samples_ns[result.artefact])))
            last = run.samples_ns[result.artefact][-1]
            assert np.array_equal(times_ns[rounds == rounds[-1]], last)


def test_bench_measures_the_front_end_apart_and_together(benched):
    result, _ = benched.run.results
    together, frontend = shortest_us(result.latency_with_frontend_us), shortest_us(result.frontend_us)
    assert together > frontend > 0
    assert together == pytest.approx(frontend + shortest_us(result.latency_us), rel=0.5)


def test_bench_times_the_own_call_of_the_runtime_beside_the_way_there_and_back(benched):
    for result in benched.run.results:
        assert 0 < shortest_us(result.own_call_us) < shortest_us(result.latency_us)
        assert result.own_call_us.samples > 10


def test_bench_counts_inferences_in_windows_where_it_is_told_to(make_bundle, benched):
    run = bench([make_bundle().path / "tiny.float32.onnx"], Settings(seconds=0.05, window_s=0.02))
    for result in run.results:
        assert len(result.throughput.per_second) == 5
        assert result.throughput.median == np.median(result.throughput.per_second) > 0
    assert all(result.throughput is None for result in benched.run.results)


def test_bench_of_an_artefact_alone_has_neither_accuracy_nor_ratio_and_says_why(make_bundle):
    (result,) = bench([make_bundle().path / "tiny.int8.onnx"], QUICK).results
    assert result.accuracy is result.agreement is result.mcnemar_p is result.ratio_to_float is None
    why = "no float32 artefact of the same model was benched in onnxruntime: bench the bundle, or give both files"
    assert result.notes == (
        f"no ratio: {why}",
        "no accuracy: bench its bundle, which has labelled clips, or pass --data",
    )


def test_bench_of_a_foreign_file_knows_no_kin(make_onnx):
    run = bench([make_onnx("one.onnx"), make_onnx("two.onnx")], QUICK)
    assert [result.scheme for result in run.results] == ["unknown", "unknown"]
    assert all(result.ratio_to_float is None for result in run.results)
    assert run.results[0].latency_with_frontend_us is None


def test_bench_compares_nothing_across_models(make_bundle, make_onnx):
    bundle = make_bundle()
    run = bench([bundle.path / "tiny.float32.onnx", make_onnx()], QUICK)
    assert run.results[1].ratio_to_float is None


def test_bench_reports_stages_and_notes(benched):
    assert list(dict.fromkeys(benched.stages)) == [
        "loading each alone",
        "scoring tiny.float32.onnx",
        "scoring tiny.int8.onnx",
        "timing",
    ]
    assert tuple(benched.said) == benched.run.notes


@pytest.mark.parametrize(("name", "correct"), [("mlperf_kws_int8.tflite", 902), ("mlperf_kws_float32.tflite", 900)])
def test_bench_reproduces_the_accuracy_of_the_mlperf_model(name, correct):
    model, data = DATA / "models" / name, DATA / "mlperf_tiny_kws01.zip"
    if not (model.exists() and data.exists()):
        pytest.skip("needs the MLPerf Tiny model and features in EDGEASR_DATA")
    pytest.importorskip("ai_edge_litert")
    (result,) = bench([model], Settings(data=(f"mlperf-kws:{data}",), labels=LABELS, seconds=0.05)).results
    assert result.accuracy.correct == correct
    assert result.accuracy.n == 1000
