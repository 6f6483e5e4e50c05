"""The graphs and pictures of a study, as PNG: wide enough to read, narrow enough for a phone."""

import io
import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgeasr.atomic import replacing
from edgeasr.packages import require
from edgeasr_bench.study.record import Result, Trial
from edgeasr_bench.study.spec import Measure

__all__ = ["Panel", "plot_against", "plot_curves", "plot_layers", "plot_panels"]

_WIDTH = 7.0  # inches
_DPI = 120
# Okabe and Ito's colours, which the colour-blind tell apart, without the yellow, which nobody sees on white.
_COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#000000")
_CHANNELS = 16  # of a layer
_COLUMNS = 8
_WIDE = 10  # times: a loss that spans more is drawn on a logarithmic axis


@dataclass(frozen=True)
class Panel:
    """A wave, float32 [samples], or an image, float32 [rows, columns], such as features [frames, bins].

    Attributes:
        title: what it is.
        values: its numbers.
        seconds: how long it lasts; None for an image, which lasts no time.
        top_khz: of the highest bin; None where bins are no frequencies.
    """

    title: str
    values: NDArray[np.float32]
    seconds: float | None = None
    top_khz: float | None = None


def plot_curves(results: Sequence[Result], measure: Measure, path: Path) -> None:
    """Draw the epochs of all runs: the score on the dev split, and the loss there and in training.

    The strong line is the trial in the middle, the faint ones are the other seeds.

    Args:
        results: the runs, at least one with a trial.
        measure: what the scores are.
        path: of the picture.
    """
    figure, (scores, losses) = _figure(8.5, 2)
    key = {"accuracy": "dev_accuracy", "WER": "dev_wer"}[measure]
    lowest, highest = np.inf, 0.0
    for result, colour in zip(results, _cycle(), strict=False):
        middle = result.median_trial(measure) or next(iter(result.trials), None)
        for trial in result.trials:
            strong = trial is middle
            style: dict[str, Any] = {"color": colour, "alpha": 1 if strong else 0.3, "linewidth": 1.8 if strong else 1}
            style["marker"] = "o" if trial.epochs == 1 else ""
            label = result.name if strong else None
            scores.plot(_epochs(trial), 100 * _history(trial, key), label=label, **style)
            losses.plot(_epochs(trial), _history(trial, "dev_loss"), **style)
            if strong:
                losses.plot(_epochs(trial), _history(trial, "loss"), linestyle="--", **style)
            both = np.concatenate([_history(trial, "dev_loss"), _history(trial, "loss")])
            lowest, highest = min(lowest, both.min()), max(highest, both.max())
    if highest > _WIDE * lowest > 0:
        losses.set_yscale("log")
    scores.set_ylabel(f"{measure} on the dev split, %")
    losses.set_ylabel("loss")
    losses.set_title("solid: dev split, dashed: training", fontsize=10)
    for axes in (scores, losses):
        axes.set_xlabel("epoch")
        axes.xaxis.get_major_locator().set_params(integer=True, min_n_ticks=1)
    figure.legend(loc="outside lower center", ncols=3, frameon=False)
    _save(figure, path)


def plot_against(results: Sequence[Result], setting: str, measure: Measure, path: Path) -> None:
    """Draw the score and the training time of each model over a setting: ours solid, the document's dashed.

    Args:
        results: the runs.
        setting: a setting with numbers, such as `epochs`.
        measure: what the scores are.
        path: of the picture.
    """
    figure, (scores, times) = _figure(8.5, 2)
    for model, colour in zip(dict.fromkeys(result.model for result in results), _cycle(), strict=False):
        runs = sorted((run for run in results if run.model == model), key=lambda run: float(run.settings[setting]))
        at = [float(run.settings[setting]) for run in runs]
        _draw_ours(scores, at, [[100 * score for score in run.scores] for run in runs], colour, f"{model}, here")
        _draw_paper(scores, at, [_percent(run.paper.accuracy) for run in runs], colour, f"{model}, the document")
        _draw_ours(times, at, [[trial.seconds for trial in run.trials] for run in runs], colour, None)
        _draw_paper(times, at, [run.paper.seconds for run in runs], colour, None)
    scores.set_ylabel(f"{measure} on the test split, %")
    times.set_ylabel("training time, s")
    times.set_ylim(bottom=0)
    for axes in (scores, times):
        axes.set_xlabel(setting.replace("_", " "))
        axes.set_xticks(sorted({result.settings[setting] for result in results}))
    figure.legend(loc="outside lower center", ncols=2, frameon=False)
    _save(figure, path)


def plot_panels(panels: Sequence[Panel], path: Path) -> None:
    """Draw a clip in several ways, one above the other.

    Args:
        panels: waves, features or images.
        path: of the picture.
    """
    figure, every = _figure(0.5 + 2.2 * len(panels), len(panels))
    for axes, panel in zip(every, panels, strict=True):
        axes.set_title(panel.title, fontsize=10, loc="left")
        if panel.values.ndim == 1 and panel.seconds:
            axes.plot(np.linspace(0, panel.seconds, len(panel.values)), panel.values, color=_COLOURS[0], linewidth=0.6)
            axes.set_xlim(0, panel.seconds)
        elif panel.seconds is None:
            axes.imshow(panel.values, cmap="gray")
            axes.set_axis_off()
        else:
            top = panel.top_khz or panel.values.shape[1]
            extent = (0, panel.seconds, 0, top)
            axes.imshow(panel.values.T, origin="lower", aspect="auto", cmap="magma", extent=extent)
            axes.set_ylabel("kHz" if panel.top_khz else "coefficient")
            axes.yaxis.get_major_locator().set_params(integer=True)
            axes.grid(visible=False)
    if panels[-1].seconds is not None:
        every[-1].set_xlabel("seconds")
    _save(figure, path)


def plot_layers(
    features: NDArray[np.float32], layers: Sequence[tuple[str, NDArray[np.float32]]], path: Path, sideways: bool
) -> None:
    """Draw what layers make of a clip, below the clip itself.

    Args:
        features: what the model is given, float32 [frames, bins], or an image.
        layers: name and output of each: float32 [frames, bins, channels], of which some channels are drawn, or
            float32 [frames, channels], drawn as one picture.
        path: of the picture.
        sideways: whether the first axis is time, which is drawn from left to right.
    """
    require("matplotlib", "train", "drawing pictures")
    from matplotlib.figure import Figure

    rows = [("input", features[..., None]), *((name, _as_channels(output)) for name, output in layers)]
    lines = [-(-min(channels.shape[-1], _CHANNELS) // _COLUMNS) for _, channels in rows]
    figure: Any = Figure(figsize=(_WIDTH, sum(0.4 + 1.0 * line for line in lines)), layout="constrained")
    parts = figure.subfigures(len(rows), height_ratios=[0.4 + line for line in lines])
    for part, line, (name, channels) in zip(np.atleast_1d(parts), lines, rows, strict=True):
        single = channels.shape[-1] == 1
        shape = " x ".join(map(str, channels.shape[: 2 if single else 3]))
        part.suptitle(f"{name}  ({shape})", fontsize=9, x=0.01, ha="left")
        every = part.subplots(line, 1 if single else _COLUMNS, squeeze=False).ravel()
        for axes in every:
            axes.set_axis_off()
        for axes, index in zip(every, range(channels.shape[-1]), strict=False):
            channel = channels[..., index].T if sideways else channels[..., index]
            low, high = np.percentile(channel, (0.5, 99.5))  # a single bright spot would leave all else black
            aspect, origin = ("auto", "lower") if sideways else ("equal", "upper")
            axes.imshow(channel, cmap="magma", vmin=low, vmax=high, aspect=aspect, origin=origin)
    _save(figure, path)


def _figure(height: float, rows: int) -> tuple[Any, Any]:
    """Make a figure of panels one above the other."""
    require("matplotlib", "train", "drawing pictures")
    from matplotlib.figure import Figure

    figure: Any = Figure(figsize=(_WIDTH, height), layout="constrained")
    figure.get_layout_engine().set(w_pad=0.1, h_pad=0.1)
    every = np.atleast_1d(figure.subplots(rows))
    for axes in every:
        axes.grid(visible=True, color="#dddddd", linewidth=0.6)
        axes.set_axisbelow(True)
        axes.spines[["top", "right"]].set_visible(False)
    return figure, every


def _save(figure: Any, path: Path) -> None:
    """Write a picture in 256 colours, which nobody tells from all of them, and which take a third of the bytes."""
    from PIL import Image  # comes with Matplotlib

    drawn = io.BytesIO()
    figure.savefig(drawn, format="png", dpi=_DPI)
    with replacing(path) as scratch, Image.open(drawn) as picture:
        picture.convert("RGB").quantize(256, Image.Quantize.MAXCOVERAGE).save(scratch, "PNG", optimize=True)


def _draw_ours(
    axes: Any, at: Sequence[float], trials: Sequence[Sequence[float]], colour: str, label: str | None
) -> None:
    """Draw the median of the trials of each run, with their range."""
    points = [(x, np.median(values), values) for x, values in zip(at, trials, strict=True) if values]
    if not points:
        return
    spread = [
        [middle - min(values) for _, middle, values in points],
        [max(values) - middle for _, middle, values in points],
    ]
    xs, middles = [x for x, _, _ in points], [middle for _, middle, _ in points]
    axes.errorbar(xs, middles, spread, color=colour, marker="o", capsize=4, linewidth=1.8, label=label)


def _draw_paper(axes: Any, at: Sequence[float], values: Sequence[float | None], colour: str, label: str | None) -> None:
    points = [(x, value) for x, value in zip(at, values, strict=True) if value is not None]
    style = {"color": colour, "marker": "s", "markerfacecolor": "white", "linestyle": "--"}
    axes.plot([x for x, _ in points], [value for _, value in points], label=label if points else None, **style)


def _percent(share: float | None) -> float | None:
    return None if share is None else 100 * share


def _epochs(trial: Trial) -> range:
    return range(1, trial.epochs + 1)


def _history(trial: Trial, key: str) -> NDArray[np.float64]:
    return np.array([epoch[key] for epoch in trial.history])


def _cycle() -> Iterator[str]:
    return itertools.cycle(_COLOURS)


def _as_channels(output: NDArray[np.float32]) -> NDArray[np.float32]:
    return output[..., None] if output.ndim == 2 else output
