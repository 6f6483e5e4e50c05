"""The MLPerf Tiny protocol: the device's side in C, the host's in Python, and both together."""

import contextlib
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

import edgeasr_firmware.boards
from edgeasr.errors import FirmwareError, TargetError
from edgeasr.tflite import read_model
from edgeasr.tflite.interpreter import Interpreter
from edgeasr_firmware.boards import BOARDS, build, run
from edgeasr_firmware.boards.serve import serve
from edgeasr_firmware.export import write_firmware
from edgeasr_firmware.protocol import Device, connect
from edgeasr_firmware.serial_firmware import build_serial

SOURCES = Path(edgeasr_firmware.boards.__file__).parents[1] / "csrc" / "serial"


@pytest.fixture(scope="module")
def adder(tmp_path_factory, on_board):
    """Give a function that sends characters to a device that adds up 40 bytes, and gives what it answers."""
    flags = ("-fsanitize=address,undefined", "-fno-sanitize-recover=all")
    sources = [Path(__file__).parent / "serial_main.c", SOURCES / "ea_serial.c"]
    board, folder = on_board("host"), tmp_path_factory.mktemp("adder")
    program = build(board, sources, folder / "adder", [SOURCES], flags)

    def send(line: bytes) -> list[str]:
        return run(board, program, {"line.bin": line}).files["answers.bin"].decode("latin-1").split("\r\n")[3:-1]

    return send


@pytest.mark.parametrize(
    ("command", "answer"),
    [
        ("name", ["m-name-dut-[adder]"]),
        ("profile", ["m-profile-[ULPMark for tinyML Firmware V0.0.1]", "m-model-[sum01]"]),
        ("timestamp", ["m-lap-us-0"]),
        ("db load 40", ["m-[Expecting 40 bytes]"]),
        ("db load 41", ["e-[expected 1 to 40 bytes]"]),
        ("db load 0", ["e-[expected 1 to 40 bytes]"]),
        ("db load -5", ["e-[expected 1 to 40 bytes]"]),
        ("db load 4294967297", ["e-[expected 1 to 40 bytes]"]),
        ("db 00", ["e-[expected db load N, and then no more than N bytes]"]),
        ("db", ["e-[expected db load N, and then no more than N bytes]"]),
        ("infer 0", ["e-[expected infer N W with N above 0]"]),
        ("results", ["m-results-[0.000000,0.000000]"]),
        ("", ["e-[Unknown command: ]"]),
        ("name it", ["m-name-dut-[adder]"]),
        ("nam", ["e-[Unknown command: nam]"]),
        ("x" * 81, ["e-[the command is too long]"]),
        ("listen", ["m-listen-[8000,4,6]"]),
        ("audio", ["e-[expected 1 to 4 samples]"]),
        ("audio 0", ["e-[expected 1 to 4 samples]"]),
        ("audio 5", ["e-[expected 1 to 4 samples]"]),
    ],
)
def test_device_answers_a_command(adder, command, answer):
    assert adder(f"{command}%".encode()) == [*answer, "m-ready"]


def test_device_loads_runs_and_prints(adder):
    assert adder(b"db load 10%db 0102030405060708%db fFfE00%db print%infer 2 1%")[2:] == [
        "m-ready",
        "m-load-done",
        "m-ready",
        "m-buffer-01-02-03-04-05-06-07-08",
        "m-buffer-ff-fe",
        "m-ready",
        "m-warmup-start-1",
        "m-warmup-done",
        "m-infer-start-2",
        "m-lap-us-1500",
        "m-lap-us-4500",
        "m-infer-done",
        "m-results-[545.000000,-136.250000]",
        "m-ready",
    ]


def test_device_listens_to_bytes_as_they_are(adder):
    loud = np.array([0, 16384, -32768, 37 + 256 * 37], "<i2").tobytes()  # the last one reads "%%"
    assert adder(b"listen%audio 4%" + loud + b"audio 1%" + loud[2:4] + b"name%")[2:] == [
        'm-heard-[2,0.500000,loud, "too"]',
        'm-heard-[4,0.290192,loud, "too"]',
        "m-ready",
        'm-heard-[5,0.500000,loud, "too"]',
        "m-ready",
        "m-name-dut-[adder]",
        "m-ready",
    ]


def test_device_that_still_waits_for_samples_is_brought_back(adder):
    assert adder(b"audio 4%abc" + b" " * 100 + b"%name%")[-3:] == ["m-ready", "m-name-dut-[adder]", "m-ready"]


def test_device_takes_anything(adder):
    rng = np.random.default_rng(0)
    words = [b"db ", b"load ", b"print", b"infer ", b"1 ", b"40", b"%", b"%", b"0f", b"name", b"99999999999", b"listen"]
    noise = [rng.integers(0, 256, 3, np.uint8).tobytes() for _ in range(4)]
    line = b"".join((words + noise)[index] for index in rng.integers(0, 16, 3000))
    answers = adder(line + b"%name%")
    assert answers.count("m-ready") == (line + b"%name%").count(b"%")
    assert answers[-2:] == ["m-name-dut-[adder]", "m-ready"]


class Line:
    """A serial line to a device in this process, which does what a test wants."""

    def __init__(self, answer: Callable[[str], str]):
        self.answer, self.waiting, self.commands = answer, b"", []

    @property
    def in_waiting(self):
        return len(self.waiting)

    def write(self, data):
        for command in data.decode().split("%")[:-1]:
            self.commands.append(command.strip())
            self.waiting += self.answer(self.commands[-1]).encode("latin-1")

    def read(self, size):
        taken, self.waiting = self.waiting[:size], self.waiting[size:]
        return taken


GOOD = {
    "name": "m-name-dut-[fake]\r\n",
    "profile": "m-profile-[x]\r\nm-model-[kws01]\r\n",
    "db": "m-load-done\r\n",
    "infer": "m-lap-us-4294967000\r\nnoise\r\nm-lap-us-704\r\nm-results-[0.25,0.75]\r\n",
}
BOOT = "m-timestamp-mode-performance\r\nm-init-done\r\n"


def good(command):
    return GOOD.get(command.partition(" ")[0], "e-[Unknown command]\r\n") + "m-ready\r\n"


def failing_once(prefix: str, answer: str):
    """Answer well, but for the first command that begins with `prefix`."""
    failed = []

    def reply(command):
        if command.startswith(prefix) and not failed:
            failed.append(command)
            return answer
        return good(command)

    return reply


def test_host_reads_results_and_the_devices_own_clock():
    device = Device(lambda: Line(good), "fake", 0.2)
    assert (device.name, device.model) == ("fake", "kws01")
    done = device.infer(bytes(100), inferences=10)
    assert (done.results, done.latency_us, done.attempts) == ((0.25, 0.75), 100.0, 1)  # the clock ran over


@pytest.mark.parametrize("answer", [f"{BOOT}m-ready\r\n", "", "\xff\xfe\x00m-re", "e-[bad]\r\nm-ready\r\n"])
@pytest.mark.parametrize("command", ["db load", "db 00", "infer"])
def test_host_tries_again_after_a_reset_or_a_disturbed_line(command, answer):
    line = Line(failing_once(command, answer))
    done = Device(lambda: line, "fake", 0.2).infer(bytes(40))
    assert (done.results, done.attempts) == ((0.25, 0.75), 2)


def test_host_gives_up_with_what_came():
    line = Line(lambda command: "m-ready\r\n" if command.startswith("db") else good(command))
    device = Device(lambda: line, "fake", 0.2)
    with pytest.raises(TargetError, match="fake: expected m-load-done after 40 bytes, got 'm-ready'"):
        device.infer(bytes(40))


@pytest.mark.parametrize("answer", ["", "\xff\xff%%", "hello\r\n" * 50])
def test_host_tells_that_no_device_answers(answer):
    with pytest.raises(TargetError, match="no answer within 0.2 s: check the port"):
        Device(lambda: Line(lambda command: answer), "fake", 0.2)


def test_connect_tells_that_there_is_no_port():
    with pytest.raises(TargetError, match="/dev/none: cannot be opened"), connect("/dev/none"):
        pass


@pytest.fixture(scope="module")
def keyword_firmware(real, on_board, tmp_path_factory):
    """Give the keyword model of MLPerf Tiny as firmware for the M4F, behind its serial line: an ELF file."""
    folder, board = tmp_path_factory.mktemp("serial"), on_board("cortex-m4f")
    firmware = write_firmware(real("models/mlperf_kws_int8.tflite"), board, folder / "firmware")
    return build_serial(firmware, board, folder / "serial.elf")


@pytest.mark.parametrize("line", ["pty", "tcp"])
def test_firmware_scores_the_inputs_of_mlperf_over_a_serial_line(real, keyword_firmware, line):
    oracle = Interpreter(read_model(real("models/mlperf_kws_int8.tflite")))
    with zipfile.ZipFile(real("mlperf_tiny_kws01.zip")) as archive:
        inputs = [archive.read(name) for name in sorted(archive.namelist()) if name.endswith(".bin")][:3]
    with serve(BOARDS["cortex-m4f"], keyword_firmware, line) as url, connect(url) as device:
        assert (device.name, device.model) == ("edgeasr", "mlperf_kws_int8")
        for data in inputs:
            done = device.infer(data, inferences=2)
            (scores,) = oracle.run(np.frombuffer(data, np.int8).reshape(1, 49, 10, 1))
            assert np.abs(np.array(done.results) - (scores[0].astype(float) + 128) / 256).max() < 1e-6
            assert 1000 < done.latency_us < 20_000  # of an emulated core that does an instruction in a nanosecond


def test_firmware_that_is_unplugged_and_plugged_in_again_goes_on(real, keyword_firmware, tmp_path):
    port = tmp_path / "ttyACM0"
    board = BOARDS["cortex-m4f"]
    with contextlib.ExitStack() as plugs:
        first = contextlib.ExitStack()
        port.symlink_to(first.enter_context(serve(board, keyword_firmware)))
        with first:
            device = plugs.enter_context(connect(str(port), time_limit_s=30))
            before = device.infer(bytes(490))
        port.unlink()
        port.symlink_to(plugs.enter_context(serve(board, keyword_firmware)))
        after = device.infer(bytes(490))
    assert (before.attempts, after.attempts) == (1, 2)
    assert after.results == before.results


def test_build_serial_refuses_boards_without_a_known_line(tmp_path):
    with pytest.raises(FirmwareError, match="cortex-m55: expected one of cortex-m0, cortex-m3, cortex-m4f, cortex-m7"):
        build_serial(None, BOARDS["cortex-m55"], tmp_path / "x.elf")
