"""The live view: what it draws of a stream."""

import numpy as np
import pytest

from edgeasr.cli import live
from edgeasr.cli.live import LiveView, live_view
from edgeasr.spot import Event, Spotter


@pytest.fixture
def spotter(model: str) -> Spotter:
    from edgeasr.runtime import load

    return Spotter(load(model))


def drawn(view: LiveView, capsys: pytest.CaptureFixture[str]) -> list[str]:
    console = pytest.importorskip("rich.console")
    console.Console(width=80).print(view.picture())
    return capsys.readouterr().out.splitlines()


@pytest.mark.parametrize(("hz", "band"), [(150, "100 Hz"), (700, "500 Hz"), (5000, "4000 Hz")])
def test_picture_shades_the_band_of_a_tone(
    spotter: Spotter, capsys: pytest.CaptureFixture[str], hz: int, band: str
) -> None:
    view = LiveView(spotter)
    view.hear(np.sin(2 * np.pi * hz * np.arange(1600) / 16000).astype(np.float32), [])
    dark = [line for line in drawn(view, capsys) if line.rstrip().endswith("█")]
    assert [line.split("  ")[0].strip() for line in dark] == [band]


def test_picture_shows_time_level_scores_events_and_costs(
    spotter: Spotter, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live, "_COSTS_S", 0.0)
    view = LiveView(spotter)
    block = np.full(8000, 0.1, np.float32)
    spotter.feed(block)
    view.hear(block, [Event(0.5, "low", 0.875)])
    lines = {line.split("  ")[0].strip(): line for line in drawn(view, capsys)}
    assert lines["0.5 s"].endswith("-20 dBFS")
    assert {"_silence_", "low", "high"} < lines.keys()
    assert "1  low 0.88 at 0.5 s" in lines["events"]
    assert "CPU " in lines["cost"]
    assert "real-time factor 0." in lines["cost"]


def test_picture_of_nothing_yet_and_of_a_single_sample_is_drawn(
    spotter: Spotter, capsys: pytest.CaptureFixture[str]
) -> None:
    view = LiveView(spotter)
    assert any("-120 dBFS" in line for line in drawn(view, capsys))
    view.hear(np.ones(1, np.float32), [])
    assert len(drawn(view, capsys)) == 12


def test_live_view_gives_what_is_drawn(spotter: Spotter) -> None:
    pytest.importorskip("rich")
    with live_view(spotter) as view:
        view.hear(np.zeros(160, np.float32), [])
    assert isinstance(view, LiveView)
