"""Rooms and microphones."""

import numpy as np

from edgeasr.data.room import colour, room_response


def test_room_response_begins_with_the_direct_sound_and_dies_away() -> None:
    for seed in range(20):
        response = room_response(16000, np.random.default_rng(seed))
        assert response[0] == 1
        assert not response[1:30].any()
        first, last = np.array_split(np.square(response[1:]), 2)
        assert last.sum() < first.sum() / 100


def test_colour_without_gain_and_room_changes_nothing() -> None:
    samples = np.random.default_rng(0).standard_normal(5000).astype(np.float32)
    plain = colour(samples, 16000, 0.0, None, np.random.default_rng(1))
    np.testing.assert_allclose(plain, samples, atol=1e-5)


def test_colour_by_a_room_is_a_convolution() -> None:
    rng = np.random.default_rng(0)
    samples, response = rng.standard_normal(3000).astype(np.float32), room_response(16000, rng)
    heard = colour(samples, 16000, 0.0, response, rng)
    np.testing.assert_allclose(heard, np.convolve(samples, response)[:3000], atol=1e-3)


def test_colour_stays_within_the_gain_it_is_given() -> None:
    click = np.zeros(4096, np.float32)
    click[0] = 1
    for seed in range(5):
        spectrum = np.abs(np.fft.rfft(colour(click, 16000, 6.0, None, np.random.default_rng(seed))))
        level_db = 20 * np.log10(spectrum)
        assert np.abs(level_db).max() < 6.01
        assert np.ptp(level_db) > 1
