import re
import tracemalloc
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from edgeasr.errors import ArtefactError, AudioError, ConfigError
from edgeasr.features import Frontend
from edgeasr.spot import Event, Spotter, SpotterConfig

CONFIG = SpotterConfig(hop_ms=20, smoothing_ms=60, threshold=0.7, refractory_ms=250)


def listen(spotter, *chunks):
    return [event for chunk in chunks for event in spotter.feed(chunk)] + spotter.finish()


def plain_events(model, audio, config):
    """Spot keywords in a whole clip, written once more without any state."""
    frontend = model.frontend
    rate, hop, window = frontend.sample_rate_hz, frontend.hop_samples, frontend.window_samples
    padded = np.pad(audio, (window, frontend.clip_samples // 2))
    frames = [Frontend(frontend)(padded[i : i + window]) for i in range(0, len(padded) - window + 1, hop)]
    frames = np.concatenate([frames[0]] * (frontend.frames - 1) + frames)  # the first is silence
    step = round(config.hop_ms / frontend.hop_ms)
    ends = range(step, len(frames) - frontend.frames + 1, step)
    scores = np.array([model.run(frames[end : end + frontend.frames]) for end in ends])
    span = max(1, round(config.smoothing_ms / config.hop_ms))
    before = np.concatenate([np.zeros((span - 1, scores.shape[1])), scores])
    events, last = [], {}
    for i, end in enumerate(ends):
        mean = before[i : i + span].mean(axis=0)
        label, time_s = model.labels[mean.argmax()], end * hop / rate
        rested = time_s - last.get(label, -9) >= config.refractory_ms / 1000
        if label[0] != "_" and mean.max() >= config.threshold and rested:
            last[label] = time_s
            events.append(Event(min(time_s, len(audio) / rate), label, mean.max()))
    return events


def test_spotter_finds_each_tone_soon_after_its_start(band_model, tones):
    events = listen(Spotter(band_model(), CONFIG), tones)
    assert [event.label for event in events] == ["low", "low", "high", "high", "low", "low"]
    firsts = [events[0], events[2], events[4]]
    for event, start in zip(firsts, (0.5, 1.2, 2.0), strict=True):
        assert start < event.time_s < start + 0.15
    assert all(event.score >= 0.7 for event in events)


@pytest.mark.parametrize("config", [CONFIG, SpotterConfig(30, 0, 0.8, 0), SpotterConfig(190, 380, 0.5, 1000)])
def test_spotter_equals_its_plain_rewrite(band_model, tones, config):
    got, expected = listen(Spotter(band_model(), config), tones), plain_events(band_model(), tones, config)
    assert expected
    assert [(one.time_s, one.label) for one in got] == [(one.time_s, one.label) for one in expected]
    np.testing.assert_allclose([event.score for event in got], [event.score for event in expected], atol=1e-5)


@settings(deadline=None, max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.integers(0, 24000), max_size=20))
def test_spotter_events_do_not_depend_on_the_chunks(band_model, tones, cuts):
    whole = listen(Spotter(band_model(), CONFIG), tones)
    assert listen(Spotter(band_model(), CONFIG), *np.split(tones, sorted(cuts))) == whole


ALL_SETTINGS = replace(
    CONFIG, smoothing="exponential", thresholds={"high": 0.6}, hysteresis=0.2, minimum_count=2, refractory_ms=100
)


@settings(deadline=None, max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.integers(0, 24000), max_size=20), st.sampled_from(["mean", "max", "exponential"]), st.booleans())
def test_spotter_events_do_not_depend_on_the_chunks_with_any_settings(
    band_model, band_steps, tones, cuts, smoothing, steps
):
    make, config = band_steps if steps else band_model, replace(ALL_SETTINGS, smoothing=smoothing)
    whole = listen(Spotter(make(), config), tones)
    assert [event.label for event in whole] == ["low", "high", "low"]  # one for each tone: hysteresis
    assert listen(Spotter(make(), config), *np.split(tones, sorted(cuts))) == whole


def test_spotter_runs_a_step_model_step_by_step_and_hears_what_its_window_hears(band_model, band_steps, tones):
    stepping = band_steps()
    events = listen(Spotter(stepping, CONFIG), tones)
    assert stepping.steps == stepping.stepping.steps + (24000 + 800) // 160  # before the stream, and once a hop
    expected = listen(Spotter(band_model(), CONFIG), tones)
    assert [(event.time_s, event.label) for event in events] == [(event.time_s, event.label) for event in expected]


@pytest.mark.parametrize(
    ("hop_ms", "hop_samples"), [(10, 160), (20, 160), (50, 320), (60, 480), (100, 800), (190, 1440)]
)
def test_spotter_hop_is_a_whole_number_of_the_models_steps(band_steps, tones, hop_ms, hop_samples):
    spotter = Spotter(band_steps(), replace(CONFIG, hop_ms=hop_ms))
    assert spotter.hop_samples == hop_samples
    assert {event.label for event in listen(spotter, tones)} == {"low", "high"}


def test_spotter_refuses_a_threshold_of_a_label_that_there_is_not(band_model):
    with pytest.raises(ConfigError, match="threshold for 'medium', which is none of low, high"):
        Spotter(band_model(), replace(CONFIG, thresholds={"medium": 0.5}))


@pytest.mark.parametrize("level", [1.0, 0.05])
def test_spotter_survives_full_scale_noise(band_model, level):
    draw = np.random.default_rng(0)
    spotter = Spotter(band_model(), CONFIG)
    spotter.feed(np.float32(level) * draw.choice(np.array([-1, 1], np.float32), 8000))
    assert spotter.level_dbfs == pytest.approx(20 * np.log10(level), abs=1e-4)
    assert np.isfinite(spotter.scores).all()


@pytest.mark.parametrize("minutes", [3, pytest.param(60, marks=pytest.mark.slow)])
def test_spotter_hears_nothing_in_a_long_silence_and_then_still_hears(band_model, tones, minutes):
    spotter = Spotter(band_model(), replace(CONFIG, hop_ms=100))
    second = np.zeros(8000, np.float32)
    assert not any(spotter.feed(second) for _ in range(60 * minutes))
    assert spotter.time_s == 60 * minutes
    events = listen(spotter, tones)
    expected = listen(Spotter(band_model(), replace(CONFIG, hop_ms=100)), tones)
    assert [event.time_s - 60 * minutes for event in events] == pytest.approx([event.time_s for event in expected])


@pytest.mark.parametrize("size", [1, 7, 79, 80, 81, 127, 160, 4096])
def test_spotter_events_do_not_depend_on_the_size_of_equal_chunks(band_model, tones, size):
    audio = tones[:9000]
    whole = listen(Spotter(band_model(), CONFIG), audio)
    assert len(whole) == 2
    chunks = [audio[i : i + size] for i in range(0, len(audio), size)]
    assert listen(Spotter(band_model(), CONFIG), *chunks) == whole


@settings(deadline=None, max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.integers(0, 1500))
def test_spotter_events_of_a_label_keep_the_refractory_time(band_model, tones, refractory_ms):
    events = listen(Spotter(band_model(), replace(CONFIG, refractory_ms=refractory_ms)), tones)
    for label in ("low", "high"):
        times_s = [event.time_s for event in events if event.label == label]
        assert times_s
        assert np.all(np.diff(times_s) >= refractory_ms / 1000 - 1e-9)


def test_spotter_reset_is_as_new(band_model, tones):
    model = band_model()
    spotter = Spotter(model, CONFIG)
    first = listen(spotter, tones)
    spotter.feed(tones[:5001])
    spotter.reset()
    assert spotter.time_s == 0
    assert listen(spotter, tones) == first
    assert model.resets == 2


def test_spotter_finds_a_word_at_the_very_start_and_at_the_very_end(band_model, tones):
    tone = tones[4000:4800]  # 0.1 s of the 500 Hz tone and nothing else
    spotter = Spotter(band_model(), replace(CONFIG, smoothing_ms=0))
    (event,) = spotter.feed(tone)
    assert event.label == "low"
    assert 0 < event.time_s < 0.1
    spotter.reset()
    assert spotter.feed(np.zeros(8000, np.float32)) == []
    assert spotter.feed(tone[:240]) == []
    (event,) = spotter.finish()
    assert (event.label, event.time_s) == ("low", 8240 / 8000)  # the silence of the end takes no time


def test_spotter_runs_the_model_once_a_hop(band_model):
    model = band_model()
    spotter = Spotter(model, CONFIG)
    assert (spotter.hop_samples, model.runs) == (160, 0)
    spotter.feed(np.zeros(159, np.float32))
    assert model.runs == 0
    spotter.feed(np.zeros(1, np.float32))
    assert model.runs == 1
    spotter.feed(np.zeros(1600, np.float32))
    assert model.runs == 11


def test_spotter_shows_level_time_and_scores(band_model):
    spotter = Spotter(band_model(), CONFIG)
    assert spotter.level_dbfs == -120
    spotter.feed(np.tile(np.array([0.5, -0.5], np.float32), 2000))
    assert spotter.level_dbfs == pytest.approx(-6.02, abs=0.01)
    assert spotter.time_s == 0.5
    assert spotter.scores.argmax() == 2
    assert spotter.scores.sum() == pytest.approx(1)
    spotter.feed(np.zeros(0, np.float32))
    assert spotter.level_dbfs == pytest.approx(-6.02, abs=0.01)


def test_spotter_takes_the_nearest_whole_number_of_front_end_hops(band_model):
    assert Spotter(band_model(), SpotterConfig(hop_ms=34)).hop_samples == 240


@pytest.mark.parametrize("hop_ms", [1.0, 4.9, 220.0])
def test_spotter_refuses_a_hop_beyond_front_end_and_window(band_model, hop_ms):
    with pytest.raises(ConfigError, match=r"hop_ms must lie in 10 .* to 190 .*, got"):
        Spotter(band_model(), SpotterConfig(hop_ms=hop_ms))


def test_spotter_refuses_a_model_without_card(band_model):
    model = band_model()
    model.card = None
    with pytest.raises(ArtefactError, match=r"fake\.tflite: expected an artefact that carries its labels"):
        Spotter(model)


@pytest.mark.parametrize("samples", [np.zeros(1600, np.int16), np.zeros((1600, 2), np.float32), [0.0] * 1600])
def test_spotter_refuses_samples_that_are_no_mono_floats(band_model, samples):
    with pytest.raises(AudioError, match="expected mono samples, float32"):
        Spotter(band_model(), CONFIG).feed(samples)


@pytest.mark.parametrize("kind", [np.float16, np.float64])
def test_spotter_hears_floats_of_any_width(band_model, kind):
    spotter = Spotter(band_model(), CONFIG)
    spotter.feed(np.full(70_000, 1.0, kind))  # of float16, the sum of squares would run over
    assert spotter.level_dbfs == 0


@pytest.mark.parametrize(
    ("scores", "complaint"),
    [
        ([0.1, np.nan, 0.2], "got 3 with 1 not finite"),
        ([0.5, 0.5], "got 2 with 0"),
        ([0, np.inf, 0], "1 not finite"),
    ],
)
def test_spotter_refuses_scores_that_are_none(band_model, tones, scores, complaint):
    model = band_model()
    model.run = lambda features: np.array(scores, np.float32)
    with pytest.raises(ArtefactError, match=re.escape(complaint) + ".* at 0.02 s"):
        Spotter(model, CONFIG).feed(tones)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_spotter_refuses_audio_that_is_not_finite(band_model, tones, value):
    spotter = Spotter(band_model(), CONFIG)
    spotter.feed(tones[:4000])
    with pytest.raises(AudioError, match=r"after 0.50 s"):
        spotter.feed(np.array([0.1, value, 0.1], np.float32))


@pytest.mark.parametrize(
    "settings",
    [
        {"hop_ms": 0},
        {"hop_ms": float("nan")},
        {"smoothing_ms": -1},
        {"smoothing_ms": 1e6},
        {"threshold": 0},
        {"threshold": 1.1},
        {"threshold": float("nan")},
        {"refractory_ms": -1},
        {"refractory_ms": float("inf")},
        {"smoothing": "median"},
        {"thresholds": {"low": 0.0}},
        {"hysteresis": 1.0},
        {"minimum_count": 0},
    ],
)
def test_spotter_config_refuses_values_out_of_range(settings):
    (name,) = settings
    with pytest.raises(ConfigError, match=f"spotter: {name} must"):
        SpotterConfig(**settings)


def test_spotter_memory_is_bounded(band_model, tones):
    spotter = Spotter(band_model(), CONFIG)
    spotter.feed(tones)
    tracemalloc.start()
    for _ in range(20):
        spotter.feed(tones)
    grown = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    assert grown < 20_000
    assert spotter.time_s == 63


def test_spotter_takes_hours_at_once_piece_by_piece(band_model, tones, monkeypatch):
    whole, cut = Spotter(band_model()), Spotter(band_model())
    events = whole.feed(tones)
    monkeypatch.setattr("edgeasr.spot.spotter._AT_ONCE_S", 1)
    assert cut.feed(tones) == events
    assert len(events) > 1
    assert (cut.time_s, cut.level_dbfs) == (whole.time_s, whole.level_dbfs)
