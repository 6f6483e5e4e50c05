"""Quantise a bundle's model after each combination of passes, and measure what is left."""

import json
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, replace
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
from edgeasr.errors import DataError
from edgeasr.metrics.answers import answers, right_answers
from edgeasr.metrics.classification import mcnemar_p
from edgeasr.metrics.transcription import compare, transcription
from edgeasr.packages import import_keras
from edgeasr.runtime import load
from edgeasr.train.config import TrainConfig
from edgeasr_export.artefact import Maker
from edgeasr_export.improve import finetune, grid_of, improve
from edgeasr_export.settings import ExportSettings

__all__ = ["CASES", "ROWS", "Ablation", "Case", "Cell", "measure"]

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
        cells: of each of `ROWS`, for each of `CASES`.
    """

    model: str
    model_sha256: str
    edgeasr: str
    data: tuple[str, ...]
    clips: int
    measure: str
    score: float
    epochs: int
    cells: tuple[tuple[Cell, ...], ...]


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


def measure(bundle: Bundle, work: Path, epochs: int, report: Callable[[str], None] = lambda line: None) -> Ablation:
    """Measure every row in every case, or read what was measured of the same bundle before.

    Args:
        bundle: a trained bundle, whose data sets are at hand.
        work: gets a file for each bundle.
        epochs: of fine-tuning.
        report: called with a line about each file.

    Raises:
        EdgeASRError: the data cannot be used, or a model cannot be converted.
    """
    done = work / f"{bundle.path.name}.json"
    if done.exists():
        found = from_mapping(Ablation, json.loads(done.read_text()), str(done))
        known = (bundle.manifest.model_sha256, __version__, epochs)
        if (found.model_sha256, found.edgeasr, found.epochs) == known:
            return found
    keras = import_keras("improving models")
    model = keras.saving.load_model(bundle.model_path, compile=False)
    test = _test_split(bundle, model)
    calibration = bundle.samples().calibration
    rows = []
    for row in ROWS:
        cells = []
        for case in CASES:
            better = _improved(model, calibration, row, case, bundle, epochs)
            cells.append(test.cell(_run(better, case, bundle, test.features)))
            report(f"{bundle.path.name}, {' + '.join(row) or 'nothing'}, {case.title}: {cells[-1]}")
        rows.append(tuple(cells))
    manifest = bundle.manifest
    result = Ablation(
        model=manifest.model,
        model_sha256=manifest.model_sha256,
        edgeasr=__version__,
        data=tuple(manifest.training["data"]),
        clips=len(test.features),
        measure="WER" if manifest.ctc else "accuracy",
        score=test.score(test.said(test.reference)),
        epochs=epochs,
        cells=tuple(rows),
    )
    write_text(done, json.dumps(to_mapping(result), indent=1) + "\n")
    return result


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
        maker = Maker(work, ExportSettings(per_tensor=case.per_tensor), card, bundle.samples().calibration)
        return load(work / maker.make("tflite", case.scheme)["file"]).run_batch(features)
