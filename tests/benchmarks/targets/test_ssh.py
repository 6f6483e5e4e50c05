"""Measuring over ssh, on loopback."""

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from edgeasr.errors import ConfigError, TargetError
from edgeasr_bench import Settings, bench
from edgeasr_bench.targets.boards import BOARDS
from edgeasr_bench.targets.emulated import make_root
from tests.benchmarks.targets.conftest import site_packages

QUICK = Settings(seconds=0.05)

pytestmark = pytest.mark.usefixtures("without_keras")


def test_ssh_gives_the_answers_of_this_machine(board, make_bundle):
    bundle = make_bundle()
    here, there = bench([bundle.path], QUICK), bench([bundle.path], QUICK, board.address)
    assert (there.target, there.kind) == (board.address, "measured")
    for mine, theirs in zip(here.results, there.results, strict=True):
        assert theirs.accuracy == mine.accuracy
        assert theirs.agreement == mine.agreement
        assert theirs.sha256 == mine.sha256
        assert theirs.runtime_version == mine.runtime_version
        assert theirs.latency_us.p50 > 0
        assert theirs.latency_with_frontend_us.p50 > theirs.frontend_us.p50
        assert theirs.peak_rss_bytes > 10_000_000
    assert there.results[1].ratio_to_float.baseline == there.results[0].artefact


def test_ssh_sends_a_file_once(board, artefact):
    def written():
        own = ("__pycache__", "cache")  # of Python and of the runtime there
        paths = [path for path in board.folder.rglob("*") if path.is_file() and not set(own) & set(path.parts)]
        return {path: path.stat().st_mtime_ns for path in paths}

    bench(artefact, QUICK, board.address)
    first = written()
    assert artefact[0].read_bytes() in [path.read_bytes() for path in first]
    bench(artefact, QUICK, board.address)
    assert written() == first


def test_ssh_runs_a_file_in_numpy_where_there_is_no_runtime(board, keyword_model, tmp_path):
    for part in ("numpy", "numpy.libs"):
        (tmp_path / part).symlink_to(Path(np.__file__).parents[1] / part)
    board.put_program("python3", f'PYTHONPATH="$PYTHONPATH:{tmp_path}" exec {sys.executable} -S "$@"')
    (result,) = bench([keyword_model], QUICK, board.address, runtime="reference").results
    assert (result.runtime, result.runtime_version) == ("reference", f"numpy {np.__version__}")
    with pytest.raises(TargetError, match="no tflite: pass --bootstrap"):
        bench([keyword_model], QUICK, board.address)


def test_ssh_leaves_nothing_that_it_is_told_to_clean(board, make_bundle):
    bench([make_bundle().path / "tiny.float32.onnx"], replace(QUICK, clean=True), board.address)
    assert list(board.home.iterdir()) == []


def test_ssh_measures_with_each_number_of_threads_on_the_cores_that_it_is_given(board, make_bundle):
    core = min(os.sched_getaffinity(0))
    settings = replace(QUICK, threads=(1, 2), cpus=(core,), duty_cycle_ms=20, window_s=0.01)
    run = bench([make_bundle().path], settings, board.address)
    assert [(one.artefact, one.threads) for one in run.results] == [
        (name, threads) for threads in (1, 2) for name in ("tiny.float32.onnx", "tiny.int8.onnx")
    ]
    assert len(run.samples_ns) == 4
    for one in run.results:
        assert one.ratio_to_float.baseline == "tiny.float32.onnx"
        assert one.duty_cycle.hop_ms == 20
        assert one.duty_cycle.real_time_factor > 0
        assert len(one.throughput.per_second) == 5
        assert sum(operator.us for operator in one.operators) > 0
        assert 0 < one.own_call_us.p50 < one.latency_us.p50


@pytest.mark.parametrize(
    ("address", "complaint"),
    [
        ("ssh://", "expected ssh://"),
        ("ssh:board", "expected ssh://"),
        ("ssh://board:port", "expected ssh://"),
        ("ssh://[::1", "expected ssh://"),
        ("ssh://board:0", "expected ssh://"),
        ("ssh://board/home", "expected ssh://"),
        ("telnet://board", "unknown target 'telnet://board': expected one of board, browser, emulated, ethos, local, "),
    ],
)
def test_ssh_address_of_another_form_is_an_error(make_bundle, address, complaint):
    with pytest.raises(ConfigError, match=re.escape(complaint)):
        bench([make_bundle().path], QUICK, address)


def fails(address, artefacts, complaint, settings=QUICK):
    """Check that a run fails with one line that names the target and says what is wrong."""
    with pytest.raises(TargetError, match=re.escape(complaint)) as caught:
        bench(artefacts, settings, address)
    assert str(caught.value).startswith(f"{address}: ")
    assert "\n" not in str(caught.value)


@pytest.fixture
def artefact(make_bundle):
    return [make_bundle().path / "tiny.float32.onnx"]


def test_ssh_to_a_port_where_nobody_listens_says_so(board, artefact):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        fails(f"ssh://127.0.0.1:{free.getsockname()[1]}", artefact, "connection refused")


def test_ssh_to_an_unknown_host_does_not_connect(board, artefact):
    board.known_hosts.write_text("")
    fails(board.address, artefact, "its host key is not known")
    assert board.known_hosts.read_text() == ""
    assert not board.folder.exists()


def test_ssh_to_a_host_whose_key_changed_does_not_connect(board, artefact):
    other = board.known_hosts.with_name("user.pub").read_text().split()[1]
    name, kind, _ = board.known_hosts.read_text().split()
    board.known_hosts.write_text(f"{name} {kind} {other}\n")
    fails(board.address, artefact, "its host key is another than the one that ssh knows")
    assert not board.folder.exists()


def test_ssh_without_a_key_that_is_accepted_says_so(board, artefact):
    board.known_hosts.with_name("authorized_keys").write_text("")
    fails(board.address, artefact, "it accepts no key of yours")


@pytest.mark.parametrize(
    ("script", "complaint"),
    [
        (
            'if [ "$1" = --version ]; then echo Python 3.7.3; else exit 1; fi',
            "expected Python 3.9 or newer that works, got Python 3.7.3",
        ),
        ("exit 127", "expected Python 3.9 or newer"),
    ],
)
def test_ssh_to_a_device_with_an_old_or_dead_python_says_so(board, artefact, script, complaint):
    for name in ("python3", *(f"python3.{minor}" for minor in range(9, 15))):
        board.put_program(name, script)
    fails(board.address, artefact, complaint)


def test_ssh_to_a_device_without_the_runtime_says_how_to_bring_it(board, artefact):
    board.put_program("python3", f'exec {sys.executable} -S -E "$@"')
    fails(board.address, artefact, "no numpy and no onnxruntime: pass --bootstrap")


def test_ssh_to_a_full_disk_says_so(board, artefact):
    real = shutil.which("tar")
    board.put_program("tar", f"{real} -tf - >/dev/null; echo 'tar: No space left on device' >&2; exit 2")
    fails(board.address, artefact, "files cannot be written there (tar: No space left on device)")
    board.programs.joinpath("tar").unlink()
    assert bench(artefact, QUICK, board.address).results


def test_ssh_to_a_disk_with_too_little_room_says_how_little_before_it_sends(board, artefact, small_disk):
    board.folder.symlink_to(small_disk)
    fails(board.address, artefact, "its disk is too full: ")
    assert list(small_disk.iterdir()) == []


def test_ssh_does_not_mind_a_clock_there_that_jumps(board, artefact):
    jumping = board.home / "jumping"
    jumping.mkdir()
    (jumping / "sitecustomize.py").write_text(
        "import itertools, pathlib, time\n"
        "days = itertools.cycle((0, 1000, -1000))\n"
        "time.time = lambda: 1.6e9 + 86400 * next(days)\n"
        "time.time_ns = lambda: int(1e9 * time.time())\n"
        f"pathlib.Path({str(jumping / 'loaded')!r}).touch()\n"
    )
    board.put_program("python3", f'PYTHONPATH="{jumping}:$PYTHONPATH:{site_packages()}" exec {sys.executable} "$@"')
    here, there = bench(artefact, QUICK), bench(artefact, QUICK, board.address)
    assert (jumping / "loaded").exists()
    (mine,), (theirs,) = here.results, there.results
    assert theirs.accuracy == mine.accuracy
    assert 0 < theirs.latency.p50 < 1e6
    assert 0 < theirs.load_ms < 1e5
    assert there.environment.time_utc[:4] == here.environment.time_utc[:4]  # of the machine that keeps the record


def run_and_kill(board, artefacts, settings, kill):
    """Run in a thread, call `kill` once the agent is timing; give the run or the error."""
    begun, found = threading.Event(), []

    def progress(stage, done):
        if stage == "timing":
            begun.set()

    def work():
        try:
            found.append(bench(artefacts, settings, board.address, progress=progress))
        except TargetError as error:
            found.append(error)
        begun.set()

    thread = threading.Thread(target=work)
    thread.start()
    assert begun.wait(60)
    kill()
    thread.join(60)
    return found[0]


def agents():
    """List the processes of agents that run."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        with suppress(OSError):
            words = path.read_bytes().split(b"\0")
            if b"edgeasr_bench.agent" in words and b"-m" in words:
                found.append(int(path.parent.name))
    return found


def test_ssh_keeps_what_has_come_when_the_agent_is_killed(board, artefact):
    def kill():
        time.sleep(2)
        for agent in agents():
            os.kill(agent, signal.SIGKILL)

    run = run_and_kill(board, artefact, Settings(seconds=30), kill)
    (result,) = run.results
    assert result.latency_us.samples > 0
    assert result.notes[-1].startswith("timed for less than it should be")
    assert "SIGKILL, perhaps for want of memory" in run.lost
    assert run.notes[-1].endswith(run.lost)


def kill_sessions(board):
    """End the processes of the sshd that hold the connections, as a device that is switched off."""
    children = Path(f"/proc/{board.pid}/task/{board.pid}/children").read_text().split()
    for child in children:
        os.kill(int(child), signal.SIGKILL)


def test_ssh_says_when_the_device_is_lost(board, artefact):
    run = run_and_kill(board, artefact, Settings(seconds=30), lambda: kill_sessions(board))
    said = str(run) if isinstance(run, TargetError) else run.notes[-1]
    assert "the device was lost in the middle" in said


@pytest.mark.slow
@pytest.mark.parametrize("minor", [9, 10, 11, 12, 13])
def test_ssh_brings_a_bare_python_what_it_lacks(board, artefact, minor):
    command = [f"python3.{minor}", "-c", "import sys; print(sys.executable)"]
    if (
        shutil.which(command[0]) is None
        or (found := subprocess.run(command, capture_output=True, text=True)).returncode
    ):
        pytest.skip(f"python3.{minor} is not installed")
    board.put_program("python3", f'unset PYTHONHOME; exec {found.stdout.strip()} -s "$@"')
    here, there = bench(artefact, QUICK), bench(artefact, replace(QUICK, bootstrap=True), board.address)
    assert there.environment.python.startswith(f"3.{minor}.")
    assert there.results[0].runtime_version.startswith("onnxruntime ")
    assert there.results[0].sha256 == here.results[0].sha256


@pytest.mark.slow
def test_ssh_brings_an_emulated_board_the_wheels_of_its_architecture(board, exported, needs):
    qemu = needs("qemu-aarch64", "qemu-user")
    needs("apt-get", "apt")
    pi, artefacts = BOARDS["pi4"], [exported.path / "ds-cnn.float32.tflite", exported.path / "ds-cnn.int8.tflite"]
    root = make_root("pi4", pi)
    board.put_program("python3", f'exec {qemu} -cpu {pi.cpu} -L {root} {root}/usr/bin/python3.11 "$@"')
    run = bench(artefacts, replace(QUICK, bootstrap=True), board.address)
    assert (run.environment.machine, run.environment.cpu) == ("aarch64", pi.model)
    assert [one.runtime_version.partition(" ")[0] for one in run.results] == ["ai-edge-litert"] * 2
    environment = sum(path.stat().st_size for path in board.folder.rglob("*") if path.is_file())
    assert environment < 125e6  # NumPy and LiteRT, and all that edgeasr puts there
    packages = {path.name.partition("-")[0] for path in board.folder.iterdir()}
    assert packages >= {"ai", "numpy", "agent"}
