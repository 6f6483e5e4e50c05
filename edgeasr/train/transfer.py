"""Start a training from the weights of another: what a model knows of speech serves other words."""

from typing import Any

from edgeasr.bundle import Bundle
from edgeasr.errors import ConfigError
from edgeasr.features.config import FrontendConfig

__all__ = ["copy_weights"]


def copy_weights(bundle: Bundle, model: Any, frontend: FrontendConfig | None) -> tuple[int, int]:
    """Copy the weights of a trained bundle into a Keras model, layer by layer from the input on.

    It ends at the first layer that has weights of another shape, which is the last one where the labels differ.

    Args:
        bundle: trained before.
        model: changed in place.
        frontend: of the training, which must be of the same kind.

    Returns:
        How many layers with weights were copied, and how many the model has.

    Raises:
        ConfigError: the front end is another, or not even the first layer fits.
    """
    from keras.saving import load_model

    heard = bundle.manifest.frontend
    if heard and frontend and heard.kind != frontend.kind:
        raise ConfigError(
            f"{bundle.path} hears {heard.kind}, this training {frontend.kind}: start from another bundle, or from none"
        )
    trained = load_model(bundle.model_path, compile=False)
    theirs, ours = ([layer for layer in one.layers if layer.weights] for one in (trained, model))
    copied = 0
    for source, target in zip(theirs, ours, strict=False):
        if [weight.shape for weight in source.weights] != [weight.shape for weight in target.weights]:
            break
        target.set_weights(source.get_weights())
        copied += 1
    if not copied:
        raise ConfigError(f"{bundle.path} is a {bundle.manifest.model}: expected layers like those of {model.name}")
    return copied, len(ours)
