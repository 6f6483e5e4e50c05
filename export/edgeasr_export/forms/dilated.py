"""Dilated convolutions over time, in the operation that converters know."""

from functools import cache
from typing import Any

__all__ = ["direct"]


def direct(layer: Any) -> Any:
    """Give a layer that does what a dilated Conv1D does, in one operation; other layers as they are.

    TensorFlow moves the frames of a dilated convolution to the batch, and back again. Converters see the convolution in
    that, but not where two layers share such a move, and quantisers leave the moves float.
    """
    # by its name: a class derived from it may compute something else
    if type(layer).__name__ != "Conv1D" or layer.dilation_rate == (1,) or layer.data_format != "channels_last":
        return layer
    made = _dilated()(**layer.get_config())
    made.build((None, None, layer.kernel.shape[1] * layer.groups))
    made.set_weights(layer.get_weights())
    return made


@cache
def _dilated() -> Any:
    """Define the Keras layer, which is put off until Keras is there."""
    import tensorflow as tf
    from keras import layers

    class Dilated(layers.Conv1D):  # type: ignore[misc]
        """A Conv1D computed in two dimensions, of which one is 1."""

        def call(self, inputs: Any) -> Any:
            if self.padding == "causal":
                before = (self.kernel_size[0] - 1) * self.dilation_rate[0]
                inputs = tf.pad(inputs, ((0, 0), (before, 0), (0, 0)))
            padding = "SAME" if self.padding == "same" else "VALID"
            strides, dilations = (1, 1, *self.strides, 1), (1, 1, *self.dilation_rate, 1)
            x = tf.nn.conv2d(tf.expand_dims(inputs, 1), self.kernel[None], strides, padding, dilations=dilations)
            x = tf.squeeze(x, 1)
            return self.activation(x + self.bias if self.use_bias else x)

    return Dilated
