"""A device that spots keywords by itself: the host's side, and the firmware in QEMU beside the spotter in Python."""

import re

import numpy as np
import pytest

from edgeasr.errors import ConfigError, TargetError
from edgeasr.runtime import load
from edgeasr.spot import Event, Spotter, SpotterConfig
from edgeasr_firmware.boards.serve import serve
from edgeasr_firmware.export import find_model, write_firmware
from edgeasr_firmware.listening import DeviceSpotter
from edgeasr_firmware.port import Port, find_port
from edgeasr_firmware.protocol import Device, connect
from edgeasr_firmware.serial_firmware import _text, build_serial
from tests.firmware.test_listen import stream


class Ear:
    """A line to a device that hears each sample above half of full scale; `fail` may take the answer to a block."""

    def __init__(self, fail=lambda block: False):
        self.fail, self.waiting, self.heard, self.blocks = fail, b"", 0, 0

    @property
    def in_waiting(self):
        return len(self.waiting)

    def read(self, size):
        taken, self.waiting = self.waiting[:size], self.waiting[size:]
        return taken

    def close(self):
        pass

    def write(self, data):
        if found := re.match(rb"audio (\d+)%", data):
            assert len(data) == found.end() + 2 * int(found[1]) <= found.end() + 8
            answer = self.hear(np.frombuffer(data[found.end() :], "<i2"))
        else:
            answer = "".join(map(self.do, data.decode().strip().split("%")[:-1]))
        self.waiting += answer.encode()

    def do(self, command):
        if command == "listen":
            self.heard = 0
        known = {"name": "m-name-dut-[ear]", "profile": "m-model-[words]", "listen": "m-listen-[8000,4,6]"}
        return known.get(command, "e-[Unknown command: ]") + "\r\nm-ready\r\n"

    def hear(self, samples):
        self.blocks += 1
        if self.fail(self.blocks):
            return "m-init-done\r\nm-ready\r\n"
        lines = [f"m-heard-[{self.heard + at + 1},0.75,a, [b]]" for at in np.flatnonzero(samples > 16384)]
        self.heard += len(samples)
        return "".join(f"{line}\r\n" for line in [*lines, "m-ready"])


def open_spotter(ear):
    return DeviceSpotter(Device(lambda: ear, "ear", 0.2))


def loud(length, *places):
    samples = np.zeros(length, np.float32)
    samples[list(places)] = 1.0
    return samples


def test_device_spotter_gives_events_in_the_time_of_the_stream():
    spotter = open_spotter(Ear())
    assert (spotter.sample_rate_hz, spotter.hop_samples) == (8000, 4)
    assert spotter.feed(loud(10, 1, 8)) == [Event(2 / 8000, "a, [b]", 0.75), Event(9 / 8000, "a, [b]", 0.75)]
    assert spotter.feed(loud(3, 2)) == [Event(13 / 8000, "a, [b]", 0.75)]
    assert spotter.finish() == []
    assert (spotter.time_s, spotter.interruptions) == (13 / 8000, 0)


def test_device_spotter_goes_on_after_a_reset_in_the_time_of_the_stream():
    spotter = open_spotter(Ear(fail=lambda block: block == 2))
    events = spotter.feed(loud(12, 0, 5, 9))
    assert [event.time_s for event in events] == [1 / 8000, 10 / 8000]  # the second block is lost
    assert spotter.interruptions == 1


def test_device_spotter_gives_up_a_device_that_is_gone():
    ear = Ear()
    spotter = open_spotter(ear)
    ear.write = lambda data: None
    with pytest.raises(TargetError, match="ear: expected a device that speaks"):
        spotter.feed(loud(4))


def test_device_that_cannot_listen_is_an_error():
    ear = Ear()
    ear.do = lambda command: Ear.do(ear, "" if command == "listen" else command)
    with pytest.raises(TargetError, match="answers 'listen' with e-"):
        open_spotter(ear)


@pytest.mark.parametrize(
    ("address", "port"),
    [
        ("serial:///dev/ttyACM0", Port("/dev/ttyACM0", 115200)),
        ("serial:///dev/ttyUSB1?baud=921600", Port("/dev/ttyUSB1", 921600)),
        ("serial://COM3", Port("COM3")),
        ("tcp://127.0.0.1:5555", Port("socket://127.0.0.1:5555")),
    ],
)
def test_port_is_read_from_its_address(address, port):
    assert find_port(address) == port


@pytest.mark.parametrize(
    "address", ["serial:", "serial://", "serial:///dev/x?speed=1", "serial:///dev/x?baud=fast", "tcp://host"]
)
def test_port_of_another_form_is_an_error(address):
    with pytest.raises(ConfigError, match="expected serial:///dev/ttyACM0"):
        find_port(address)


def test_label_as_a_string_of_c_keeps_its_letters_and_nothing_of_the_protocol():
    assert _text('a "b"\\%]\n7?') == r'"a \042b\042\1347\077"'
    assert _text("é") == r'"\303\251"'


@pytest.mark.slow
def test_firmware_hears_over_its_line_what_the_spotter_in_python_hears(exported, on_board, tmp_path):
    path = find_model(exported.path)
    model = load(path, "reference")
    samples = stream(model.frontend.sample_rate_hz).astype(np.float32) / 32768
    spotter = Spotter(model, SpotterConfig())
    expected = spotter.feed(samples) + spotter.finish()
    board = on_board("cortex-m4f")
    program = build_serial(write_firmware(path, board, tmp_path / "firmware"), board, tmp_path / "serial.elf")
    with serve(board, program) as url, connect(url, time_limit_s=30) as device:
        listening = DeviceSpotter(device)
        heard = listening.feed(samples) + listening.finish()
    assert [(event.time_s, event.label) for event in heard] == [(event.time_s, event.label) for event in expected]
    assert [event.score for event in heard] == pytest.approx([event.score for event in expected], abs=0.01)
    assert len(heard) >= 5
    assert listening.interruptions == 0
