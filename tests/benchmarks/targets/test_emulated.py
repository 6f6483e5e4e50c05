"""Boards that qemu emulates."""

import resource

import numpy as np
import pytest

from edgeasr.errors import ConfigError, TargetError
from edgeasr.machine import read_cpu
from edgeasr_bench import Settings, bench
from edgeasr_bench.inputs import Inputs
from edgeasr_bench.targets import emulated, remote
from edgeasr_bench.targets.boards import BOARDS, write_facts
from edgeasr_bench.targets.counting import CALLS, instructions_per_call, make_plugin
from edgeasr_bench.targets.sysroot import make_sysroot

CLIPS = 100


@pytest.mark.parametrize("name", BOARDS)
def test_board_is_known_by_the_facts_that_are_written(name, tmp_path):
    write_facts(BOARDS[name], tmp_path)
    cpu = read_cpu(tmp_path)
    assert cpu.model == BOARDS[name].model
    assert cpu.features["NEON"]
    assert cpu.features["dotprod"] == (name == "pi5")


def test_instructions_are_those_between_the_marks_without_the_marks():
    empty, warm, calls = 50, 900, 4000
    marks = np.cumsum([1000, empty, 7, warm, 7, calls + empty, 7, warm, 7, 2 * calls + empty]).tolist()
    assert instructions_per_call(marks) == [calls // CALLS, 2 * calls // CALLS]


def test_plugin_is_compiled_once(tmp_path, needs):
    needs("cc", "gcc")
    plugin = make_plugin(tmp_path)
    made = plugin.stat().st_mtime_ns
    assert make_plugin(tmp_path) == plugin
    assert plugin.stat().st_mtime_ns == made


def test_emulated_board_of_another_name_is_an_error(make_bundle, without_keras):
    with pytest.raises(ConfigError, match="unknown board 'pi9': expected one of emulated:pi3, emulated:pi4"):
        bench([make_bundle().path], Settings(), "emulated:pi9")


def test_emulated_board_without_qemu_says_what_to_install(make_bundle, without_keras, monkeypatch):
    monkeypatch.setattr(emulated.shutil, "which", lambda program: None)
    with pytest.raises(TargetError, match="^emulated:pi4: qemu-aarch64 is not installed: on Debian"):
        bench([make_bundle().path], Settings(), "emulated:pi4")


def test_sysroot_on_a_machine_that_is_no_debian_is_an_error(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(TargetError, match="expected a Debian"):
        make_sysroot(tmp_path / "root", "arm64", ["python3"])
    assert list(tmp_path.iterdir()) == []


def cpu_of_children_s():
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


@pytest.mark.slow
def test_emulated_pi4_answers_as_this_machine_does(exported, monkeypatch, needs):
    needs("qemu-aarch64", "qemu-user")
    needs("apt-get", "apt")
    heard = {}

    def listen(scores, inputs, model, labels):
        heard[model.path.name] = (model, inputs.features, scores)
        return read_answers(scores, inputs, model, labels)

    read_answers = remote.read_answers
    monkeypatch.setattr(remote, "read_answers", listen)
    artefacts = [exported.path / f"ds-cnn.int8.{suffix}" for suffix in ("tflite", "onnx")]
    samples = exported.samples()
    inputs = Inputs(samples.verification[:CLIPS], samples.targets[:CLIPS])
    monkeypatch.setattr(remote, "read_inputs", lambda candidates, models, settings: [inputs] * len(models))
    run = bench(artefacts, Settings(), "emulated:pi4")  # fetches the user space, the first time
    before_s = cpu_of_children_s()
    again = bench(artefacts, Settings(), "emulated:pi4")
    assert run.kind == "emulated"
    assert "say nothing of the board" in run.notes[-1]
    assert run.environment.cpu == BOARDS["pi4"].model
    assert cpu_of_children_s() - before_s < 60  # of CPU time, so that a busy machine does not fail it
    assert [one.instructions for one in run.results] == pytest.approx(
        [one.instructions for one in again.results], rel=0.01
    )
    for result in run.results:
        model, features, scores = heard[result.artefact]
        ours = model.run_batch(features)
        assert result.accuracy.n == CLIPS
        assert np.array_equal(scores.argmax(axis=1), ours.argmax(axis=1))
        step = model.card.quantisation["output"]["scale"]
        change = np.log(scores / ours)  # of the logits; what the softmax adds is the same for all of a clip
        assert np.ptp(change, axis=1).max() <= 2 * 2 * step + 1e-3
