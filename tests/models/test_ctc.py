"""How the output of the CTC models follows their input."""

from functools import cache
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgeasr.models import MODELS, build, model_spec

CTC = tuple(name for name in MODELS if name.startswith("ctc-"))
LABELS = 5


@cache
def _model(name: str) -> Any:
    return build(name, (None, model_spec(name).frontend.bins), LABELS)


def _features(name: str, frames: int) -> np.ndarray:
    return np.random.default_rng(0).standard_normal((1, frames, model_spec(name).frontend.bins)).astype(np.float32)


@pytest.mark.parametrize("name", CTC)
def test_model_gives_as_many_frames_as_its_spec_says(name: str) -> None:
    ctc = model_spec(name).ctc
    assert ctc

    @settings(max_examples=25, deadline=None)
    @given(frames=st.integers(1, 2000))
    def check(frames: int) -> None:
        if ctc.count(frames):
            assert _model(name).compute_output_shape((1, frames, model_spec(name).frontend.bins)) == (
                1,
                ctc.count(frames),
                LABELS,
            )

    check()
    for frames in (ctc.first, ctc.first + 1, ctc.first + 2, 40):
        assert np.asarray(_model(name)(_features(name, frames))).shape == (1, ctc.count(frames), LABELS)
    assert ctc.count(ctc.first) == 1
    assert ctc.count(ctc.first - 1) == 0


@pytest.mark.parametrize("name", CTC)
def test_model_looks_ahead_as_far_as_its_spec_says(name: str) -> None:
    ctc = model_spec(name).ctc
    assert ctc
    known = 20 + (ctc.lookahead or 0)
    features = _features(name, known + 20)
    before = np.asarray(_model(name)(features))
    features[:, known:] += 1
    changed = (np.asarray(_model(name)(features)) != before).any(axis=(0, 2))
    settled = 0 if ctc.lookahead is None else ctc.count(known - ctc.lookahead)
    assert changed[settled:].all()
    assert not changed[:settled].any()


@pytest.mark.parametrize(("name", "frames"), [("ctc-wavenet", 559), ("ctc-wavenet-small", 373)])
def test_wavenet_looks_back_as_far_as_it_says(name: str, frames: int) -> None:
    features = _features(name, frames + 1)
    before = np.asarray(_model(name)(features))
    features[:, 0] += 100
    changed = (np.asarray(_model(name)(features)) != before).any(axis=(0, 2))
    assert changed[0]
    assert not changed[-1]  # which takes the frames after the first
