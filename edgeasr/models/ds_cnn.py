"""DS-CNN, the keyword spotter of depthwise separable convolutions."""

from typing import Any

from edgeasr.features.config import FrontendConfig
from edgeasr.models.spec import ModelSpec

__all__ = ["DS_CNN"]


def _build(shape: tuple[int, int], labels: int) -> Any:
    """Build the small DS-CNN of Y. Zhang et al., "Hello Edge: Keyword Spotting on Microcontrollers" (2017), table 4.

    A 10 x 4 convolution of stride 2 in time and frequency, then four blocks of a 3 x 3 depthwise and a 1 x 1
    convolution, 64 channels each, every one with batch norm and ReLU; global average pooling; a dense layer.
    23,180 trainable parameters on 49 x 10 features and 12 labels, 2.7 M multiply-accumulates.

    The MLPerf Tiny keyword model is this one (https://github.com/mlcommons/tiny). As there, the output of the last
    block is dropped out; unlike there, the output are logits.
    """
    from keras import Sequential, layers, regularizers

    decay = regularizers.L2(1e-4)

    def block(convolution: Any) -> list[Any]:
        return [convolution, layers.BatchNormalization(momentum=0.9), layers.ReLU()]

    stack = block(layers.Conv2D(64, (10, 4), strides=2, padding="same", use_bias=False, kernel_regularizer=decay))
    stack.append(layers.Dropout(0.2))
    for _ in range(4):
        stack += block(layers.DepthwiseConv2D(3, padding="same", use_bias=False, depthwise_regularizer=decay))
        stack += block(layers.Conv2D(64, 1, use_bias=False, kernel_regularizer=decay))
    stack += [layers.Dropout(0.4), layers.GlobalAveragePooling2D(), layers.Dense(labels)]
    return Sequential([layers.Input(shape), layers.Reshape((*shape, 1)), *stack], name="ds_cnn")


DS_CNN = ModelSpec(build=_build, frontend=FrontendConfig(kind="mfcc"), output="logits")
