"""`edgeasr listen` on a board that does the listening; the board is a fake one, whose line is real enough."""

import contextlib
import json

import numpy as np
import pytest
from click.testing import CliRunner

from edgeasr.audio.clip import Clip
from edgeasr.audio.wav import write_wav
from edgeasr.cli.listen import command
from edgeasr.errors import ConfigError, TargetError
from edgeasr_firmware import protocol
from tests.firmware.test_listening import Ear, loud


@pytest.fixture
def clip(tmp_path):
    write_wav(tmp_path / "clip.wav", Clip(0.9 * loud(100, 8, 50), 8000))
    return str(tmp_path / "clip.wav")


@pytest.fixture
def board(monkeypatch):
    """Give a function that plugs in a board."""

    def put(ear):
        device = protocol.Device(lambda: ear, "ear", 0.2)
        monkeypatch.setattr(protocol, "connect", lambda url, baud: contextlib.nullcontext(device))

    return put


def listen(*arguments):
    return CliRunner().invoke(command, arguments, catch_exceptions=False)


def test_listen_prints_what_a_board_hears(board, clip):
    board(Ear())
    done = listen("serial:///dev/ttyACM0", clip)
    assert done.exit_code == 0
    assert done.stdout.splitlines() == ["   0.00 s  a, [b]  0.75", "   0.01 s  a, [b]  0.75"]
    assert done.stderr.splitlines() == ["serial:///dev/ttyACM0: ear runs words", "0.0 s of audio, events: 2"]


def test_listen_prints_json_from_a_board_that_is_reset_meanwhile(board, clip):
    board(Ear(fail=lambda block: block == 4))
    done = listen("tcp://hall:5555", clip, "--json")
    assert [json.loads(line)["label"] for line in done.stdout.splitlines()] == ["a, [b]", "a, [b]"]
    assert "reset or the line disturbed, times: 1" in done.stderr


@pytest.mark.parametrize("option", [["--threshold", "0.5"], ["--runtime", "reference"], ["--live"]])
def test_listen_does_not_take_settings_for_a_board(board, clip, option):
    board(Ear())
    done = listen("serial:///dev/ttyACM0", clip, *option)
    assert done.exit_code == 2
    assert "a board listens as its firmware was built" in done.stderr


def test_listen_tells_of_a_port_that_is_none(clip, tmp_path):
    with pytest.raises(ConfigError, match="unknown port 'tcp://hall'"):
        listen("tcp://hall", clip)
    with pytest.raises(TargetError, match="cannot be opened"):
        listen(f"serial://{tmp_path}/none", clip)


def test_board_gets_samples_as_the_integers_that_they_are(board, tmp_path):
    ear, taken = Ear(), []
    hear = ear.hear
    ear.hear = lambda samples: taken.extend(samples.tolist()) or hear(samples)
    board(ear)
    samples = np.array([0, 1, -1, 32767, -32768, 1000, -999, 5], np.float32) / 32768
    write_wav(tmp_path / "clip.wav", Clip(samples, 8000))
    listen("serial:///dev/ttyACM0", str(tmp_path / "clip.wav"))
    assert taken == [0, 1, -1, 32767, -32768, 1000, -999, 5, 0, 0, 0]  # and half a window of silence
