"""The machine that this process runs on, as a place to measure."""

import hashlib
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from edgeasr.features import Frontend, FrontendConfig
from edgeasr.metrics.answers import answers, right_answers
from edgeasr.runtime import Runtime, load
from edgeasr_bench.candidates import Candidate
from edgeasr_bench.inputs import Inputs, noise, read_inputs
from edgeasr_bench.latency import Timing, Workload, time_in_turns
from edgeasr_bench.measurement import Answers, Measurement
from edgeasr_bench.memory import measure_footprint
from edgeasr_bench.settings import Settings

__all__ = ["measure"]

_TIMED_CLIPS = 16

_Timings = tuple[Timing, Timing | None, Timing | None]


def measure(
    candidates: Sequence[Candidate], settings: Settings, progress: Callable[[str, float], None]
) -> list[Measurement]:
    """Measure candidates side by side.

    Args:
        candidates: what to measure.
        settings: how.
        progress: called with the stage and the share of it that is done.

    Returns:
        One measurement a candidate, in their order.

    Raises:
        EdgeASRError: a candidate cannot be run, or does not fit the data set.
    """
    footprints = []
    for number, candidate in enumerate(candidates):
        progress("loading each alone", number / len(candidates))
        footprints.append(measure_footprint(candidate.source, candidate.runtime, settings.threads))
    models = [load(candidate.source, candidate.runtime, settings.threads) for candidate in candidates]
    inputs = read_inputs(candidates, models, settings)
    said = [
        _answer(model, given, partial(progress, f"scoring {candidate.name}"))
        for candidate, model, given in zip(candidates, models, inputs, strict=True)
    ]
    timings = _time(models, inputs, settings.seconds, partial(progress, "timing"))
    columns = (candidates, models, footprints, said, timings)
    return [
        Measurement(
            artefact=candidate.name,
            runtime=model.name,
            runtime_version=model.version,
            scheme=model.scheme,
            threads=model.threads,
            bytes=candidate.file.stat().st_size,
            sha256=_sha256(candidate.file),
            model_sha256=model.card.model_sha256 if model.card else None,
            footprint=footprint,
            answers=answer,
            inference=inference,
            with_frontend=with_frontend,
            frontend=frontend,
        )
        for candidate, model, footprint, answer, (inference, with_frontend, frontend) in zip(*columns, strict=True)
    ]


def _answer(model: Runtime, inputs: Inputs, progress: Callable[[float], None]) -> Answers | None:
    if inputs.targets is None:
        return None
    scores = model.run_batch(inputs.features, progress)
    return Answers(
        answers(scores, inputs.features, model.labels, model.ctc),
        right_answers(inputs.targets, model.labels, model.ctc),
    )


def _time(
    models: Sequence[Runtime], inputs: Sequence[Inputs], seconds: float, progress: Callable[[float], None]
) -> list[_Timings]:
    """Time every model, every model behind its front end, and every front end, all in the same rounds."""
    frontends = {model.frontend: Frontend(model.frontend) for model in models if model.frontend}
    audio = {config: noise(config) for config in frontends}
    inference = [
        Workload(model.run, list(given.features[:_TIMED_CLIPS])) for model, given in zip(models, inputs, strict=True)
    ]
    behind = {
        index: Workload(_behind(frontends[model.frontend], model), audio[model.frontend])
        for index, model in enumerate(models)
        if model.frontend
    }
    alone = {config: Workload(frontend, audio[config]) for config, frontend in frontends.items()}
    timed = iter(time_in_turns([*inference, *behind.values(), *alone.values()], seconds, progress=progress))
    of_inference = [next(timed) for _ in inference]
    of_behind = {index: next(timed) for index in behind}
    of_alone: dict[FrontendConfig | None, Timing] = {config: next(timed) for config in alone}
    return [
        (timing, of_behind.get(index), of_alone.get(models[index].frontend))
        for index, timing in enumerate(of_inference)
    ]


def _behind(frontend: Frontend, model: Runtime) -> Callable[[NDArray[np.float32]], object]:
    return lambda clip: model.run(frontend(clip))


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
