"""How ranges are chosen: what each method promises, on any values."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgeasr_export.calibration import METHODS, find_ranges
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


@given(st.integers(0, 2**32 - 1), st.sampled_from(sorted(METHODS)), st.floats(0.1, 100))
def test_range_lies_within_what_was_seen(seed: int, method: str, size: float) -> None:
    seen = histogram(np.random.default_rng(seed).laplace(size=500) * size)
    low, high = METHODS[method](seen)
    assert seen.edges[0] <= low <= 0 <= high <= seen.edges[-1]
    assert low < high


def test_minmax_clips_nothing() -> None:
    assert METHODS["minmax"](histogram(np.array([-3.0, 0.5, 9.0]))) == (-3.0, 9.0)


def test_percentile_leaves_out_the_rarest_values() -> None:
    values = np.random.default_rng(0).standard_normal(200_000)
    values[0], values[1] = 80.0, -80.0
    low, high = METHODS["percentile"](histogram(values))
    outside = np.mean((values < low) | (values > high))
    assert outside < 1.2e-4
    assert high < 10
    assert low > -10


@pytest.mark.parametrize("outlier", [10.0, 40.0])
def test_mse_has_less_error_than_minmax_where_outliers_are_rare(outlier: float) -> None:
    values = np.random.default_rng(0).standard_normal(50_000)
    values[0] = outlier
    seen = histogram(values)
    wide, chosen = (squared_error(values, *METHODS[method](seen)) for method in ("minmax", "mse"))
    assert chosen <= wide
    even = np.linspace(-1, 1, 50_000)  # nothing to clip: the whole range is the best
    assert METHODS["mse"](histogram(even)) == pytest.approx((-1, 1), abs=0.02)


def test_ranges_hold_zero_and_are_shared_within_a_group(monkeypatch: pytest.MonkeyPatch) -> None:
    seen = [{"a": np.float32([2, 3]), "b": np.float32([-1, 5])}, {"a": np.float32([4]), "b": np.float32([1])}]

    def trace(path: Path, feeds: Iterator[Any]) -> Iterator[dict[str, Any]]:
        return iter(seen)

    monkeypatch.setattr(ranges_module, "trace", trace)
    assert find_ranges(Path("f"), lambda: iter(()), "minmax") == {"a": (0.0, 4.0), "b": (-1.0, 5.0)}
    assert find_ranges(Path("f"), lambda: iter(()), "minmax", [("a", "b")]) == {"a": (-1.0, 5.0), "b": (-1.0, 5.0)}
    low, high = find_ranges(Path("f"), lambda: iter(()), "mse")["a"]
    assert low == 0 < high <= 4
