"""Multiply-accumulates, counted by hand."""

import pytest

from edgeasr.models import build
from edgeasr.models.cost import count_macs


def test_the_published_count_of_ds_cnn() -> None:
    first = 25 * 5 * 10 * 4 * 64
    block = 25 * 5 * (9 * 64 + 64 * 64)
    assert count_macs(build("ds-cnn", (49, 10), 12)) == first + 4 * block + 64 * 12  # 2.7 M, as Zhang et al. say


def test_recurrent_and_wrapped_layers_are_counted_for_every_step() -> None:
    frames, bins, units, labels = 7, 161, 200, 29
    step = bins * 3 * units + units * 3 * units
    assert count_macs(build("ctc-gru-dense", (frames, bins), labels)) == frames * (step + units * labels)
    both = 2 * (bins * units + units * units)
    assert count_macs(build("ctc-birnn", (frames, bins), labels)) == frames * (both + 2 * units * labels)


def test_an_open_dimension_is_refused() -> None:
    with pytest.raises(ValueError, match="build it for a number of frames"):
        count_macs(build("ctc-gru-dense", (None, 161), 29))
