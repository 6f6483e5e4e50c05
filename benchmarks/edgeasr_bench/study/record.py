"""What a study found: the record that its pages are rendered from, and its JSON, `study.json`.

It is extended only by adding keys. Paths are relative to the folder of the study.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from statistics import median, median_high, median_low
from typing import Any

from edgeasr.config import to_mapping
from edgeasr_bench.environment import Environment
from edgeasr_bench.study.spec import Measure, Paper, Section

__all__ = ["Failure", "Provenance", "Record", "Result", "Score", "Showcase", "Trial", "best_first"]


@dataclass(frozen=True)
class Score:
    """Accuracy or word error rate on the test split, with its 95 % interval over the clips."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class Provenance:
    """What a training ran on.

    Attributes:
        parameters: of the model.
        device: the GPU, or `CPU`.
        environment: the rest.
    """

    parameters: int
    device: str
    environment: Environment


@dataclass(frozen=True)
class Trial:
    """A run with one seed.

    Attributes:
        seed: the seed.
        bundle: its folder.
        score: on the test split; None where that has no labels.
        dev_loss: the lowest of all epochs.
        epochs: that were done.
        best_epoch: the one whose weights were kept.
        seconds: of all epochs together, the measuring on the dev split included.
        clips_per_s: training clips in a second; None where the bundle does not say.
        history: of each epoch: loss, measures on the dev split, seconds.
        provenance: None where the file beside the bundle is lost.
    """

    seed: int
    bundle: str
    score: Score | None
    dev_loss: float
    epochs: int
    best_epoch: int
    seconds: float
    clips_per_s: float | None
    history: tuple[dict[str, float], ...]
    provenance: Provenance | None = None


@dataclass(frozen=True)
class Failure:
    """A run with one seed that diverged.

    Attributes:
        seed: the seed.
        reason: what was not finite, and when.
    """

    seed: int
    reason: str


@dataclass(frozen=True)
class Result:
    """A run with all its seeds.

    Attributes:
        name: of the run.
        model: key of `MODELS`.
        differs: its settings that differ from those of the study.
        settings: all of them, resolved; the seed is the first.
        paper: the document's figures.
        why: why ours differ.
        trials: those that were trained, by seed.
        failures: those that diverged, by seed.
    """

    name: str
    model: str
    differs: dict[str, Any]
    settings: dict[str, Any]
    paper: Paper
    why: str
    trials: tuple[Trial, ...]
    failures: tuple[Failure, ...] = ()

    @property
    def scores(self) -> list[float]:
        """The scores of all trials that have one."""
        return [trial.score.value for trial in self.trials if trial.score is not None]

    def median_trial(self, measure: Measure) -> Trial | None:
        """Give the trial in the middle by its score, the worse of two; None where none has one."""
        wanted = {"accuracy": median_low, "WER": median_high}[measure](self.scores) if self.scores else None
        return next((trial for trial in self.trials if trial.score and trial.score.value == wanted), None)


@dataclass(frozen=True)
class Showcase:
    """What is shown of the best run: its median trial on the test split, and one clip of that.

    Attributes:
        run: its name.
        seed: of the trial.
        evaluation: of a classifier, as `Evaluation.to_json` gives it.
        transcripts: of a recogniser: pairs of what was said and what was recognised.
        clip: the clip in the pictures, in words.
        layers_of: the run whose layers are shown; empty where no run has convolutions.
    """

    run: str
    seed: int
    evaluation: dict[str, Any] | None = None
    transcripts: tuple[tuple[str, str], ...] = ()
    clip: str = ""
    layers_of: str = ""


@dataclass(frozen=True)
class Record:
    """A study that was done.

    Attributes:
        title, source, asked, settings, why: as in `Study`.
        command: the command line that wrote it.
        quick: whether on tiny data, so that no figure means anything.
        measure: what the scores are.
        sections: how the results are shown.
        results: one a run.
        showcase: None where nothing was trained.
        pictures: files, by what they show: `curves-<n>` and `against-<n>` of section n (from 0), `confusion`, `clip`,
            `layers`.
        version: of this document.
    """

    title: str
    source: str
    asked: str
    command: str
    quick: bool
    measure: Measure
    sections: tuple[Section, ...]
    results: tuple[Result, ...]
    settings: dict[str, Any]
    showcase: Showcase | None = None
    why: tuple[str, ...] = ()
    pictures: dict[str, str] = field(default_factory=dict)
    version: int = 1

    def of_section(self, section: Section) -> tuple[Result, ...]:
        """Give the results of a section, in its order."""
        by_name = {result.name: result for result in self.results}
        return tuple(by_name[name] for name in section.runs)

    def to_json(self) -> str:
        """Write the record as JSON."""
        return json.dumps(to_mapping(self), indent=1)


def best_first(results: Sequence[Result], measure: Measure) -> list[Result]:
    """Order the results that have a score by its median over the seeds, the best first."""
    sign = -1 if measure == "accuracy" else 1
    return sorted((result for result in results if result.scores), key=lambda result: sign * median(result.scores))
