"""Quantise a bundle's model after each combination of passes, and measure what is left."""

import json
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgeasr import __version__
from edgeasr.atomic import write_text
from edgeasr.bundle import Bundle
from edgeasr.config import from_mapping, to_mapping
from edgeasr.data.arrays import load_inputs
from edgeasr.data.dataset import load_datasets
from edgeasr.errors import DataError, EdgeASRError
from edgeasr.metrics.answers import answers, right_answers
from edgeasr.metrics.classification import mcnemar_p
from edgeasr.metrics.transcription import compare, transcription
from edgeasr.packages import import_keras
from edgeasr.runtime import load
from edgeasr.train.config import TrainConfig
from edgeasr_export.importing import Source
from edgeasr_export.improve import finetune, grid_of, improve
from edgeasr_export.maker import Maker
from edgeasr_export.settings import ExportSettings

__all__ = ["CASES", "ROWS", "Ablation", "Case", "Cell", "key", "measure"]

F32 = NDArray[np.float32]

FINETUNE = "finetune"
ROWS: tuple[tuple[str, ...], ...] = (
    (),
    ("fold",),
    ("fold", "equalise"),
    ("fold", "bias"),
    ("fold", "rounding"),
    ("fold", "rounding", "bias"),
    ("fold", "equalise", "rounding", "bias"),
    ("fold", FINETUNE),
)


@dataclass(frozen=True)
class Case:
    """A way of quantising: the scheme, and whether all weights of a layer have one scale."""

    scheme: str
    per_tensor: bool

    @property
    def title(self) -> str:
        """Name it for people."""
        return f"{self.scheme}{' per tensor' if self.per_tensor else ''}"


CASES = (Case("int8", False), Case("int8", True), Case("int4-weights", False))


@dataclass(frozen=True)
class Cell:
    """What one file is worth.

    Attributes:
        snr_db: of the outputs before softmax: signal of the float model to difference from it.
        score: accuracy; of a CTC model, the word error rate.
        p: McNemar's, of clips (or transcripts) that the float model has right, and this one.
    """

    snr_db: float
    score: float
    p: float


@dataclass(frozen=True)
class Ablation:
    """What came of a bundle.

    Attributes:
        model: key of `MODELS`.
        model_sha256: of the bundle's model.
        edgeasr: version that measured.
        data: data sets, of which the test split was measured.
        clips: of it.
        measure: what the score is.
        score: of the float model.
        epochs: of fine-tuning.
        cells: what was measured so far, by `key`.
        failures: one line each, by `key`.
    """

    model: str
    model_sha256: str
    edgeasr: str
    data: tuple[str, ...]
    clips: int
    measure: str
    score: float
    epochs: int
    cells: dict[str, Cell] = field(default_factory=dict)
    failures: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class _Test:
    """The test split, and what the float model makes of it."""

    bundle: Bundle
    features: F32
    targets: NDArray[np.int64]
    reference: F32

    def said(self, outputs: F32) -> NDArray[Any]:
        """Read outputs."""
        return answers(outputs, self.features, self.bundle.manifest.labels, self.bundle.manifest.ctc)

    def score(self, said: NDArray[Any]) -> float:
        """Give the accuracy, or the word error rate of a CTC model."""
        if self.bundle.manifest.ctc is None:
            return float(np.mean(said == self._right))
        pairs = zip(self._right.tolist(), said.tolist(), strict=True)
        return transcription([compare("", *pair) for pair in pairs]).wer

    def cell(self, outputs: F32) -> Cell:
        """Compare outputs, before softmax, with those of the float model."""
        said, said_float = self.said(outputs), self.said(self.reference)
        error = np.square(outputs - self.reference, dtype=np.float64).mean()
        snr_db = 10 * np.log10(np.square(self.reference, dtype=np.float64).mean() / error)
        return Cell(float(snr_db), self.score(said), mcnemar_p(said == self._right, said_float == self._right))

    @property
    def _right(self) -> NDArray[Any]:
        return right_answers(self.targets, self.bundle.manifest.labels, self.bundle.manifest.ctc)


def key(row: tuple[str, ...], case: Case) -> str:
    """Name one measurement."""
    return f"{', '.join(row) or 'none'}: {case.title}"


def measure(bundle: Bundle, work: Path, epochs: int, report: Callable[[str], None] = lambda line: None) -> Ablation:
    """Measure every row in every case, those excepted that were measured of the same bundle before.

    Args:
        bundle: a trained bundle, whose data sets are at hand.
        work: gets a file for each bundle.
        epochs: of fine-tuning.
        report: called with a line about each measurement.

    Raises:
        EdgeASRError: the data cannot be used.
    """
    done = work / f"{bundle.path.name}.json"
    result = _read(done, bundle, epochs)
    keys = {key(row, case): (row, case) for row in ROWS for case in CASES}
    if result and not keys.keys() - result.cells.keys() - result.failures.keys():
        return result
    keras = import_keras("improving models")
    model = keras.saving.load_model(bundle.model_path, compile=False)
    test = _test_split(bundle, model)
    calibration = bundle.samples().calibration
    result = result or Ablation(
        model=bundle.manifest.model,
        model_sha256=bundle.manifest.model_sha256,
        edgeasr=__version__,
        data=tuple(bundle.manifest.training["data"]),
        clips=len(test.features),
        measure="WER" if bundle.manifest.ctc else "accuracy",
        score=test.score(test.said(test.reference)),
        epochs=epochs,
    )
    for name, (row, case) in keys.items():
        if name in result.cells or name in result.failures:
            continue
        try:
            better = _improved(model, calibration, row, case, bundle, epochs)
            result.cells[name] = test.cell(_run(better, case, bundle, test.features))
            report(f"{bundle.path.name}: {name}: {result.cells[name]}")
        except EdgeASRError as error:
            result.failures[name] = str(error)
            report(f"{bundle.path.name}: {name}: {error}")
        write_text(done, json.dumps(to_mapping(result), indent=1) + "\n")
    return result


def _read(done: Path, bundle: Bundle, epochs: int) -> Ablation | None:
    """Read what was measured; None where it was of another bundle, another edgeasr, other epochs."""
    if not done.exists():
        return None
    found = from_mapping(Ablation, json.loads(done.read_text()), str(done))
    same = (found.model_sha256, found.edgeasr, found.epochs) == (bundle.manifest.model_sha256, __version__, epochs)
    return found if same else None


def _test_split(bundle: Bundle, model: Any) -> _Test:
    manifest = bundle.manifest
    config = from_mapping(TrainConfig, manifest.training, str(bundle.path))
    examples = load_datasets(config.data, config.leave_out).labelled("test")
    if not examples:
        raise DataError(
            f"{bundle.path}: the test split of {', '.join(config.data)} is empty: there is nothing to measure"
        )
    features, targets = load_inputs(examples, manifest.labels, manifest.frontend, manifest.ctc)
    reference = np.asarray(model.predict(features, batch_size=32, verbose=0))
    return _Test(bundle, features, targets, reference)


def _improved(model: Any, samples: F32, row: tuple[str, ...], case: Case, bundle: Bundle, epochs: int) -> Any:
    grid = grid_of(case.scheme, case.per_tensor)
    assert grid, "CASES are of integers"
    model = improve(model, samples, [name for name in row if name != FINETUNE], grid)
    return finetune(model, samples, grid, bundle.manifest, epochs) if FINETUNE in row else model


def _run(model: Any, case: Case, bundle: Bundle, features: F32) -> F32:
    """Convert a model as `edgeasr export` does, and run the file: its outputs as they are, without softmax."""
    card = replace(bundle.card(case.scheme), output="probabilities")
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        model.save(work / "model.keras")
        source, settings = (
            Source("keras", work / "model.keras"),
            ExportSettings(calibration="minmax", per_tensor=case.per_tensor),
        )
        maker = Maker(work, source, settings, card, bundle.manifest, bundle.samples().calibration)
        return load(work / maker.make("tflite", case.scheme)["file"]).run_batch(features)
