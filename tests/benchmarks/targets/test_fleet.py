"""Several targets in one run."""

import threading
import time
from itertools import pairwise

import pytest

from edgeasr.errors import ConfigError, TargetError
from edgeasr_bench import Settings, bench_all
from edgeasr_bench.fleet import read_fleet
from edgeasr_bench.targets import address

pytestmark = pytest.mark.usefixtures("without_keras")


def test_fleet_keeps_the_runs_of_the_others_when_one_fails(make_bundle, board):
    said = []
    dead = "ssh://127.0.0.1:1"
    artefact = [make_bundle().path / "tiny.float32.onnx"]
    fleet = dict.fromkeys([dead, board.address, "local"], Settings(seconds=0.05))
    found = dict(bench_all(artefact, fleet, notify=said.append))
    assert isinstance(found.pop(dead), TargetError)
    assert list(found) == [board.address, "local"]
    assert {run.target for run in found.values()} == set(found)
    assert all(run.results[0].latency_us.samples for run in found.values())


def test_fleet_with_a_wrong_name_is_an_error_before_anything_is_measured(make_bundle):
    with pytest.raises(ConfigError, match="unknown target 'mars'"):
        next(bench_all([make_bundle().path], dict.fromkeys(["local", "mars"], Settings(seconds=0.05))))


def test_fleet_measures_one_at_a_time_on_a_machine_and_machines_at_the_same_time(make_bundle, monkeypatch):
    spans = {}
    together = threading.Barrier(2)  # met by one target of each of two hosts only

    def measure(place, candidates, settings, note, progress):
        start = time.monotonic()
        if place.startswith("//a@"):
            together.wait(timeout=20)
        time.sleep(0.05)
        spans[place] = (start, time.monotonic())
        raise TargetError("nothing there")

    monkeypatch.setattr(address, "resolve", lambda registry, kind, what: measure)
    hosts = ["//a@one", "//b@one", "//a@two", "//localhost", "//127.0.0.1:22", "//[::1]"]
    fleet = dict.fromkeys([f"ssh:{place}" for place in hosts], Settings())
    found = list(bench_all([make_bundle().path / "tiny.float32.onnx"], fleet))
    assert all(isinstance(run, TargetError) for _, run in found)
    assert [target for target, _ in found[:3]] == ["ssh://localhost", "ssh://127.0.0.1:22", "ssh://[::1]"]

    def one_by_one(*places):
        ordered = sorted(spans[place] for place in places)
        return all(before[1] <= after[0] for before, after in pairwise(ordered))

    assert one_by_one(*hosts[3:])
    assert one_by_one(*hosts[:2])
    assert not one_by_one(hosts[0], hosts[2])


def test_local_target_is_one_place_only(make_bundle):
    ((_, found),) = bench_all([make_bundle().path], {"local:attic": Settings(seconds=0.05)})
    assert isinstance(found, ConfigError)
    assert "expected local" in str(found)


def test_fleet_file_gives_each_target_settings_of_its_own(tmp_path):
    (tmp_path / "fleet.toml").write_text(
        """
        [[target]]
        address = "local"

        [[target]]
        address = "ssh://pi@kitchen"
        threads = [1, 4]
        cpus = [2, 3]
        bootstrap = true
        """
    )
    plain = Settings(seconds=0.05, clean=True)
    fleet = read_fleet(tmp_path / "fleet.toml", plain)
    assert fleet == {
        "local": plain,
        "ssh://pi@kitchen": Settings(seconds=0.05, threads=(1, 4), cpus=(2, 3), bootstrap=True, clean=True),
    }


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "expected .target., which is not there"),
        ("target = []", "expected each target once, got none"),
        ("[[target]]\naddress = 'local'\n[[target]]\naddress = 'local'", "expected each target once, got local, local"),
        ("[[target]]\naddress = 'local'\nthreads = 2", "threads: expected a list, got 2"),
        ("[[target]]\naddress = 'local'\nthreads = [0]", "threads: expected different whole numbers from 1"),
        ("[[target]]\naddress = 'local'\nspeed = 2", "unknown setting 'speed'"),
        ("[[target]\n", "cannot read the settings"),
    ],
)
def test_fleet_file_that_is_wrong_is_an_error(tmp_path, text, complaint):
    (tmp_path / "fleet.toml").write_text(text)
    with pytest.raises(ConfigError, match=complaint):
        read_fleet(tmp_path / "fleet.toml", Settings())
