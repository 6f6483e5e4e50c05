"""How ranges are chosen: what each method promises, on any values."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgeasr_export.calibration import METHODS, find_ranges, unlikeness
from edgeasr_export.calibration import ranges as ranges_module
from edgeasr_export.calibration.methods import Histogram


def histogram(values: np.ndarray) -> Histogram:
    low, high = min(values.min(), 0.0), max(values.max(), 0.0)
    counts, edges = np.histogram(values, 2048, (low, max(high, low + 1e-12)))
    return Histogram(edges, counts)


def squared_error(values: np.ndarray, low: float, high: float) -> float:
    step = (high - low) / 255
    rounded = np.clip(np.rint((values - low) / step) * step + low, low, high)
    return float(np.square(values - rounded).mean())


@settings(deadline=None)
@given(st.integers(0, 2**32 - 1), st.sampled_from(sorted(METHODS)), st.floats(0.1, 100))
def test_range_lies_within_what_was_seen(seed: int, method: str, size: float) -> None:
    seen = histogram(np.random.default_rng(seed).laplace(size=500) * size)
    low, high = METHODS[method](seen, 256)
    assert seen.edges[0] <= low <= 0 <= high <= seen.edges[-1]
    assert low < high


def test_minmax_clips_nothing() -> None:
    assert METHODS["minmax"](histogram(np.array([-3.0, 0.5, 9.0])), 256) == (-3.0, 9.0)


def test_percentile_leaves_out_the_rarest_values() -> None:
    values = np.random.default_rng(0).standard_normal(200_000)
    values[0], values[1] = 80.0, -80.0
    low, high = METHODS["percentile"](histogram(values), 256)
    outside = np.mean((values < low) | (values > high))
    assert outside < 1.2e-4
    assert high < 10
    assert low > -10


@pytest.mark.parametrize("outlier", [10.0, 40.0])
def test_mse_has_less_error_than_minmax_where_outliers_are_rare(outlier: float) -> None:
    values = np.random.default_rng(0).standard_normal(50_000)
    values[0] = outlier
    seen = histogram(values)
    wide, chosen = (squared_error(values, *METHODS[method](seen, 256)) for method in ("minmax", "mse"))
    assert chosen <= wide
    even = np.linspace(-1, 1, 50_000)  # nothing to clip: the whole range is the best
    assert METHODS["mse"](histogram(even), 256) == pytest.approx((-1, 1), abs=0.02)


def test_mse_clips_less_where_there_are_more_levels() -> None:
    seen = histogram(np.random.default_rng(0).laplace(size=50_000))
    (_, of_8_bits), (_, of_16_bits) = (METHODS["mse"](seen, levels) for levels in (2**8, 2**16))
    assert of_8_bits < of_16_bits


def test_unlikeness_names_features_of_another_kind() -> None:
    rng = np.random.default_rng(0)
    calibration, verification = (rng.normal(-8, 3, (40, 20, 8)).astype(np.float32) for _ in range(2))
    assert unlikeness(calibration, verification) == ""
    assert "outside of their range" in unlikeness(calibration[:1, :2], verification)
    assert "outside of their range" in unlikeness(np.full_like(calibration, -13.8), verification)  # silence
    assert "1.3 deviations away" in unlikeness((calibration + 8) * 1.9 - 4, verification)
    assert "vary 3" in unlikeness((calibration + 8) * 3 - 8, verification)


def test_unlikeness_leaves_out_what_fills_an_utterance_up() -> None:
    features = np.random.default_rng(0).normal(-8, 1, (40, 20, 8)).astype(np.float32)
    short = features.copy()
    short[:, 5:] = 0
    assert unlikeness(short, features) == ""
    assert unlikeness(np.zeros_like(features), features) == "are all zero"
    assert unlikeness(features, np.zeros_like(features)) == "are not all zero, as those for verification are"


def test_ranges_hold_zero_and_are_shared_within_a_group(monkeypatch: pytest.MonkeyPatch) -> None:
    seen = [{"a": np.float32([2, 3]), "b": np.float32([-1, 5])}, {"a": np.float32([4]), "b": np.float32([1])}]

    def trace(path: Path, feeds: Iterator[Any]) -> Iterator[dict[str, Any]]:
        return iter(seen)

    monkeypatch.setattr(ranges_module, "trace", trace)
    assert find_ranges(Path("f"), lambda: iter(()), ["minmax"], 256) == {"minmax": {"a": (0.0, 4.0), "b": (-1.0, 5.0)}}
    both = find_ranges(Path("f"), lambda: iter(()), ["minmax", "mse"], 256, [("a", "b")])
    assert both["minmax"] == {"a": (-1.0, 5.0), "b": (-1.0, 5.0)}
    assert both["mse"]["a"] == both["mse"]["b"]
    low, high = find_ranges(Path("f"), lambda: iter(()), ["mse"], 256)["mse"]["a"]
    assert low == 0 < high <= 4


@pytest.mark.parametrize("method", METHODS)
def test_what_is_always_zero_has_a_range_too(method: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ranges_module, "trace", lambda path, feeds: iter([{"a": np.zeros(9, np.float32)}]))
    low, high = find_ranges(Path("f"), lambda: iter(()), [method], 256)[method]["a"]
    assert low == 0
    assert high > 1e-3
