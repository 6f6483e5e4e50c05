"""Models that take sound: a bundle of the original with its front end inside."""

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgeasr.bundle import Bundle, Samples
from edgeasr.errors import BundleError, ConfigError, ExportError
from edgeasr.features import Frontend, FrontendConfig
from edgeasr.features.layer import samples_config, with_frontend
from edgeasr.packages import import_keras
from edgeasr.scores import softmax
from edgeasr_export.importing.samples import check_samples, samples_of_data

__all__ = ["bundle_of_sound"]

_OF = "with_frontend_of"  # in the manifest's `training`: the hash of the original
_TOLERANCE = 1e-3  # of a score


def bundle_of_sound(
    bundle: Bundle, path: Path, data: Sequence[str] = (), notify: Callable[[str], None] = lambda line: None
) -> Bundle:
    """Write a bundle of the same model with its front end inside, which is exported, benchmarked and used like any.

    Its samples are sound: a bundle keeps features only, so they are read from data again. On those for verification
    the new model must give what the old one gives of the features that the front end outside makes.

    Args:
        bundle: of a Keras model of whole clips.
        path: folder of the new bundle; one of the same original there is kept.
        data: data sets, `NAME` or `NAME:PATH` each; by default those of the training.
        notify: told how far the two are apart, or that a bundle is kept.

    Raises:
        ConfigError: the model is imported from another format, has no front end, one that cannot be put inside or is
            there already, writes text, or has no data.
        DataError: the data cannot be used.
        ExportError: the two models differ.
        BundleError: something else stands at `path`.
    """
    original = bundle.manifest
    frontend = _check(bundle)
    with suppress(BundleError):  # nothing there, or something else
        existing = Bundle.open(path)
        if existing.manifest.training.get(_OF) == original.model_sha256:
            notify(f"{path} is there already, of this model: its samples are used again; delete it to read others")
            return existing
    Bundle.check_free(path)
    data = data or original.training.get("data", ())
    if not data:
        raise ConfigError(f"{bundle.path}: does not say what it was trained on: pass --data, clips to calibrate with")
    keras = import_keras("putting the front end into the model")
    try:
        model = keras.saving.load_model(bundle.model_path, compile=False)
    except (OSError, TypeError, ValueError) as error:
        raise BundleError(f"{bundle.model_path}: Keras cannot load it ({str(error).partition(chr(10))[0]})") from error
    heard, sound = with_frontend(model, frontend), samples_config(frontend)  # before minutes of reading
    samples = samples_of_data(data, original.labels, sound)
    check_samples(samples, original.labels)
    _compare(heard, model, frontend, samples, original.output == "logits", notify)
    manifest = replace(original, frontend=sound, training={_OF: original.model_sha256}, metrics={})
    return Bundle.create(path, manifest, heard, samples)


def _check(bundle: Bundle) -> FrontendConfig:
    """Give the front end of a bundle whose model can take it in."""
    manifest = bundle.manifest
    if manifest.model_file != "model.keras":
        raise ConfigError(
            f"--with-frontend needs a Keras model, the bundle holds {manifest.model_file}: import the Keras model that "
            "it was made from"
        )
    if manifest.frontend is None:
        raise ConfigError(f"{bundle.path}: has no front end that could go into the model: import it with --frontend")
    if manifest.ctc:
        raise ConfigError(
            f"{manifest.model} writes text of utterances of any length: what follows a shorter one are frames of "
            "zeros, which no front end inside can give: leave --with-frontend out"
        )
    return manifest.frontend


def _compare(
    heard: Any,
    model: Any,
    frontend: FrontendConfig,
    samples: Samples,
    logits: bool,
    notify: Callable[[str], None],
) -> None:
    """Compare the front end inside with that outside, on sound for verification."""
    features = Frontend(frontend)(samples.verification[..., 0])
    inside, outside = (_scores(one, given, logits) for one, given in ((heard, samples.verification), (model, features)))
    difference = float(np.abs(inside - outside).max())
    if not difference <= _TOLERANCE:  # NaN too
        raise ExportError(
            f"with its front end inside the model differs by {difference:.2g}, expected at most {_TOLERANCE:g}: the "
            "features have bands too quiet for single precision"
        )
    notify(f"the front end inside gives the same scores on {len(inside)} clips, to {difference:.1g}")


def _scores(model: Any, given: NDArray[np.float32], logits: bool) -> NDArray[np.float32]:
    shape = (-1 if size is None else size for size in model.input_shape[1:])
    scores = np.asarray(model.predict(given.reshape(len(given), *shape), verbose=0), np.float32)
    return softmax(scores) if logits else scores
