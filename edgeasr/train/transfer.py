"""Start a training from the weights of another: what a model knows of speech serves other words."""

from pathlib import Path
from typing import Any

from edgeasr.bundle import Bundle
from edgeasr.errors import ConfigError

__all__ = ["copy_weights"]


def copy_weights(path: str | Path, model: Any) -> tuple[int, int]:
    """Copy the weights of a trained bundle into a Keras model, layer by layer from the input on.

    It ends at the first layer that has weights of another shape, which is the last one where the labels differ.

    Args:
        path: folder of the bundle.
        model: changed in place.

    Returns:
        How many layers with weights were copied, and how many the model has.

    Raises:
        BundleError: there is no bundle.
        ConfigError: not even the first layer fits.
    """
    from keras.saving import load_model

    bundle = Bundle.open(path)
    trained = load_model(bundle.model_path, compile=False)
    theirs, ours = ([layer for layer in one.layers if layer.weights] for one in (trained, model))
    copied = 0
    for source, target in zip(theirs, ours, strict=False):
        if [weight.shape for weight in source.weights] != [weight.shape for weight in target.weights]:
            break
        target.set_weights(source.get_weights())
        copied += 1
    if not copied:
        raise ConfigError(f"{path} is a {bundle.manifest.model}: expected layers like those of {model.name}")
    return copied, len(ours)
