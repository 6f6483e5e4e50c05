"""What a study is: a TOML file with the document's figures, and the trainings that answer its questions again."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

from edgeasr.config import from_mapping, read_toml
from edgeasr.errors import ConfigError
from edgeasr.models import check_options, model_spec
from edgeasr.train.config import TrainConfig
from edgeasr.train.task import resolve_frontend

__all__ = [
    "STUDIES",
    "Measure",
    "Paper",
    "PlannedRun",
    "Quick",
    "Section",
    "Study",
    "load_study",
    "measure_of",
    "study_names",
]

Measure = Literal["accuracy", "WER"]

STUDIES = Path(__file__).with_name("studies")
_NAME = re.compile(r"[a-z0-9][a-z0-9.-]*")  # of a run, which is also a folder
_NUMBERS = ("epochs", "batch_size", "learning_rate", "limit")  # settings that a graph can be drawn over


@dataclass(frozen=True)
class Paper:
    """What the document reports of a run; None where it is silent.

    Attributes:
        accuracy: share of the test clips that were right.
        dev_loss: lowest loss on the validation data.
        seconds: of the whole training.
        parameters: of the model.
        note: what else it says, in a few words.
    """

    accuracy: float | None = None
    dev_loss: float | None = None
    seconds: float | None = None
    parameters: int | None = None
    note: str = ""


@dataclass(frozen=True)
class PlannedRun:
    """A training of a study, done with each seed.

    Attributes:
        name: in tables, graphs and the names of bundles.
        settings: what differs from the study's own.
        paper: the document's figures.
        why: why ours differ from them.
    """

    name: str
    settings: dict[str, Any] = field(default_factory=dict)
    paper: Paper = Paper()
    why: str = ""


@dataclass(frozen=True)
class Section:
    """Some runs side by side: one question of the document, one table, one graph.

    Attributes:
        title: heading.
        runs: names of the runs, in order; a run may be in several sections.
        text: what the document says of it.
        against: a setting with numbers, such as `epochs`, to draw the score and the training time of each model over.
    """

    title: str
    runs: tuple[str, ...]
    text: str = ""
    against: str = ""

    def __post_init__(self) -> None:
        if self.against not in ("", *_NUMBERS):
            raise ConfigError(
                f"section {self.title!r}: against must be one of {', '.join(_NUMBERS)}, got {self.against!r}"
            )


@dataclass(frozen=True)
class Quick:
    """What `--quick` changes.

    Attributes:
        runs: the runs that are done.
        settings: go before those of the study and of the runs.
        seeds: of the trainings.
    """

    runs: tuple[str, ...]
    settings: dict[str, Any]
    seeds: tuple[int, ...] = (0,)


@dataclass(frozen=True)
class Study:
    """A study.

    Attributes:
        title: heading of the page.
        source: the document, in words.
        asked: what the document wanted to know.
        runs: the trainings.
        sections: how they are shown.
        quick: what `--quick` changes.
        settings: of all runs, keys of `TrainConfig`.
        seeds: each run is trained with each.
        why: why our figures differ from the document's, for all runs.
    """

    title: str
    source: str
    asked: str
    runs: tuple[PlannedRun, ...]
    sections: tuple[Section, ...]
    quick: Quick
    settings: dict[str, Any] = field(default_factory=dict)
    seeds: tuple[int, ...] = (0, 1, 2)
    why: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        names = [run.name for run in self.runs]
        for position, name in enumerate(names):
            if not _NAME.fullmatch(name):
                raise ConfigError(f"expected a run's name of small letters, digits, '-' and '.', got {name!r}")
            if name in names[:position]:
                raise ConfigError(f"the run {name!r} is there twice: name one of them differently")
        if not names or not self.quick.runs:
            raise ConfigError("expected at least one run, in runs and in the runs of quick")
        _check_runs(self.quick.runs, names, "quick")
        for section in self.sections:
            _check_runs(section.runs, names, f"section {section.title!r}")
        unseen = set(names).difference(*(section.runs for section in self.sections))
        if unseen:
            raise ConfigError(f"the run {min(unseen)!r} is in no section: add it to the runs of one")
        if not self.seeds or not self.quick.seeds:
            raise ConfigError("seeds must name at least one, such as [0, 1, 2]")

    @property
    def measure(self) -> Measure:
        """What its runs are scored by: the models of a study are all of one kind."""
        return measure_of(self.config(self.runs[0], self.seeds[0]).model)

    def config(self, run: PlannedRun, seed: int, where: str = "study") -> TrainConfig:
        """Resolve the settings of a training.

        Raises:
            ConfigError: a setting is wrong; `where` is named.
        """
        settings: Mapping[str, Any] = {**self.settings, **run.settings, "seed": seed}
        return from_mapping(TrainConfig, settings, f"{where}: run {run.name}")

    def select(self, names: Sequence[str]) -> tuple[PlannedRun, ...]:
        """Choose runs by name, all for none.

        Raises:
            ConfigError: there is no such run.
        """
        _check_runs(names, [run.name for run in self.runs], "--run")
        return tuple(run for run in self.runs if not names or run.name in names)

    def as_quick(self) -> "Study":
        """Give the study that `--quick` does."""
        quick = self.quick
        return replace(
            self,
            settings={**self.settings, **quick.settings},
            runs=tuple(
                replace(run, settings={key: run.settings[key] for key in run.settings if key not in quick.settings})
                for run in self.select(quick.runs)
            ),
            sections=tuple(
                replace(section, runs=kept)
                for section in self.sections
                if (kept := tuple(name for name in section.runs if name in quick.runs))
            ),
            seeds=quick.seeds,
        )


def study_names() -> tuple[str, ...]:
    """List the studies that come with edgeasr."""
    return tuple(sorted(path.stem for path in STUDIES.glob("*.toml")))


def load_study(name: str, quick: bool = False, seeds: int | None = None) -> Study:
    """Load a study and check the settings of all its runs.

    Args:
        name: one of `study_names`, or the path of a `.toml` file.
        quick: whether to take what the file has for `--quick`.
        seeds: train with the seeds 0 to `seeds - 1` instead of its own.

    Raises:
        ConfigError: there is no such study, the file has a mistake, or some models classify and others transcribe.
    """
    path = Path(name) if name.endswith(".toml") else STUDIES / f"{name}.toml"
    if not name.endswith(".toml") and name not in study_names():
        raise ConfigError(f"unknown study {name!r}: expected one of {', '.join(study_names())}, or a .toml file")
    study = from_mapping(Study, read_toml(path), path.name)
    study = study.as_quick() if quick else study
    study = replace(study, seeds=tuple(range(seeds))) if seeds else study
    first: dict[Measure, str] = {}  # run of each kind
    for run in study.runs:
        config = study.config(run, study.seeds[0], path.name)
        check_options(config.model, config.options)
        resolve_frontend(config, model_spec(config.model))
        first.setdefault(measure_of(config.model), run.name)
    if len(first) > 1:
        raise ConfigError(
            f"{path.name}: run {first['WER']} transcribes and run {first['accuracy']} classifies: "
            "expected models of one kind: make two studies of them"
        )
    return study


def measure_of(model: str) -> Measure:
    """Say what a model is scored by: word errors if it transcribes.

    Raises:
        ConfigError: there is no such model.
    """
    return "WER" if model_spec(model).ctc else "accuracy"


def _check_runs(wanted: Sequence[str], names: Sequence[str], where: str) -> None:
    for name in wanted:
        if name not in names:
            raise ConfigError(f"{where}: no run {name!r}: expected one of {', '.join(names)}")
