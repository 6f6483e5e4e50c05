"""Estimates of Ethos-U processors by their compiler."""

import importlib.util
import json
import os

import pytest

from edgeasr.errors import ConfigError, MissingPackageError, TargetError
from edgeasr_bench import Settings, bench
from edgeasr_bench.report import write_report
from edgeasr_bench.targets import ethos


@pytest.fixture
def vela():
    """Demand ethos-u-vela."""
    if importlib.util.find_spec("ethosu") is None:
        (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)("pip install ethos-u-vela")


@pytest.mark.parametrize(("name", "cycles", "mhz"), [("u55-128", 89_900, 500), ("u65-256", 56_879, 1000)])
def test_ethos_gives_what_the_compiler_says_and_nothing_measured(keyword_model, vela, name, cycles, mhz):
    run = bench([keyword_model], Settings(), f"ethos-{name}")
    (result,) = run.results
    assert (run.kind, run.environment.cpu) == ("estimated", f"Ethos-{name.upper()}")
    assert "estimated by the compiler" in run.notes[-1]
    assert (result.latency_us, result.accuracy, result.peak_rss_bytes) == (None, None, None)
    found = result.estimate
    assert found.cycles == pytest.approx(cycles, rel=0.2)  # another version of the compiler counts a little otherwise
    assert (found.clock_mhz, found.on_cpu, found.operators) == (mhz, 0, 39)
    assert found.us == pytest.approx(found.cycles / mhz, rel=0.01)
    assert 20_000 < found.sram_bytes < 24_000
    assert 24_000 < found.storage_bytes < 40_000


def test_report_labels_an_estimate_and_ranks_it_nowhere(keyword_model, vela, tmp_path):
    run = bench([keyword_model], Settings(), "ethos-u85-256")
    write_report(tmp_path / "report.html", [run])
    page = (tmp_path / "report.html").read_text()
    assert "(estimated)" in page or "Estimated, not measured" in page
    assert f"{run.results[0].estimate.cycles:,}" in page
    assert "Accuracy against latency" not in page
    assert json.loads(run.to_json())["results"][0]["latency_us"] is None


def test_ethos_without_its_compiler_says_what_to_install(keyword_model, monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda module: None)
    with pytest.raises(MissingPackageError, match=r"pip install 'edgeasr\[ethos\]'"):
        bench([keyword_model], Settings(), "ethos-u55-128")


@pytest.mark.parametrize("name", ["", "u55", "u55-32", "u99-128"])
def test_ethos_of_another_name_is_an_error(keyword_model, name):
    with pytest.raises(ConfigError, match="expected one of ethos-u55-128, ethos-u65-256, ethos-u85-256"):
        bench([keyword_model], Settings(), f"ethos-{name}")


def test_ethos_tells_what_the_compiler_does_not_take(tmp_path, vela):
    (tmp_path / "broken.tflite").write_bytes(b"TFL3" * 100)
    with pytest.raises(TargetError, match="broken.tflite: ethos-u-vela does not take it"):
        ethos.estimate(tmp_path / "broken.tflite", "u55-128")


def test_chips_take_int8_files_only(make_bundle, without_keras):
    with pytest.raises(TargetError, match="expected int8 TFLite files, got none: make one with"):
        bench([make_bundle().path], Settings(), "ethos-u55-128")
