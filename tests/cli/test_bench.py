"""`edgeasr bench` as a user sees it."""

import json
import os
import shlex
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import jsonschema
import numpy as np
import pytest

from edgeasr.card import METADATA_KEY, Card
from edgeasr.features import FrontendConfig
from edgeasr_bench.record import Run
from edgeasr_bench.schema.generate import SCHEMA

FRONTEND = FrontendConfig(sample_rate_hz=8000, clip_ms=200, window_ms=20, hop_ms=10, fft_size=256, mel_bins=8)
MAIN = "from edgeasr.cli import main; main()"


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    """Give a float32 and an int8 model that say they come from one original."""
    onnx = pytest.importorskip("onnx")
    pytest.importorskip("onnxruntime")
    folder = tmp_path_factory.mktemp("models")
    weights = np.random.default_rng(0).standard_normal((19 * 8, 3)).astype(np.float32)
    for scheme in ("float32", "int8"):
        graph = onnx.helper.make_graph(
            [
                onnx.helper.make_node("Flatten", ["features"], ["flat"]),
                onnx.helper.make_node("MatMul", ["flat", "weights"], ["logits"]),
            ],
            "tiny",
            [onnx.helper.make_tensor_value_info("features", onnx.TensorProto.FLOAT, [1, *FRONTEND.shape])],
            [onnx.helper.make_tensor_value_info("logits", onnx.TensorProto.FLOAT, [1, 3])],
            [onnx.numpy_helper.from_array(weights, "weights")],
        )
        model = onnx.helper.make_model(graph, ir_version=8, opset_imports=[onnx.helper.make_opsetid("", 13)])
        card = Card("tiny", scheme, ("a", "b", "c"), FRONTEND, "logits", "0123")
        onnx.helper.set_model_props(model, {METADATA_KEY: card.to_json()})
        onnx.save(model, folder / f"tiny.{scheme}.onnx")
    return [str(folder / "tiny.float32.onnx"), str(folder / "tiny.int8.onnx")]


def environment():
    return {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}


def test_bench_prints_a_table_and_what_it_means(run, models):
    done = run("bench", *models, "--seconds", "0.05")
    assert done.code == 0, done.err
    lines = done.out.splitlines()
    assert max(map(len, lines)) <= 80
    assert sum("tiny.int8.onnx" in line for line in lines) >= 2
    assert any(line.startswith("int8 ONNX is ") for line in lines)
    assert done.err == ""


def test_bench_prints_one_json_object_and_writes_a_report(run, models, tmp_path):
    report = tmp_path / "new folder" / "report.md"
    done = run("bench", *models, models[0], "--seconds", "0.05", "--threads", "2", "--json", "--report", str(report))
    assert done.code == 0, done.err
    results = json.loads(done.out)["results"]
    assert [result["artefact"] for result in results] == ["tiny.float32.onnx", "tiny.int8.onnx"]
    assert results[1]["ratio_to_float"]["baseline"] == "tiny.float32.onnx"
    assert results[0]["threads"] == 2
    text = report.read_text()
    words = [*models, models[0], "--seconds", "0.05", "--threads", "2", "--json", "--report", str(report)]
    assert f"```sh\nedgeasr bench {shlex.join(words)}\n```" in text
    assert done.err == f"report: {report}\n"
    assert [path.name for path in report.parent.iterdir()] == ["report.md"]


def test_bench_keeps_a_record_and_the_raw_samples_beside_it(run, models, tmp_path):
    done = run("bench", *models, "--seconds", "0.05", "--out", str(tmp_path / "run.json"))
    assert done.code == 0, done.err
    assert done.err == f"record: {tmp_path / 'run.json'}\n"
    run = Run.read(tmp_path / "run.json")
    assert run.command.startswith("edgeasr bench ")
    with np.load(tmp_path / "run.npz") as samples:
        for result in run.results:
            assert samples[result.artefact].shape == (result.latency_us.samples, 2)
            assert sum(result.latency_us.histogram.counts) == result.latency_us.samples
            assert result.operators
    schema = json.loads(SCHEMA.read_text())
    jsonschema.Draft202012Validator(schema).validate(json.loads((tmp_path / "run.json").read_text()))


def test_bench_cuts_long_names_at_their_front_and_nothing_else(run, models, tmp_path):
    name = f"a-model-with-a-long-name-{'x' * 40}.int8.onnx"
    shutil.copyfile(models[1], tmp_path / name)
    done = run("bench", models[0], str(tmp_path / name), "--seconds", "0.05")
    lines = done.out.splitlines()
    assert max(map(len, lines)) <= 80
    rows = [line.split() for line in lines if line.lstrip().startswith("…")]
    assert [row[0].endswith(".int8.onnx") for row in rows] == [True, True]
    assert [len(row) for row in rows] == [7, 4]  # without clips there is neither accuracy nor agreement


def test_bench_of_artefacts_imports_no_training_framework(models):
    code = (
        "import sys, json\nfrom edgeasr.cli import group\n"
        "group.main(standalone_mode=False)\n"
        "print(json.dumps(sorted({name.partition('.')[0] for name in sys.modules})))"
    )
    words = [sys.executable, "-c", code, "bench", *models, "--seconds", "0.05"]
    done = subprocess.run(words, env=environment(), capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    loaded = set(json.loads(done.stdout.splitlines()[-1]))
    assert "onnxruntime" in loaded
    assert not loaded & {
        "tensorflow",
        "keras",
        "librosa",
        "onnx",
        "scipy",
        "sklearn",
        "soundfile",
        "ai_edge_litert",
    }


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        ([], "Missing argument"),
        (["MODEL", "--threads", "0"], "--threads"),
        (["MODEL", "--threads", "1,x"], "--threads"),
        (["MODEL", "--threads", "2,2"], "--threads"),
        (["MODEL", "--cpus", "-1"], "--cpus"),
        (["MODEL", "--duty-cycle", "0"], "--duty-cycle"),
        (["MODEL", "--bootstrap"], "pass --target ssh://"),
        (["MODEL", "--clean"], "pass --target ssh://"),
        (["MODEL", "--seconds", "0"], "--seconds"),
        (["MODEL", "--split", "all"], "--split"),
        (["MODEL", "--report", "."], "--report"),
        (["MODEL", "--out", "."], "--out"),
        (["MODEL", "--out", "run.npz"], "ends in .json"),
        (["MODEL", "--labels", "a,b,c"], "pass --data"),
        (["MODEL", "--choose", "bytes<200k"], "expected conditions such as"),
        (["MODEL", "--choose", "beauty>=1"], "unknown quantity 'beauty'"),
        (["MODEL", "--runtime", "torch"], "--runtime"),
        (["MODEL", "--leave-out", "theo"], "pass --data"),
    ],
)
def test_bench_used_wrongly_exits_2(run, models, words, complaint):
    done = run("bench", *[models[0] if word == "MODEL" else word for word in words])
    assert done.code == 2
    assert complaint in done.err
    assert done.out == ""


@pytest.mark.parametrize(
    ("name", "content", "complaint"),
    [
        ("missing.onnx", None, "no such file"),
        ("notes.txt", b"words", "expected a bundle folder, a .tflite or an .onnx file"),
        ("empty.onnx", b"", "not an ONNX file"),
        ("false.tflite", b"0123456789", "expected a TFLite file"),
    ],
)
def test_bench_of_a_bad_file_is_one_line_and_exits_1(run, tmp_path, name, content, complaint):
    if content is not None:
        (tmp_path / name).write_bytes(content)
    done = run("bench", str(tmp_path / name), "--report", str(tmp_path / "report.md"))
    assert done.code == 1
    assert complaint in done.err
    assert name in done.err
    assert len(done.err.splitlines()) == 1
    assert not (tmp_path / "report.md").exists()


def test_bench_chooses_what_to_ship_and_keeps_the_choice(run, models, tmp_path):
    words = ("--seconds", "0.05", "--out", str(tmp_path / "run.json"), "--choose", "bytes<=1M")
    done = run("bench", *models, *words)
    assert done.code == 0, done.err
    assert "To ship, by bytes<=1M: tiny." in done.out
    assert Run.read(tmp_path / "run.json").choice.artefact.startswith("tiny.")


def test_bench_that_has_nothing_to_ship_says_why_and_exits_1(run, models):
    done = run("bench", *models, "--seconds", "0.05", "--choose", "accuracy_drop<=0.5")
    assert done.code == 1
    lines = " ".join(done.out.split())
    assert "To ship, by accuracy_drop<=0.5: nothing: none of 2 meets all conditions." in lines
    assert "Not tiny.int8.onnx (onnxruntime, 1 thread): accuracy_drop is not known, asked for" in lines


def test_bench_takes_its_targets_from_a_file(run, models, tmp_path):
    fleet = tmp_path / "fleet.toml"
    fleet.write_text('[[target]]\naddress = "local"\nthreads = [2]\n')
    done = run("bench", models[0], "--seconds", "0.05", "--target", str(fleet), "--json")
    assert done.code == 0, done.err
    assert [result["threads"] for result in json.loads(done.out)["results"]] == [2]


def test_bench_compare_and_history_are_the_commands_of_that_name(run, models, tmp_path):
    record = str(tmp_path / "run.json")
    assert run("bench", models[0], "--seconds", "0.05", "--out", record).code == 0
    compared = run("bench", "compare", record, record, "--json")
    assert json.loads(compared.out)["slower"] == []
    assert json.loads(run("bench", "history", str(tmp_path), "--json").out)[0]["artefact"] == "tiny.float32.onnx"


@pytest.mark.parametrize("data", ["nothing", "folder:/nowhere/at/all", "mlperf-kws"])
def test_bench_of_data_that_is_not_there_is_one_line_and_exits_1(run, models, data):
    done = run("bench", models[0], "--data", data)
    assert done.code == 1
    assert len(done.err.splitlines()) == 1


@pytest.mark.skipif(not Path("/proc/self/maps").exists(), reason="needs /proc to see how far the command is")
def test_bench_ends_cleanly_on_ctrl_c(models, tmp_path):
    report, temporary = tmp_path / "report.md", tmp_path / "temporary"
    temporary.mkdir()
    child = subprocess.Popen(
        [sys.executable, "-c", MAIN, "bench", models[0], "--seconds", "60", "--report", str(report)],
        env={**environment(), "TMPDIR": str(temporary)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    while "onnxruntime" not in Path(f"/proc/{child.pid}/maps").read_text():  # until it has loaded the model
        assert child.poll() is None, child.communicate()
        time.sleep(0.05)
    time.sleep(0.5)
    os.killpg(child.pid, signal.SIGINT)
    output, errors = child.communicate(timeout=20)
    assert child.returncode == 130
    assert (output, errors.strip()) == ("", "edgeasr: interrupted")
    assert list(tmp_path.iterdir()) == [temporary]
    assert not list(temporary.glob("edgeasr*"))


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (["--target", "mars"], "unknown target 'mars': expected one of "),
        (["--target", "emulated:pi9"], "unknown board 'pi9'"),
        (["--target", "ssh://127.0.0.1:1"], "ssh://127.0.0.1:1: "),
        (["--target", "local", "--target", "local"], "expected each target once"),
        (["--cpus", "9999"], "expected cores among"),
        (["--duty-cycle", "1"], "hop_ms must lie in"),
        (["--runtime", "reference"], "reference runs none of tiny.float32.onnx"),
        (["--target", "nowhere.toml"], "cannot read the settings in nowhere.toml"),
    ],
)
def test_bench_on_a_target_that_cannot_be_is_one_line_and_exits_1(run, models, words, complaint):
    done = run("bench", models[0], "--seconds", "0.05", *words)
    assert (done.code, done.out) == (1, "")
    assert complaint in done.err
    assert len(done.err.splitlines()) == 1


def test_bench_sweeps_threads_and_listens_in_real_time(run, models):
    done = run("bench", *models, "--seconds", "0.1", "--threads", "1,2", "--duty-cycle", "20")
    assert done.code == 0, done.err
    assert max(map(len, done.out.splitlines())) <= 80
    assert "threads" in done.out
    assert "real-time factor" in done.out


def test_bench_keeps_the_runs_of_the_targets_that_did_not_fail(run, models, tmp_path):
    words = ("--target", "local", "--target", "ssh://127.0.0.1:1", "--json", "--out", str(tmp_path / "run.json"))
    done = run("bench", *models, "--seconds", "0.05", *words)
    assert done.code == 1
    printed = json.loads(done.out)
    assert [run["target"] for run in printed["runs"]] == ["local"]
    assert list(printed["failures"]) == ["ssh://127.0.0.1:1"]
    assert not printed["failures"]["ssh://127.0.0.1:1"].startswith("ssh:")  # it is named once
    assert sorted(path.name for path in tmp_path.iterdir()) == ["run.local.json", "run.local.npz"]
    assert json.loads((tmp_path / "run.local.json").read_text()) == printed["runs"][0]
