"""Models of a course report on "Voice MNIST": ten spoken digits, AudioMNIST, as mel spectrograms.

Convolutions are 3 x 3 without padding, each pooling takes the maximum of 2 x 2. Parameters with 10 labels:

| key | input | layers | parameters |
| --- | --- | --- | --- |
| voicemnist-mlp | 128 x 128 | Dense(1024) | 16,788,490 |
| voicemnist-cnn1 | 128 x 128 | Conv2D(32), pool, Dense(1024) | 130,067,786 (the report: about 130 million) |
| voicemnist-cnn2 | 128 x 128 | Conv2D(32), pool, Conv2D(64), pool, Dense(1024) | 59,012,490 |
| voicemnist-large | 64 x 64 | Conv2D(32), Conv2D(64), pool, Conv2D(128), pool, Dense(1024), Dense(512) | 26,313,738 |
| voicemnist-cnn | 64 x 64 | Conv2D(32), pool, Conv2D(64), pool, Dense(512) | 6,446,986 |

The report trained with Adam in batches of 64. voicemnist-cnn2 came to 99.7 % on validation clips, voicemnist-cnn, its
final choice, to 99.2 % on test clips; voicemnist-large was rejected.

Its study of activations is made with the options `conv_activation`, `dense_activation` and `output_activation`, names
of Keras activations. Cross-entropy of the ten probabilities of a sigmoid output divides them by their sum first: that
is the softmax of log(sigmoid(x)). So with `output_activation="log_sigmoid"` the outputs are logits, and the loss is
that of a sigmoid output. (Of a sigmoid itself, Keras on TensorFlow takes the input and trains a softmax.)
"""

from typing import Any

from edgeasr.features.config import FrontendConfig
from edgeasr.models.spec import ModelSpec

__all__ = ["CNN", "CNN1", "CNN2", "LARGE", "MLP"]


def _build_mlp(
    shape: tuple[int, int], labels: int, *, dense_activation: str = "relu", output_activation: str = "linear"
) -> Any:
    """Build the network without convolutions."""
    from keras import Sequential, layers

    stack = [
        layers.Flatten(),
        layers.Dense(1024, activation=dense_activation),
        layers.Dense(labels, activation=output_activation),
    ]
    return Sequential([layers.Input(shape), *stack], name="voicemnist_mlp")


def _convolutional(
    name: str, frontend: FrontendConfig, convolutions: tuple[tuple[int, ...], ...], dense: tuple[int, ...]
) -> ModelSpec:
    """Specify a convolutional network.

    Args:
        name: of the Keras model.
        frontend: the features.
        convolutions: filters of each convolution; a group of them is followed by a pooling.
        dense: units of each dense layer between the convolutions and the output.
    """

    def build(
        shape: tuple[int, int],
        labels: int,
        *,
        conv_activation: str = "relu",
        dense_activation: str = "relu",
        output_activation: str = "linear",
    ) -> Any:
        from keras import Sequential, layers

        stack: list[Any] = []
        for group in convolutions:
            stack += [layers.Conv2D(filters, 3, activation=conv_activation) for filters in group]
            stack.append(layers.MaxPooling2D())
        stack.append(layers.Flatten())
        stack += [layers.Dense(units, activation=dense_activation) for units in dense]
        stack.append(layers.Dense(labels, activation=output_activation))
        return Sequential([layers.Input(shape), layers.Reshape((*shape, 1)), *stack], name=name)

    return ModelSpec(build=build, frontend=frontend, output="logits")


# The report's images, of about one second. Mel bands up to 4 kHz, the band of a telephone: its AudioMNIST goes higher,
# but FSDD does not, and the bands above would hold nothing but the floor of the logarithm; so a model trained on one
# takes clips of the other. An FFT of 1024 for 128 bands: with 512, some of the lowest would lie between two FFT bins.
_IMAGE_128 = FrontendConfig(mel_bins=128, window_ms=32.0, hop_ms=8.0, clip_ms=1048.0, fft_size=1024)
_IMAGE_64 = FrontendConfig(mel_bins=64, window_ms=32.0, hop_ms=16.0, clip_ms=1040.0)

MLP = ModelSpec(build=_build_mlp, frontend=_IMAGE_128, output="logits")
CNN1 = _convolutional("voicemnist_cnn1", _IMAGE_128, ((32,),), (1024,))
CNN2 = _convolutional("voicemnist_cnn2", _IMAGE_128, ((32,), (64,)), (1024,))
LARGE = _convolutional("voicemnist_large", _IMAGE_64, ((32, 64), (128,)), (1024, 512))
CNN = _convolutional("voicemnist_cnn", _IMAGE_64, ((32,), (64,)), (512,))
