"""The speed that export tells of."""

import time
from math import floor

import pytest

from edgeasr.bundle import Bundle
from edgeasr_export.speed import speed_ratio


def test_speed_is_measured_by_a_clock_that_is_coarser_than_a_call(
    exported: Bundle, monkeypatch: pytest.MonkeyPatch
) -> None:
    paths = {file.name: exported.path / file.name for file in exported.manifest.artefacts}
    exact = time.process_time
    monkeypatch.setattr(time, "process_time", lambda: floor(exact() * 64) / 64)
    ratio = speed_ratio(paths["ds-cnn.int8.tflite"], paths["ds-cnn.float32.tflite"], exported.samples().verification)
    assert 0.3 < ratio < 4
