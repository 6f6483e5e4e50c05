"""Devices on a serial line in the report of bench: our firmware in QEMU, and a device that misbehaves."""

import contextlib
import math
import shutil
from dataclasses import dataclass, field, replace

import numpy as np
import pytest

from edgeasr.errors import ConfigError, TargetError
from edgeasr.tflite import read_model
from edgeasr.tflite.interpreter import Interpreter
from edgeasr_bench import Settings, bench
from edgeasr_bench.report import write_report
from edgeasr_bench.targets import find_target, serial
from edgeasr_firmware.boards import BOARDS
from edgeasr_firmware.boards.serve import serve
from edgeasr_firmware.export import write_firmware
from edgeasr_firmware.protocol import Inference
from edgeasr_firmware.serial_firmware import build_serial

pytestmark = pytest.mark.usefixtures("without_keras")


@dataclass
class Vendor:
    """A device of somebody else that runs the keyword model, in 100 us, 101 us and so on.

    Attributes:
        model: its name of it.
        lost_after: inputs that it takes before it is lost.
        reset_at: inputs during which it is reset once.
        change: what becomes of its scores.
    """

    interpreter: Interpreter
    name: str = "vendor board"
    model: str = "kws01"
    lost_after: int = 1000
    reset_at: tuple[int, ...] = ()
    change: object = staticmethod(lambda scores: scores)
    warmups: list[int] = field(default_factory=list)

    def infer(self, data, inferences=1, warmups=0, expected_s=0):
        number = len(self.warmups)
        if number == self.lost_after:
            raise TargetError("port: the line is lost")
        self.warmups.append(warmups)
        (scores,) = self.interpreter.run(np.frombuffer(data, np.int8).reshape(1, 49, 10, 1))
        results = self.change((scores[0].astype(float) + 128) / 256)
        return Inference(tuple(results), 100.0 + number, 2 if number in self.reset_at else 1)


@pytest.fixture
def plug(keyword_model, monkeypatch):
    """Give a function that plugs in a device with such properties, and gives it."""

    def put(**properties):
        device = Vendor(Interpreter(read_model(keyword_model)), **properties)
        monkeypatch.setattr(serial, "connect", lambda url, baud: contextlib.nullcontext(device))
        return device

    return put


def test_serial_device_is_timed_by_its_own_clock_and_scored(plug, keyword_model, keyword_settings, tmp_path):
    device = plug(reset_at=(3, 7))
    run = bench([keyword_model], keyword_settings, "serial:///dev/ttyACM0")
    (result,) = run.results
    assert (run.kind, run.environment.cpu, result.runtime_version) == ("measured", "vendor board", "firmware kws01")
    assert device.warmups == [10] + 11 * [0]
    assert (result.latency_us.p50, result.latency_us.max, result.latency_us.samples) == (105.5, 111.0, 12)
    assert result.accuracy.n == 12
    assert result.accuracy.value > 0.7
    assert "2 inputs were given again" in run.notes[-2]
    assert "12 of 12 answers are those of the file" in run.notes[-1]
    write_report(tmp_path / "report.html", [run])
    assert "vendor board" in (tmp_path / "report.html").read_text()


def test_serial_device_counts_inferences_in_windows_as_mlperf_does(plug, keyword_model, keyword_settings):
    device = plug()
    asked = []
    infer = device.infer
    device.infer = lambda data, inferences=1, **others: asked.append(inferences) or infer(data, inferences, **others)
    (result,) = bench([keyword_model], replace(keyword_settings, window_s=2), "serial:///dev/ttyACM0").results
    assert asked == [1] * 12 + [math.ceil(2e6 / 105.5)] * 5
    assert result.throughput.per_second == tuple(round(1e6 / (112 + number), 3) for number in range(5))
    assert result.throughput.median == round(1e6 / 114, 3)


def test_serial_device_that_is_lost_in_the_middle_keeps_its_results(plug, keyword_model, keyword_settings):
    plug(lost_after=11)
    run = bench([keyword_model], keyword_settings, "serial:///dev/ttyACM0")
    (result,) = run.results
    assert (result.accuracy.n, result.latency_us.samples) == (11, 11)
    assert "until it failed: port: the line is lost" in run.notes[0]
    assert run.lost == "port: the line is lost"
    assert "the target failed in the middle" in result.notes[-1]


def test_serial_device_that_is_lost_at_once_is_an_error(plug, keyword_model, keyword_settings):
    plug(lost_after=3)
    with pytest.raises(TargetError, match="serial:///dev/ttyACM0: port: the line is lost"):
        bench([keyword_model], keyword_settings, "serial:///dev/ttyACM0")


def test_serial_device_that_runs_another_model_is_told(plug, keyword_model, keyword_settings):
    plug(change=lambda scores: scores[::-1])
    run = bench([keyword_model], keyword_settings, "serial:///dev/ttyACM0")
    assert "does the device run another model?" in run.notes[-1]
    plug(change=lambda scores: scores[:4])
    with pytest.raises(TargetError, match="expected 12 scores, got 4: the device runs another model"):
        bench([keyword_model], keyword_settings, "serial:///dev/ttyACM0")


def test_serial_device_without_clips_is_timed_all_the_same(plug, keyword_model):
    device = plug()
    (result,) = bench([keyword_model], Settings(), "tcp://127.0.0.1:5555").results
    assert result.latency_us.samples == len(device.warmups) >= 10
    assert result.accuracy is None


def test_serial_device_runs_one_of_several_files_by_its_name(plug, keyword_model, keyword_settings, tmp_path):
    for name in ("first", "second"):
        shutil.copy(keyword_model, tmp_path / f"{name}.tflite")
    files = sorted(tmp_path.glob("*.tflite"))
    plug(model="second")
    run = bench(files, keyword_settings, "serial:///dev/ttyACM0")
    assert [one.artefact for one in run.results] == ["second.tflite"]
    plug(model="kws01")
    with pytest.raises(TargetError, match="the device runs 'kws01': expected the one file that it was made from"):
        bench(files, keyword_settings, "serial:///dev/ttyACM0")


@pytest.mark.parametrize("address", ["serial:", "serial://", "tcp://host", "serial:///dev/x?baud=much"])
def test_serial_address_of_another_form_is_an_error(keyword_model, address):
    with pytest.raises(ConfigError, match="unknown port"):
        bench([keyword_model], Settings(), address)


@pytest.mark.parametrize(
    ("address", "machine"),
    [
        ("serial:///dev/ttyACM0", "///dev/ttyACM0"),
        ("tcp://127.0.0.1:5555", ""),
        ("tcp://hall:5555", "hall"),
        ("board:host", ""),
        ("ethos-u55-128", ""),
    ],
)
def test_target_names_the_machine_whose_processor_it_needs(address, machine):
    assert find_target(address).machine == machine


def test_serial_port_that_is_not_there_is_an_error(keyword_model, tmp_path):
    with pytest.raises(TargetError, match="cannot be opened.*No such file or directory.*: name a serial port"):
        bench([keyword_model], Settings(), f"serial://{tmp_path}/none")


def test_tcp_port_that_nobody_listens_on_is_an_error(keyword_model):
    with pytest.raises(TargetError, match=r"\(Connection refused\): check that a device listens there"):
        bench([keyword_model], Settings(), "tcp://127.0.0.1:1")


def test_firmware_in_qemu_is_benched_over_its_line(keyword_model, keyword_settings, tmp_path, needs):
    needs("arm-none-eabi-gcc", "gcc-arm-none-eabi")
    needs("qemu-system-arm", "qemu-system-arm")
    board = BOARDS["cortex-m4f"]
    program = build_serial(write_firmware(keyword_model, board, tmp_path / "c"), board, tmp_path / "serial.elf")
    with serve(board, program) as url:
        run = bench([keyword_model], keyword_settings, f"serial://{url}")
    (result,) = run.results
    assert (run.environment.cpu, result.runtime_version) == ("edgeasr", "firmware mlperf_kws_int8")
    assert "12 of 12 answers are those of the file" in run.notes[-1]
    assert result.accuracy.n == 12
    assert 3000 < result.latency_us.p50 < 6000  # of an emulated core that does an instruction in a nanosecond
