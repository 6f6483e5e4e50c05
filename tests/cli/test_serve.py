"""`edgeasr serve` as a process, and the client of the package wyoming."""

import asyncio
import json
import re
import signal
import subprocess
import sys
import warnings

import numpy as np
import pytest
from click.testing import CliRunner

from edgeasr.card import Card
from edgeasr.cli.serve import command
from edgeasr.errors import ArtefactError, ConfigError
from tests.cli.conftest import FRONTEND

pytest.importorskip("wyoming")

with warnings.catch_warnings(action="ignore", category=DeprecationWarning):  # of audioop, in Python 3.11 and 3.12
    from wyoming.audio import AudioChunk, AudioStart, AudioStop
    from wyoming.client import AsyncClient
    from wyoming.wake import Detect, Detection

MAIN = [sys.executable, "-c", "from edgeasr.cli import main; main()", "serve"]
TONE = np.rint(10_000 * np.sin(2 * np.pi * 500 * np.arange(8000) / 16000)).astype("<i2").tobytes()


async def detect(uri: str) -> Detection:
    form = {"rate": 16000, "width": 2, "channels": 1}
    async with AsyncClient.from_uri(uri, connect_timeout=20, read_timeout=20) as client:
        for event in (Detect(), AudioStart(**form), AudioChunk(**form, audio=TONE), AudioStop()):
            await client.write_event(event.event())
        answer = await client.read_event()
        assert answer is not None
        return Detection.from_event(answer)


@pytest.mark.parametrize(("stop", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_serve_answers_clients_until_it_is_told_to_end(model, stop, code):
    arguments = [model, "--wyoming", "tcp://127.0.0.1:0", "--threshold", "0.5", "--json"]
    with subprocess.Popen([*MAIN, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr.readline() == "bands.onnx: default settings, threshold 0.5\n"
        line = process.stderr.readline()
        uri = re.fullmatch(r"serving wake words low, high at (tcp://127\.0\.0\.1:\d+); Ctrl-C ends\n", line)[1]
        found = asyncio.run(detect(uri))
        assert found.name == "low"
        heard = json.loads(process.stdout.readline())
        assert (heard["type"], heard["name"], heard["timestamp"]) == ("detection", "low", found.timestamp)
        process.send_signal(stop)
        rest = process.stderr.read()
        assert process.wait(20) == code
    assert "Traceback" not in rest


@pytest.mark.parametrize("address", ["127.0.0.1:10400", "tcp://:1", "tcp://here", "unix:///tmp/x", "tcp://here:99999"])
def test_serve_refuses_what_is_no_address(model, address):
    result = CliRunner().invoke(command, [model, "--wyoming", address])
    assert result.exit_code == 2
    assert "expected tcp://HOST:PORT" in result.stderr


def test_serve_gives_each_model_the_thresholds_of_its_own_words(model, write_model, tmp_path, monkeypatch):
    configs = {}

    async def serve(services, *_):
        configs.update({spotter.labels: spotter.config for spotter in (make() for make in services.spotters)})

    monkeypatch.setattr("edgeasr.serve.server.serve", serve)
    card = Card("ears", "float32", ("_silence_", "near", "far"), FRONTEND, "logits", "")
    other = str(write_model(tmp_path / "bands.onnx", card))  # of the same name, which plays no part
    limits = [word for limit in ("0.6", "high=0.7", "far=0.9") for word in ("--threshold", limit)]
    assert CliRunner().invoke(command, [model, other, *limits], catch_exceptions=False).exit_code == 0
    low, near = configs.values()
    assert (low.threshold, low.thresholds) == (0.6, {"high": 0.7})
    assert (near.threshold, near.thresholds) == (0.6, {"far": 0.9})
    with pytest.raises(ConfigError, match="threshold for 'ten', which is none of low, high, near, far"):
        CliRunner().invoke(command, [model, other, "--threshold", "ten=0.5"], catch_exceptions=False)


def test_serve_of_nothing_is_wrong_usage():
    assert CliRunner().invoke(command, []).exit_code == 2


def test_serve_refuses_a_file_that_is_no_model(tmp_path):
    with pytest.raises(ArtefactError, match="no such file"):
        CliRunner().invoke(command, [str(tmp_path / "no.tflite")], catch_exceptions=False)
