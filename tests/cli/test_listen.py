import json
import os
import pty
import re
import shutil
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from edgeasr.audio.clip import Clip
from edgeasr.audio.devices import Device
from edgeasr.audio.wav import write_wav
from edgeasr.builtin import BUILTIN
from edgeasr.bundle import Artefact, Bundle
from edgeasr.cli.listen import command
from edgeasr.errors import ArtefactError, AudioError, ConfigError
from edgeasr.runtime import load
from edgeasr.spot import Spotter, SpotterConfig

MAIN = [sys.executable, "-c", "from edgeasr.cli import main; main()", "listen"]


@pytest.fixture(scope="session")
def pcm():
    """Give 3.1 s at 16 kHz: 500 Hz at 0.5-0.9 s and 2.0-2.4 s, 6 kHz at 1.2-1.6 s."""
    time = np.arange(49600) / 16000
    audio = 0.0005 * np.random.default_rng(0).standard_normal(len(time))
    for start, end, hz in ((0.5, 0.9, 500), (1.2, 1.6, 6000), (2.0, 2.4, 500)):
        inside = (time >= start) & (time < end)
        audio[inside] += 0.3 * np.sin(2 * np.pi * hz * time[inside])
    return np.rint(audio * 32768).astype("<i2")


@pytest.fixture(scope="session")
def clip(tmp_path_factory, pcm):
    path = tmp_path_factory.mktemp("listen") / "clip.wav"
    write_wav(path, Clip(pcm.astype(np.float32) / 32768, 16000))
    return str(path)


def listen(*arguments, **kwargs):
    result = CliRunner().invoke(command, arguments, catch_exceptions=False, **kwargs)
    assert result.exit_code == 0, result.output
    return result


def test_listen_prints_one_line_an_event(model, clip):
    result = listen(model, clip)
    lines = result.stdout.splitlines()
    assert [line.split()[2] for line in lines] == ["low", "high", "low"]
    assert all(re.fullmatch(r" {3}\d\.\d\d s  (low|high)  [01]\.\d\d", line) for line in lines)
    assert re.fullmatch(
        r"bands.onnx: default settings, threshold 0.8\n"
        r"bands.onnx: float32, run by onnxruntime \S+, threads: 1\n3.1 s of audio, events: 3\n",
        result.stderr,
    )


def test_listen_json_prints_what_the_spotter_finds(model, clip, pcm):
    spotter = Spotter(load(model))
    events = spotter.feed(pcm.astype(np.float32) / 32768) + spotter.finish()
    assert [json.loads(line) for line in listen(model, clip, "--json").stdout.splitlines()] == [
        {"time_s": round(event.time_s, 3), "label": event.label, "score": round(event.score, 4)} for event in events
    ]


def test_listen_options_reach_the_spotter(model, clip, pcm):
    options = ["--hop-ms", "30", "--smoothing-ms", "90", "--threshold", "0.5", "--refractory-ms", "120"]
    spotter = Spotter(load(model), SpotterConfig(30, 90, 0.5, 120))
    events = spotter.feed(pcm.astype(np.float32) / 32768) + spotter.finish()
    lines = listen(model, clip, "--json", *options, "--threads", "2", "--runtime", "onnxruntime").stdout.splitlines()
    assert [json.loads(line)["time_s"] for line in lines] == [round(event.time_s, 3) for event in events]
    assert len(lines) > 3


def test_listen_gain_changes_the_level(model, clip):
    assert listen(model, clip, "--gain", "-40").stdout == ""
    assert "clipped" in listen(model, clip, "--gain", "20").stderr


def test_listen_gain_that_is_no_number_is_refused(model, clip):
    result = CliRunner().invoke(command, [model, clip, "--gain", "nan"])
    assert result.exit_code == 2
    assert "Invalid value for '--gain': expected a finite number, got nan" in result.stderr


def test_listen_to_stdin_gives_the_events_of_the_file(model, clip, pcm):
    assert listen(model, "-", input=pcm.tobytes()).stdout == listen(model, clip).stdout


@pytest.mark.parametrize("size", [333, 30001])  # bytes: samples are cut in two as well
def test_listen_to_a_pipe_gives_the_events_of_the_file_at_any_chunk_size(model, clip, pcm, size):
    data = pcm.tobytes()
    with subprocess.Popen([*MAIN, model, "-"], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        for start in range(0, len(data), size):
            process.stdin.write(data[start : start + size])
            process.stdin.flush()
        stdout, _ = process.communicate()
    assert process.returncode == 0
    assert stdout.decode() == listen(model, clip).stdout


def test_listen_to_stdin_at_another_rate(model, pcm):
    events = listen(model, "-", "--rate", "48000", "--json", input=np.repeat(pcm, 3).tobytes()).stdout.splitlines()
    expected = listen(model, "-", "--json", input=pcm.tobytes()).stdout.splitlines()
    for event, same in zip(map(json.loads, events), map(json.loads, expected), strict=True):
        assert event["label"] == same["label"]
        assert event["time_s"] == pytest.approx(same["time_s"], abs=0.11)


def test_listen_notes_a_stdin_that_ends_in_a_sample(model, pcm):
    result = listen(model, "-", input=pcm.tobytes() + b"\x01")
    assert "standard input ended in the middle of a sample" in result.stderr
    assert len(result.stdout.splitlines()) == 3


def test_listen_hears_nothing_in_silence(model):
    result = listen(model, "-", input=bytes(64000))
    assert result.stdout == ""
    assert result.stderr.endswith("2.0 s of audio, events: 0\n")


def test_listen_refuses_a_stdin_without_audio(model):
    with pytest.raises(AudioError, match="got none"):
        listen(model, "-", input=b"")


def test_listen_refuses_a_model_without_card(write_model, tmp_path, clip):
    with pytest.raises(ArtefactError, match="labels and front end"):
        listen(str(write_model(tmp_path / "other.onnx", None)), clip)


def test_listen_refuses_a_hop_that_the_front_end_cannot_take(model, clip):
    with pytest.raises(ConfigError, match="hop_ms must lie in 10"):
        listen(model, clip, "--hop-ms", "2")


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["clip.wav", "--rate", "8000"], "--rate is for audio on standard input"),
        (["-", "--device", "0"], "--device is for the microphone"),
        (["clip.wav", "--channel", "2"], "--channel is for the microphone"),
        (["-", "--threshold", "0"], "threshold"),
        (["-", "--threads", "0"], "threads"),
        (["-", "--runtime", "abacus"], "abacus"),
    ],
)
def test_listen_wrong_usage_exits_with_2(model, arguments, complaint):
    result = CliRunner().invoke(command, [model, *arguments])
    assert result.exit_code == 2
    assert complaint in result.stderr


def test_listen_leaves_quietly_when_its_reader_does(model, clip):
    with subprocess.Popen(
        [*MAIN, model, "-", "--json"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        data = (0.3 * 32767 * np.sin(np.arange(16000))).astype("<i2").tobytes()
        process.stdin.write(data)
        process.stdin.flush()
        assert json.loads(process.stdout.readline())["label"] == "low"  # flushed while the pipe is open
        process.stdout.close()
        with suppress(BrokenPipeError):  # it may be gone before all is written
            process.stdin.write(data * 5)
            process.stdin.flush()
        stderr = process.stderr.read().decode()
        assert process.wait(20) == 0
    assert all(line.startswith("bands.onnx: ") for line in stderr.splitlines())


@pytest.mark.parametrize(("stop", "code"), [(signal.SIGINT, 0), (signal.SIGTERM, 143)])
def test_listen_to_stdin_that_is_ended_keeps_what_was_heard(model, pcm, tmp_path, stop, code):
    command = [*MAIN, model, "-", "--record", tmp_path / "heard"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        process.stdin.write(pcm[:16000].tobytes())  # less than what is recorded after an event
        process.stdin.flush()
        process.stdout.readline()
        process.send_signal(stop)
        stderr = process.stderr.read().decode()
        assert process.wait(20) == code
    assert len(list((tmp_path / "heard").iterdir())) == 1
    assert ("s of audio, events: 1\n" in stderr) == (code == 0)
    assert stderr.endswith("heard: 1 recordings\n") == (code == 0)


def test_listen_to_a_file_interrupted_is_no_success(model, clip, monkeypatch):
    def interrupt(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(Spotter, "feed", interrupt)
    result = CliRunner().invoke(command, [model, clip])
    assert result.exit_code == 1
    assert "s of audio" not in result.stderr


@pytest.mark.parametrize("live", [True, False])
def test_listen_live_view_is_drawn_on_a_terminal_and_events_stay_on_stdout(model, clip, live):
    ours, theirs = pty.openpty()
    flags = ["--live"] if live else []
    with subprocess.Popen(
        [*MAIN, model, clip, *flags],
        stdout=subprocess.PIPE,
        stderr=theirs,
        env={**os.environ, "TERM": "xterm", "COLUMNS": "80"},
    ) as process:
        os.close(theirs)
        drawn = b""
        while True:
            try:
                drawn += os.read(ours, 4096)
            except OSError:  # EIO: the other side has closed the terminal
                break
        stdout = process.stdout.read().decode()
        assert process.wait(20) == 0
    os.close(ours)
    assert (b"dBFS" in drawn) == live
    assert (b"\x1b[" in drawn) == live
    assert b"events: 3" in drawn
    assert stdout == listen(model, clip).stdout


def test_listen_live_is_silent_where_stderr_is_no_terminal(model, clip):
    assert "dBFS" not in listen(model, clip, "--live").stderr


def test_listen_imports_nothing_heavy(model, clip):
    code = (
        "import sys; from edgeasr.cli.listen import command\n"
        "command.main(sys.argv[1:], standalone_mode=False)\n"
        "heavy = {'tensorflow', 'keras', 'librosa', 'soundfile', 'soxr', 'sounddevice', 'rich', 'onnx'}\n"
        "print(sorted(heavy & set(sys.modules)))"
    )
    run = subprocess.run([sys.executable, "-c", code, model, clip], capture_output=True, text=True, check=True)
    assert run.stdout.splitlines()[-1] == "[]"


def test_listen_runs_a_command_for_events_and_says_what_it_left_out(model, clip, tmp_path):
    script = "import os, sys; open(sys.argv[1], 'a').write(os.environ['EDGEASR_LABEL'])"
    result = listen(model, clip, "--exec", f'{sys.executable} -c "{script}" {tmp_path / "heard"}')
    assert (tmp_path / "heard").read_text() == "low"
    assert "--exec: not run for 2 events that came while it ran or within a second\n" in result.stderr
    assert len(result.stdout.splitlines()) == 3


def test_listen_records_what_it_hears(model, clip, tmp_path):
    result = listen(model, clip, "--record", str(tmp_path / "heard"))
    times = [line.split()[0] for line in result.stdout.splitlines()]
    names = sorted(path.name for path in (tmp_path / "heard").iterdir())
    assert [re.search(r"-0*(\d+\.\d\d)s-", name)[1] for name in names] == times
    assert result.stderr.endswith("heard: 3 recordings\n")


def test_listen_takes_the_settings_that_the_bundle_keeps(model, clip, tmp_path):
    folder = shutil.copytree(BUILTIN, tmp_path / "bundle")
    file = Path(shutil.copy(model, tmp_path))
    bundle = Bundle.open(folder).add(Artefact(file.name, "onnx", "float32", {}), file)
    bundle.keep_spotting({"config": {"threshold": 0.7, "minimum_count": 1000}, "measured": {}})
    artefact = str(folder / file.name)
    result = listen(artefact, clip)
    assert result.stdout == ""
    assert "bands.onnx: the settings kept with it, threshold 0.7\n" in result.stderr
    result = listen(artefact, clip, "--minimum-count", "1", "--threshold", "0.6")
    assert "the settings kept with it, threshold 0.6\n" in result.stderr
    assert len(result.stdout.splitlines()) == 3


def test_listen_lists_the_microphones(monkeypatch):
    there = [Device(3, "USB thing", 2, 44100, True), Device(5, "other", 1, 16000, False)]
    monkeypatch.setattr("edgeasr.cli.listen.devices_there", lambda: there)
    assert json.loads(listen("--list-devices", "--json").stdout) == {
        "devices": [
            {"number": 3, "name": "USB thing", "channels": 2, "sample_rate_hz": 44100, "default": True},
            {"number": 5, "name": "other", "channels": 1, "sample_rate_hz": 16000, "default": False},
        ]
    }
    rows = listen("--list-devices").stdout.splitlines()
    assert any(re.fullmatch(r"\s*3\s+USB thing\s+2\s+44100\s+default\s*", row) for row in rows)
    monkeypatch.setattr("edgeasr.cli.listen.devices_there", list)
    result = listen("--list-devices")
    assert result.stdout == ""
    assert result.stderr.startswith("no microphone: plug one in, or pipe the audio in")


def test_listen_without_an_artefact_is_wrong_usage():
    result = CliRunner().invoke(command, [])
    assert result.exit_code == 2
    assert "Missing argument 'ARTEFACT'" in result.stderr
