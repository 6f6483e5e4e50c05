"""Utterances that are filled up say themselves how long they are."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from edgeasr.features.clip import count_frames, pad_frames


@given(lengths=st.lists(st.integers(0, 20), min_size=1, max_size=5), extra=st.integers(0, 10), seed=st.integers(0, 99))
def test_frames_of_padding_are_told_from_frames_of_speech(lengths: list[int], extra: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    window = max(lengths) + extra
    utterances = [rng.standard_normal((length, 3)).astype(np.float32) for length in lengths]
    padded = np.stack([pad_frames(utterance, window) for utterance in utterances])
    assert padded.shape == (len(lengths), window, 3)
    if window:
        assert count_frames(padded).tolist() == lengths
        assert int(count_frames(padded[0])) == lengths[0]
    for row, utterance in zip(padded, utterances, strict=True):
        np.testing.assert_array_equal(row[: len(utterance)], utterance)


def test_a_quiet_frame_within_speech_is_no_end() -> None:
    features = np.ones((4, 2), np.float32)
    features[1] = 0
    assert int(count_frames(pad_frames(features, 6))) == 4
