"""What each kind of layer becomes in a step model.

A layer with a kernel over time keeps the frames that it looks back on, a recurrent one its state, one that takes the
whole clip the frames of the whole clip. What pads with zeros before the clip needs no more than that the state is zero
at the start, and stays so while the layers below give junk.
"""

from collections.abc import Callable, Sequence
from math import prod
from typing import Any

from edgeasr.features.layer import FOURIER
from edgeasr_export.forms.cells import RECURRENT, lower
from edgeasr_export.forms.dilated import direct
from edgeasr_export.forms.graph import is_frontend, refusal
from edgeasr_export.forms.stream import Buffers, Stream

__all__ = ["stepped", "stride"]

_Rule = Callable[[Any, Stream, Buffers], Stream]

# Layers by the names of their classes, which are read without importing Keras.
_SLIDING = {
    *("Conv1D", "Conv2D", "DepthwiseConv1D", "DepthwiseConv2D", "SeparableConv1D", "SeparableConv2D"),
    *("MaxPooling1D", "MaxPooling2D", "AveragePooling1D", "AveragePooling2D"),
}
_WHOLE = {"Flatten", *(f"Global{kind}Pooling{rank}D" for kind in ("Average", "Max") for rank in (1, 2))}
_BY_FRAME = {
    *("Dense", "Activation", "ReLU", "LeakyReLU", "ELU", "Softmax", "BatchNormalization", "LayerNormalization"),
    *("Rescaling", "Normalization", "UnitNormalization", "TimeDistributed"),
}
_IN_TRAINING = {
    *("Dropout", "SpatialDropout1D", "SpatialDropout2D", "GaussianNoise", "GaussianDropout", "AlphaDropout"),
    *("ActivityRegularization", "Identity"),
}
_ELEMENTWISE = {"Add", "Subtract", "Multiply", "Average", "Maximum", "Minimum", "Concatenate"}
_REASONS = {
    "Bidirectional": "hears the clip from its end too",
    "Attention": "looks at the whole clip",
    "MultiHeadAttention": "looks at the whole clip",
}


def stride(node: Any) -> int:
    """Tell how many frames the layer of a node takes for each that it gives."""
    if is_frontend(node.operation) or type(node.operation).__name__ in _SLIDING:
        return int(_windowed(node.operation).strides[0])
    return 1


def stepped(node: Any, streams: Sequence[Stream], buffers: Buffers) -> Stream:
    """Give what a layer makes of its inputs in a step model.

    Args:
        node: of the clip model's graph.
        streams: what its inputs have become.
        buffers: takes the state that the layer needs.

    Raises:
        ExportError: the layer cannot be streamed.
    """
    layer, kind = node.operation, type(node.operation).__name__
    if kind in _ELEMENTWISE:
        return _merged(node, streams, buffers)
    if kind in _IN_TRAINING:
        return streams[0]
    if kind == "Reshape":
        return _reshaped(node, streams[0], buffers)
    if is_frontend(layer):
        return _sliding(layer, streams[0], buffers)
    if len(streams) == 1 and kind in _BY_FRAME:
        return _by_frame(layer, streams[0])
    if len(streams) == 1 and kind in _RULES and streams[0].frames is not None:
        if getattr(layer, "data_format", "channels_last") != "channels_last":
            raise refusal(layer, "has its channels first: build it with data_format='channels_last'")
        return _RULES[kind](layer, streams[0], buffers)
    if len(streams) == 1 and kind == "Flatten":
        return streams[0].becomes(layer(streams[0].tensor))
    reason = _REASONS.get(kind, "is of a kind that is not known to go frame by frame")
    raise refusal(layer, f"cannot be streamed, it {reason}: export the whole clip, without --streaming")


def _by_frame(layer: Any, stream: Stream) -> Stream:
    axis = getattr(layer, "axis", -1)
    axes = {
        one % len(stream.tensor.shape)
        for one in (axis if isinstance(axis, list | tuple) else [axis])
        if one is not None
    }
    if stream.frames is not None and 1 in axes:
        raise refusal(layer, "cannot be streamed, it takes all frames together (axis 1)")
    return stream.becomes(layer(stream.tensor))


def _windowed(layer: Any) -> Any:
    """Give the layer that says which windows are taken: the convolution of a front end, of others the layer itself."""
    return layer.get_layer(FOURIER) if is_frontend(layer) else layer


def _sliding(layer: Any, stream: Stream, buffers: Buffers) -> Stream:
    """Step a convolution or a pooling: its windows go over some frames of before and those of the step."""
    windowed = _windowed(layer)
    kernel = getattr(windowed, "kernel_size", None) or windowed.pool_size
    every, dilation = windowed.strides[0], getattr(windowed, "dilation_rate", (1,))[0]
    extent = (kernel[0] - 1) * dilation + 1
    if windowed.padding == "same" and extent > 1:
        raise refusal(
            layer,
            "cannot be streamed, it pads the end of the clip (padding='same'): build it with 'causal' or 'valid'",
        )
    hold = padding = 0
    if windowed.padding == "causal":
        stream, hold = buffers.settled(stream, layer.name)
        before = padding = extent - 1
    else:
        before = max(extent - every, 0)
        before += -(stream.junk + before) % every  # so that the first window of the clip begins with its first frame
    frames = (_length(stream) + padding - extent) // every + 1
    if frames < 1:
        raise refusal(layer, f"gets {_length(stream)} frames of a clip, expected at least {extent}")
    taken = _frames(buffers.joined(stream, before, layer.name, hold), 0, stream.step_frames - every + extent)
    changed: dict[str, Any] = {"padding": "valid"} if padding else {}
    if dilation > 1 and stream.step_frames == every:  # one window: its frames alone, for which no kernel is dilated
        taken = taken[:, ::dilation]
        changed["dilation_rate"] = (1, *layer.dilation_rate[1:])
    made = buffers.once(layer, lambda: direct(_changed(layer, changed, taken)))
    return Stream(made(taken), frames, (before + stream.junk - padding) // every)


def _changed(layer: Any, changed: dict[str, Any], tensor: Any) -> Any:
    """Give the layer, or one with some settings changed and the same name and weights."""
    if not changed:
        return layer
    made = type(layer).from_config({**layer.get_config(), **changed})
    made.build(tensor.shape)
    made.set_weights(layer.get_weights())
    return made


def _recurrent(layer: Any, stream: Stream, buffers: Buffers) -> Stream:
    from keras import layers

    if layer.go_backwards:
        raise refusal(layer, "cannot be streamed, it hears the clip from its end")
    stream, hold = buffers.settled(stream, layer.name)
    cell = buffers.once(layer, lambda: lower(layer))
    names = [buffers.add(f"{layer.name}_{state}", (cell.units,), hold) for state in cell.states]
    states = [buffers.inputs[name] for name in names]
    projected, outputs = cell.project(stream.tensor), []
    for frame in range(stream.step_frames):
        states = cell.advance(projected[:, frame], states)
        outputs.append(states[0])
    buffers.outputs.update(zip(names, states, strict=True))
    if layer.return_sequences:
        frames = [layers.Reshape((1, cell.units))(output) for output in outputs]
        return stream.becomes(layers.Concatenate(axis=1)(frames) if len(frames) > 1 else frames[0])
    step, place = stream.last
    return Stream(outputs[place], None, step)


def _whole(layer: Any, stream: Stream, buffers: Buffers) -> Stream:
    """Step a layer that takes all frames of the clip: it gets the last ones, as many as a clip has."""
    step, place = stream.last
    before = max(_length(stream) - 1 - place, 0)
    end = before + place + 1
    window = _frames(buffers.joined(stream, before, layer.name), end - _length(stream), end)
    return Stream(layer(window), None, step)


def _padded(layer: Any, stream: Stream, buffers: Buffers) -> Stream:
    (left, right), *rest = layer.padding if isinstance(layer.padding[0], tuple) else (layer.padding,)
    if right:
        raise refusal(layer, "cannot be streamed, it pads the end of the clip")
    stream, hold = buffers.settled(stream, layer.name)
    tensor = _frames(buffers.joined(stream, left, layer.name, hold), 0, stream.step_frames)
    if rest:
        tensor = _changed(layer, {"padding": ((0, 0), *rest)}, tensor)(tensor)
    return Stream(tensor, _length(stream) + left, stream.junk)


def _cropped(layer: Any, stream: Stream, buffers: Buffers) -> Stream:
    """Step a cropping over time: what goes from the start of the clip is junk from here on."""
    (left, right), *rest = layer.cropping if isinstance(layer.cropping[0], tuple) else (layer.cropping,)
    tensor = stream.tensor
    if rest:
        tensor = _changed(layer, {"cropping": ((0, 0), *rest)}, tensor)(tensor)
    return Stream(tensor, _length(stream) - left - right, stream.junk + left)


_RULES: dict[str, _Rule] = {
    **dict.fromkeys(_SLIDING, _sliding),
    **dict.fromkeys(_WHOLE, _whole),
    **dict.fromkeys(RECURRENT, _recurrent),
    **dict.fromkeys(("ZeroPadding1D", "ZeroPadding2D"), _padded),
    **dict.fromkeys(("Cropping1D", "Cropping2D"), _cropped),
}


def _reshaped(node: Any, stream: Stream, buffers: Buffers) -> Stream:
    from keras import layers

    name, before, after = node.operation.name, node.input_tensors[0].shape[1:], node.outputs[0].shape[1:]
    if stream.frames is None:
        return stream.becomes(node.operation(stream.tensor))
    if after[0] == before[0] and prod(after[1:]) == prod(before[1:]):
        return stream.becomes(layers.Reshape((stream.step_frames, *after[1:]), name=name)(stream.tensor))
    if len(after) == 1:
        return _whole(layers.Flatten(name=name), stream, buffers)
    raise refusal(node.operation, f"cannot be streamed, it mixes frames: {before} becomes {after}")


def _merged(node: Any, streams: Sequence[Stream], buffers: Buffers) -> Stream:
    """Step an operation on several streams: those that come early are delayed."""
    layer = node.operation
    timed = {stream.frames is not None for stream in streams}
    if len(timed) > 1:
        raise refusal(layer, "cannot be streamed, it merges frames with what is known at the end of the clip")
    if len({stream.step_frames for stream in streams}) > 1:
        raise refusal(layer, "cannot be streamed, it merges inputs of different frame rates")
    if timed == {True} and getattr(layer, "axis", -1) % len(streams[0].tensor.shape) == 1:
        raise refusal(layer, "cannot be streamed, it puts one clip after another (axis 1)")
    most = max(stream.junk for stream in streams)
    late = [buffers.delayed(stream, most - stream.junk, layer.name) for stream in streams]
    values = {id(tensor): stream.tensor for tensor, stream in zip(node.input_tensors, late, strict=True)}
    args, kwargs = node.arguments.fill_in(values)
    return late[0].becomes(layer(*args, **kwargs))


def _frames(tensor: Any, start: int, stop: int) -> Any:
    """Take some frames, without an operator where these are all."""
    return tensor if (start, stop) == (0, tensor.shape[1]) else tensor[:, start:stop]


def _length(stream: Stream) -> int:
    assert stream.frames is not None  # rules get streams that have time
    return stream.frames
