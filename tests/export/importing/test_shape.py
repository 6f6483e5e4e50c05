"""Features in the shape that a model takes them in."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgeasr.errors import ExportError
from edgeasr_export.importing.shape import fit_shape


@pytest.mark.parametrize(
    ("wanted", "features", "fitted"),
    [
        ((49, 10), (49, 10), (49, 10)),
        ((49, 10, 1), (49, 10), (49, 10, 1)),
        ((1, 49, 10), (49, 10), (1, 49, 10)),
        ((49, 10), (49, 10, 1), (49, 10)),
        ((490,), (49, 10), (490,)),
        ((None,), (49, 10), (490,)),
        ((None, 10), (49, 10), (49, 10)),
        ((None, None, None), (49, 10, 3), (49, 10, 3)),
        ((None, 10, 1), (49, 10), (49, 10, 1)),
        ((16000,), (16000,), (16000,)),
        ((10,), (1, 10), (10,)),
        ((None, 10), (1, 10), (1, 10)),
    ],
)
def test_fit_shape_gives_the_shape_of_the_model(wanted: tuple, features: tuple, fitted: tuple) -> None:
    assert fit_shape(wanted, features, "m") == fitted


@pytest.mark.parametrize("wanted", [(49, 12), (10, 49), (49,), (491,), (49, 10, 2), (None, 11), (None, None, None), ()])
def test_fit_shape_refuses_what_does_not_fit(wanted: tuple) -> None:
    with pytest.raises(ExportError, match="m: takes features of shape .*, got 49 x 10: give the front end"):
        fit_shape(wanted, (49, 10), "m")


@given(st.lists(st.integers(1, 4), min_size=1, max_size=4), st.data())
def test_fit_shape_keeps_the_number_of_values(features: list[int], data: st.DataObject) -> None:
    opened = [data.draw(st.sampled_from((size, None))) if size != 1 else 1 for size in features]
    assert fit_shape(opened, features, "m") == tuple(features)
    assert math.prod(fit_shape([math.prod(features)], features, "m")) == math.prod(features)
