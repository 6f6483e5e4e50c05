"""What came of a model in export and bench."""

from dataclasses import dataclass
from itertools import product

from edgeasr_bench.environment import Environment
from edgeasr_bench.record import Result

__all__ = ["STEPS", "Entry", "Step"]


@dataclass(frozen=True)
class Step:
    """A conversion.

    Attributes:
        format: key of `EXPORTERS`.
        runtime: key of `RUNTIMES`, which runs it.
        scheme: quantisation scheme.
    """

    format: str
    runtime: str
    scheme: str

    @property
    def key(self) -> str:
        """Its name in an `Entry`."""
        return f"{self.format} {self.scheme}"


_FORMATS = (("tflite", "tflite"), ("onnx", "onnxruntime"))
STEPS = tuple(Step(*kind, scheme) for kind, scheme in product(_FORMATS, ("float32", "dynamic", "int8")))


@dataclass(frozen=True)
class Entry:
    """A model of the zoo.

    Attributes:
        model: key of `MODELS`.
        model_sha256: of the bundle's model.
        edgeasr: version that converted and measured it.
        data: data sets that it was trained on, and measured with.
        clip_ms: length of the clips that go in; None of images.
        parameters: of the model.
        macs: multiply-accumulates of one inference.
        score: accuracy, or word error rate, of the Keras model on the clips of the results; None where there are none.
        results: of bench, by the key of the step, without the times of single calls; those that failed are not there.
        failures: one line each, by the key of the step, or `bench`.
        environment: what it was measured on.
    """

    model: str
    model_sha256: str
    edgeasr: str
    data: tuple[str, ...]
    clip_ms: float | None
    parameters: int
    macs: int
    score: float | None
    results: dict[str, Result]
    failures: dict[str, str]
    environment: Environment
