"""What the passes need to know of the layers of Keras."""

from typing import Any

__all__ = ["DEPTHWISE", "is_idle", "is_linear", "is_moving", "is_relu", "is_scaling"]

DEPTHWISE = ("DepthwiseConv1D", "DepthwiseConv2D")
_LINEAR = ("Dense", "Conv1D", "Conv2D", *DEPTHWISE)
_IDLE = ("Dropout", "GaussianDropout", "GaussianNoise", "Identity", "SpatialDropout1D", "SpatialDropout2D")
_POOLING = ("MaxPooling1D", "MaxPooling2D", "GlobalMaxPooling1D", "GlobalMaxPooling2D")
_AVERAGING = ("AveragePooling1D", "AveragePooling2D", "GlobalAveragePooling1D", "GlobalAveragePooling2D")
_PLACING = ("Cropping1D", "Cropping2D", "UpSampling1D", "UpSampling2D", "ZeroPadding1D", "ZeroPadding2D")
_SHAPING = ("ExpandDims", "Flatten", "GetItem", "Permute", "RepeatVector", "Reshape", "Squeeze", "Transpose")


def is_linear(layer: Any) -> bool:
    """Say whether a layer is a convolution or a dense layer, its channels last."""
    return type(layer).__name__ in _LINEAR and getattr(layer, "data_format", "channels_last") == "channels_last"


def is_idle(layer: Any) -> bool:
    """Say whether a layer does nothing outside of training."""
    return type(layer).__name__ in _IDLE or _function(layer) == "linear"


def is_moving(layer: Any) -> bool:
    """Say whether a layer only moves or chooses values: what comes out has the steps of what went in."""
    return is_idle(layer) or type(layer).__name__ in (*_POOLING, *_PLACING, *_SHAPING)


def is_relu(layer: Any) -> bool:
    """Say whether a layer is a ReLU that a converter makes part of what comes before it."""
    return _function(layer) in ("relu", "relu6")


def is_scaling(layer: Any) -> bool:
    """Say whether a layer treats each channel by itself, and gives s times as much for s times as much, s > 0."""
    kinds = (*_POOLING, *_AVERAGING, *_PLACING)
    return is_idle(layer) or _function(layer) in ("relu", "leaky_relu") or type(layer).__name__ in kinds


def _function(layer: Any) -> str:
    """Name the function of an activation layer."""
    kind = type(layer).__name__
    if kind == "Activation":
        return str(getattr(layer.activation, "__name__", ""))
    if kind == "LeakyReLU":
        return "leaky_relu"
    if kind == "ReLU" and not layer.threshold and not layer.negative_slope:
        return {None: "relu", 6: "relu6"}.get(layer.max_value, "")
    return ""
