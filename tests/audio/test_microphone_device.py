"""A real microphone, as far as PortAudio and ALSA can tell: ALSA's file plugin reads it from a FIFO."""

import ctypes.util
import importlib.util
import json
import os
import signal
import subprocess
import sys
import threading
import time

import numpy as np
import pytest

from edgeasr.audio.resample import resample
from edgeasr.data.synthetic import say

pytestmark = [
    pytest.mark.skipif(importlib.util.find_spec("sounddevice") is None, reason="sounddevice is not installed"),
    pytest.mark.skipif(ctypes.util.find_library("portaudio") is None, reason="libportaudio2 is not installed"),
    pytest.mark.skipif(sys.platform != "linux", reason="the fake microphone is an ALSA plugin"),
]

RATE_HZ = 16000
RECORD = """
import sys
from contextlib import closing
from edgeasr.audio.microphone import microphone_blocks
with closing(microphone_blocks("fakemic", 16000, 800, lambda line: print(line, file=sys.stderr))) as blocks:
    for _ in range(20):
        sys.stdout.buffer.write((next(blocks) * 32768).astype("<i2").tobytes())
"""
REPLUGGED = """
import sys
from contextlib import closing
from itertools import islice
from edgeasr.audio import microphone
microphone._STALL_S, microphone._RETRY_S = 0.5, 0.1
notes = []
with closing(microphone.microphone_blocks("fakemic", 16000, 800, notes.append)) as blocks:
    list(islice(blocks, 10))
    print("recording", flush=True)
    while not any("back after" in note for note in notes):
        next(blocks)
    list(islice(blocks, 10))
print(*notes, sep="\\n")
"""
UNPLUGGED = """
from edgeasr.audio.microphone import microphone_blocks
from edgeasr.errors import AudioError
try:
    next(microphone_blocks(None, 16000, 800, print))
except AudioError as error:
    print(error)
"""
LISTEN = """
import sys
from edgeasr.cli import listen, main
from loud import Loud
listen.load = lambda *_: Loud()
sys.argv = ["edgeasr", "listen", "loud.onnx", "--device", "fakemic", "--json"]
main()
"""
MODEL = """
from pathlib import Path
import numpy as np
from edgeasr.card import Card
from edgeasr.features import FrontendConfig
from edgeasr.runtime import Runtime

class Loud(Runtime):
    name, version, threads, path = "fake", "fake 1", 1, Path("loud.onnx")
    card = Card("loud", "", ("_quiet_", "loud"), FrontendConfig(kind="spectrogram"), "probabilities", "")

    def run(self, features):
        loud = min(1.0, float(features[-20:].max(axis=1).mean()) / 30)
        return np.array([1 - loud, loud], np.float32)

    def reset(self):
        pass
"""


class Microphone:
    """A FIFO that ALSA reads as a microphone; audio comes out of it at the pace of real time."""

    def __init__(self, home):
        fifo = home / "mic.fifo"
        os.mkfifo(fifo)
        # Opening a FIFO waits for the other side, and PortAudio opens every device as soon as it is loaded.
        self._file = os.open(fifo, os.O_RDWR)
        (home / ".asoundrc").write_text(
            'pcm.fakemic { type file slave.pcm "null" file "/dev/null" '
            f'infile "{fifo}" format "raw" }}\nctl.fakemic {{ type hw card 0 }}\n'
        )
        self.environment = {
            **os.environ,
            "HOME": str(home),
            "PYTHONPATH": os.pathsep.join([str(home), *sys.path]),
        }
        self._stop = threading.Event()

    def play(self, samples):
        """Play int16 [n] and then silence, until closed, but no longer than 10 s."""
        self._thread = threading.Thread(target=self._feed, args=(samples.astype("<i2").tobytes(),))
        self._thread.start()

    def _feed(self, data):
        due, position = time.monotonic(), 0
        while position < 10 * 2 * RATE_HZ and not self._stop.wait(max(0.0, due - time.monotonic())):
            # A block of the stream at a time: ALSA's plugin takes what a short read leaves for audio.
            os.write(self._file, data[position : position + 640].ljust(640, b"\0"))
            position += 640
            due += 0.02

    def stop(self):
        """Play nothing any more."""
        self._stop.set()
        self._thread.join()
        self._stop.clear()

    def close(self):
        self.stop()
        os.close(self._file)


@pytest.fixture
def microphone(tmp_path):
    device = Microphone(tmp_path)
    yield device
    device.close()


def test_microphone_blocks_are_bit_exact_from_a_real_device(microphone):
    samples = np.random.default_rng(0).integers(-20000, 20000, 2 * RATE_HZ).astype("<i2")
    microphone.play(samples)
    run = subprocess.run([sys.executable, "-c", RECORD], env=microphone.environment, capture_output=True, timeout=30)
    assert run.returncode == 0, run.stderr.decode()
    recorded = np.frombuffer(run.stdout, "<i2")
    assert len(recorded) == 20 * 800
    (start,) = np.flatnonzero((samples[:-1] == recorded[0]) & (samples[1:] == recorded[1]))
    np.testing.assert_array_equal(recorded, samples[start : start + len(recorded)])
    assert b"lost" not in run.stderr


def test_microphone_blocks_go_on_after_a_real_device_was_silent(microphone):
    noise = np.random.default_rng(0).integers(-20000, 20000, 10 * RATE_HZ)
    with subprocess.Popen(
        [sys.executable, "-c", REPLUGGED], env=microphone.environment, stdout=subprocess.PIPE, text=True
    ) as process:
        microphone.play(noise)
        assert process.stdout.readline() == "recording\n"
        microphone.stop()
        time.sleep(1.5)
        microphone.play(noise)
        try:
            stdout, _ = process.communicate(timeout=20)
        finally:
            process.kill()
    assert process.returncode == 0
    lost, back = (note for note in stdout.splitlines() if not note.startswith("microphone: audio lost"))
    assert lost.startswith("the microphone has given no audio for 0.5 s")
    assert back.startswith("the microphone is back after ")


def test_listen_finds_the_words_that_a_real_device_hears(microphone, exported):
    words = [np.pad(resample(say(word), RATE_HZ).samples, RATE_HZ // 2) for word in ("three", "seven")]
    listen = [sys.executable, "-m", "edgeasr", "listen", str(exported.path / "ds-cnn.int8.tflite"), "--json"]
    with subprocess.Popen(
        [*listen, "--device", "fakemic"],
        env=microphone.environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as process:
        microphone.play(np.rint(np.concatenate(words) * 32767))
        try:
            events = [json.loads(process.stdout.readline()) for _ in words]
            process.send_signal(signal.SIGINT)
            assert process.wait(20) == 0
        finally:
            process.kill()
    assert [event["label"] for event in events] == ["three", "seven"]
    assert 0.5 < events[1]["time_s"] - events[0]["time_s"] < 3


def test_listen_to_a_real_device_until_interrupted(microphone, tmp_path):
    (tmp_path / "loud.py").write_text(MODEL)
    seconds = np.arange(2 * RATE_HZ) / RATE_HZ
    samples = 20000 * np.sin(2 * np.pi * 440 * seconds) * (seconds > 1)
    with subprocess.Popen(
        [sys.executable, "-c", LISTEN],
        env=microphone.environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        microphone.play(samples)
        assert '"label": "loud"' in process.stdout.readline()
        process.send_signal(signal.SIGINT)
        try:
            _, stderr = process.communicate(timeout=20)
        finally:
            process.kill()  # a hang fails the test, and does not hang the others
    assert process.returncode == 0
    assert stderr.splitlines()[-1].endswith(" s of audio, events: 1")
    assert "Traceback" not in stderr


def test_microphone_blocks_without_a_device_is_one_clear_line(tmp_path):
    (tmp_path / ".asoundrc").write_text("")
    run = subprocess.run(
        [sys.executable, "-c", UNPLUGGED],
        env={**os.environ, "HOME": str(tmp_path), "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        timeout=30,
    )
    if not run.stdout:
        pytest.skip("this machine has a microphone")
    assert run.stdout.startswith("cannot record from the default microphone (")
    assert "arecord" in run.stdout
    assert len(run.stdout.splitlines()) == 1
