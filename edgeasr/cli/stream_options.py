"""The options of `edgeasr evaluate --stream`."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from edgeasr.cli.finite import FiniteRange
from edgeasr.cli.options import option_group

__all__ = ["StreamSettings", "stream_options"]


@dataclass(frozen=True)
class StreamSettings:
    """What to do on continuous audio.

    Attributes:
        recording: truth of a recording to evaluate on, instead of a stream of clips.
        noise: folder or zip of noise; empty for noise by NumPy.
        speech: folder or zip of background speech; empty for none.
        loops: times that the background speech comes, in other noise each time.
        snr_db: of speech to noise.
        seed: of the stream.
        truth: where to write the truth of the stream.
        target_fa_per_hour: false accepts an hour that a threshold is chosen for.
        write: whether to keep the settings in the bundle.
        robustness: whether to measure under disturbances too.
    """

    recording: Path | None
    noise: str
    speech: str
    loops: int
    snr_db: float
    seed: int
    truth: Path | None
    target_fa_per_hour: float | None
    write: bool
    robustness: bool


_DEFAULTS = {"noise": "", "speech": "", "loops": 1, "snr_db": 10.0, "seed": 0, "write": False, "robustness": False}
_MAKING = ("noise", "speech", "loops", "snr_db", "seed", "truth")  # what a recording has already
_OPTIONS = {
    "stream": click.option(
        "--stream", is_flag=True, help="Spot words in continuous audio, made of the clips and background."
    ),
    "recording": click.option(
        "--recording",
        type=click.Path(path_type=Path),
        help="Truth (JSON, as --truth or MLPerf Tiny writes it) of a recording to spot words in.",
    ),
    "noise": click.option(
        "--noise",
        default=_DEFAULTS["noise"],
        help="Noise of the stream, a folder or zip.  [default: made, of four colours]",
    ),
    "speech": click.option(
        "--speech",
        default=_DEFAULTS["speech"],
        help="Background speech of the stream, a folder or zip.  [default: none]",
    ),
    "loops": click.option(
        "--loops",
        type=click.IntRange(1),
        default=_DEFAULTS["loops"],
        show_default=True,
        help="Times that the background speech comes, in other noise each time.",
    ),
    "snr_db": click.option(
        "--snr-db",
        type=FiniteRange(-100, 100),
        default=_DEFAULTS["snr_db"],
        show_default=True,
        help="Speech to noise in the stream.",
    ),
    "seed": click.option(
        "--seed",
        type=click.IntRange(0),
        default=_DEFAULTS["seed"],
        show_default=True,
        help="Order and gaps of the stream.",
    ),
    "truth": click.option(
        "--truth",
        type=click.Path(path_type=Path),
        help="Write the truth about the stream as JSON, and the stream beside it as WAV.",
    ),
    "target_fa_per_hour": click.option(
        "--target-fa-per-hour",
        type=FiniteRange(0),
        help="Choose a threshold with at most so many false accepts an hour; to --write it, on --split dev.",
    ),
    "write": click.option("--write", is_flag=True, help="Keep the threshold in the bundle, for `edgeasr listen`."),
    "robustness": click.option(
        "--robustness",
        is_flag=True,
        help="Measure it under noise, gains, speeds, in rooms, clipped, by telephone.",
    ),
}


def _settings(values: dict[str, Any]) -> StreamSettings | None:
    """Give what was asked for; None where it is clips that are to be evaluated.

    Raises:
        UsageError: an option is for continuous audio, or for that made of clips, and there is none.
    """
    made = values.pop("stream")
    given = [name for name, value in values.items() if value is not None and value != _DEFAULTS.get(name)]
    if values["recording"]:
        _refuse(_MAKING, given, "makes a stream of clips: leave it out with --recording")
    elif not made:
        _refuse(_OPTIONS, given, "is for continuous audio: pass --stream or --recording")
        return None
    elif values["loops"] > 1 and not values["speech"]:
        raise click.UsageError("--loops is for background speech: pass --speech")
    return StreamSettings(**values)


def _refuse(names: Collection[str], given: Iterable[str], reason: str) -> None:
    for name in given:
        if name in names:
            raise click.UsageError(f"--{name.replace('_', '-')} {reason}")


stream_options = option_group("stream", _OPTIONS, _settings)
