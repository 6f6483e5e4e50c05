"""Memory and load time in a child process."""

import sys

import numpy as np
import pytest

from edgeasr.errors import ArtefactError
from edgeasr_bench.footprint_child import peak_rss_bytes
from edgeasr_bench.memory import measure_footprint


def stand_in(tmp_path, monkeypatch, script):
    """Let a shell script stand in for the Python of the child."""
    path = tmp_path / "python"
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(path))


def test_footprint_is_that_of_the_child_alone(make_bundle):
    path = make_bundle(schemes=["float32"]).path / "tiny.float32.onnx"
    ballast = np.ones(400_000_000, np.uint8)  # ru_maxrss of a child would have this in it
    footprint = measure_footprint(path, "onnxruntime", 1)
    assert len(ballast) > footprint.peak_rss_bytes > 10_000_000
    assert footprint.load_ms > 0
    assert footprint.first_inference_ms > 0


def test_footprint_of_a_damaged_file_is_one_clear_line(tmp_path):
    path = tmp_path / "damaged.onnx"
    path.write_bytes(b"nothing")
    with pytest.raises(ArtefactError, match=r"damaged\.onnx: .*not an ONNX file") as caught:
        measure_footprint(path, "onnxruntime", 1)
    assert "\n" not in str(caught.value)
    assert str(caught.value).startswith(str(path))
    assert not str(caught.value).startswith(f"{path}: {path}")


def test_footprint_of_what_fails_unforeseen_names_the_file(tmp_path):
    with pytest.raises(ArtefactError, match=r"model\.onnx: ValueError: .*'many'"):
        measure_footprint(tmp_path / "model.onnx", "onnxruntime", "many")


def test_footprint_names_the_signal_that_ended_the_child(tmp_path, monkeypatch):
    stand_in(tmp_path, monkeypatch, "kill -SEGV $$")
    with pytest.raises(ArtefactError, match=r"model\.onnx: the process that .* crashed \(SIGSEGV\)"):
        measure_footprint(tmp_path / "model.onnx", "onnxruntime", 1)


def test_peak_rss_is_read_from_the_high_water_mark(tmp_path):
    status = tmp_path / "status"
    status.write_text("Name:\tpython\nVmPeak:\t  9999 kB\nVmHWM:\t    1234 kB\nVmRSS:\t   1000 kB\n")
    assert peak_rss_bytes(status) == 1234 * 1024


def test_peak_rss_falls_back_where_there_is_no_proc(tmp_path):
    assert peak_rss_bytes(tmp_path / "nothing") > 1_000_000
