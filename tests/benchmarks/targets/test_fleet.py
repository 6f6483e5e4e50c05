"""Several targets in one run."""

import pytest

from edgeasr.errors import ConfigError, TargetError
from edgeasr_bench import Settings, bench_all

pytestmark = pytest.mark.usefixtures("without_keras")


def test_fleet_keeps_the_runs_of_the_others_when_one_fails(make_bundle, board):
    said = []
    dead = "ssh://127.0.0.1:1"
    artefact = [make_bundle().path / "tiny.float32.onnx"]
    found = dict(bench_all(artefact, Settings(seconds=0.05), [dead, board.address, "local"], notify=said.append))
    assert isinstance(found.pop(dead), TargetError)
    assert list(found) == ["local", board.address]  # this machine first, while the devices leave it alone
    assert {run.target for run in found.values()} == set(found)
    assert all(run.results[0].latency_us.samples for run in found.values())


@pytest.mark.parametrize(
    ("targets", "complaint"), [(["local", "local"], "each target once"), (["local", "mars"], "unknown target 'mars'")]
)
def test_fleet_of_wrong_names_is_an_error_before_anything_is_measured(make_bundle, targets, complaint):
    with pytest.raises(ConfigError, match=complaint):
        next(bench_all([make_bundle().path], Settings(seconds=0.05), targets))


def test_local_target_is_one_place_only(make_bundle):
    ((_, found),) = bench_all([make_bundle().path], Settings(seconds=0.05), ["local:attic"])
    assert isinstance(found, ConfigError)
    assert "expected local" in str(found)
