"""The graphs of a study: they are drawn for whatever is there, and show it."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from edgeasr_bench.study.pictures import Panel, plot_against, plot_curves, plot_layers, plot_panels
from edgeasr_bench.study.record import Record, Result

pytest.importorskip("matplotlib")

RNG = np.random.default_rng(0)


def image(path: Path) -> np.ndarray:
    """Read a picture: float32 [rows, columns, 4]."""
    from matplotlib.image import imread

    assert path.stat().st_size > 2000
    return imread(path)


def with_scores(result: Result, values: list[float]) -> Result:
    trials = [
        replace(trial, score=replace(trial.score, value=value))
        for trial, value in zip(result.trials, values, strict=True)
        if trial.score
    ]
    return replace(result, trials=tuple(trials))


def test_curves_of_any_number_of_epochs_are_drawn(record: Callable[..., Record], tmp_path: Path) -> None:
    results = record().results
    one_epoch = [
        replace(trial, epochs=1, history=trial.history[:1], score=None) for result in results for trial in result.trials
    ]
    plot_curves(results, "accuracy", tmp_path / "two.png")
    plot_curves([replace(results[0], trials=tuple(one_epoch[:1]))], "accuracy", tmp_path / "one.png")
    assert image(tmp_path / "two.png").shape == image(tmp_path / "one.png").shape
    assert (image(tmp_path / "two.png") != image(tmp_path / "one.png")).any()


def test_curves_of_a_recogniser_are_its_error_rate(record: Callable[..., Record], tmp_path: Path) -> None:
    result = record().results[0]
    history = ({"loss": 900.0, "dev_wer": 1.0, "dev_loss": 800.0}, {"loss": 50.0, "dev_wer": 0.2, "dev_loss": 30.0})
    trials = tuple(replace(trial, history=history) for trial in result.trials)
    plot_curves([replace(result, trials=trials)], "WER", tmp_path / "wer.png")
    image(tmp_path / "wer.png")


def test_graph_over_a_setting_shows_our_scores_and_the_documents(record: Callable[..., Record], tmp_path: Path) -> None:
    first, second, _ = record().results
    silent = [replace(result, paper=replace(result.paper, accuracy=None, seconds=None)) for result in (first, second)]
    worse = [first, with_scores(second, [0.3, 0.4, 0.5])]
    untrained = [first, replace(second, trials=())]
    pictures = []
    for results in ([first, second], silent, worse, untrained):
        plot_against(results, "epochs", "accuracy", tmp_path / "against.png")
        pictures.append(image(tmp_path / "against.png"))
    assert all((one.shape != pictures[0].shape) or (one != pictures[0]).any() for one in pictures[1:])


@pytest.mark.parametrize("sideways", [True, False])
@pytest.mark.parametrize("shape", [(20, 12, 40), (20, 12, 3), (20, 12, 1), (30, 16)])
def test_layers_of_any_shape_are_drawn(shape: tuple[int, ...], sideways: bool, tmp_path: Path) -> None:
    layers = [("1. conv", RNG.random(shape, np.float32)), ("2. dead", np.zeros(shape, np.float32))]
    plot_layers(RNG.random((20, 12), np.float32), layers, tmp_path / "layers.png", sideways)
    assert image(tmp_path / "layers.png").shape[1] == 840  # fits a phone and a page


def test_picture_has_few_colours_and_those_that_were_drawn(tmp_path: Path) -> None:
    from PIL import Image

    plot_layers(
        RNG.random((20, 12), np.float32), [("1. conv", RNG.random((98, 64), np.float32))], tmp_path / "p.png", True
    )
    with Image.open(tmp_path / "p.png") as picture:
        assert picture.mode == "P"
        shown = np.unique(np.asarray(picture.convert("RGB")).reshape(-1, 3), axis=0).astype(float)
    for colour in ((255, 255, 255), (0, 0, 0), (183, 55, 121)):  # the page, the writing, the middle of magma
        assert np.abs(shown - colour).max(axis=1).min() < 12


def test_layers_show_the_channels_apart(tmp_path: Path) -> None:
    channels = np.zeros((8, 8, 8), np.float32)
    channels[2:4, :, 0] = 1  # a moment in one channel
    pictures = []
    for layer in (channels, channels[..., ::-1]):
        plot_layers(channels[..., 0], [("conv", layer)], tmp_path / "layers.png", sideways=True)
        pictures.append(image(tmp_path / "layers.png")[-60:, :, 0])
    middle = pictures[0].shape[1] // 2
    bright = [picture > 0.95 for picture in pictures]  # the top of the colour map is nearly white, as is the page
    assert bright[0][:, :middle].sum() > bright[1][:, :middle].sum()
    assert bright[0][:, middle:].sum() < bright[1][:, middle:].sum()


def test_panels_show_a_clip_and_an_image(tmp_path: Path) -> None:
    wave = np.sin(np.arange(16000, dtype=np.float32) / 20)
    plot_panels(
        [Panel("wave", wave, 1.0), Panel("spectrogram", RNG.random((98, 257), np.float32), 1.0, 8.0)],
        tmp_path / "clip.png",
    )
    plot_panels([Panel("image", RNG.random((28, 28), np.float32))], tmp_path / "image.png")
    assert image(tmp_path / "clip.png").shape[0] > image(tmp_path / "image.png").shape[0]
