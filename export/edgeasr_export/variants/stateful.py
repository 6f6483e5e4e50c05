"""State inside the file: a step model in TFLite whose states are resource variables, as microcontrollers keep them.

Each state becomes a variable, which an initialisation subgraph sets at the first call (CALL_ONCE), which is read
(READ_VARIABLE) where the input was, and assigned (ASSIGN_VARIABLE) as soon as the output is there. All else stays as it
is, and so the scores are the same to the bit.
"""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgeasr.card import State, read_from_tflite
from edgeasr.errors import ExportError
from edgeasr.tflite import Interpreter, Model, Tensor, quantisation, read_model
from edgeasr_export.variants.editor import Editor
from edgeasr_export.variants.variant import Variant

__all__ = ["STATEFUL", "keep_state_inside"]


def keep_state_inside(file: Path, after_silence: bool = False) -> None:
    """Turn the states of a step model from inputs and outputs into resource variables, in place.

    Args:
        file: a TFLite file that edgeasr exported as steps.
        after_silence: whether the states begin as a clip of features 0 leaves them, and not as zeros: for programs that
            use the first outputs, in which zeros in the states would be heard as something.

    Raises:
        ExportError: it takes whole clips, has a state that must stay zero for some steps, or one that comes out in
            another quantisation than it goes in.
    """
    card, model = read_from_tflite(file), read_model(file)
    if card is None or card.stepping is None:
        raise ExportError("expected a step model, got one of whole clips: export it with --streaming")
    states, signature = card.stepping.states, model.signatures[0]
    tensors = {
        name: model.subgraphs[0].tensors[index] for name, index in {**signature.inputs, **signature.outputs}.items()
    }
    for state in states:
        _check(state, tensors[state.input], tensors[state.output])
    first = {state.input: _zeros(tensors[state.input]) for state in states}
    if after_silence:
        first = _after_silence(model, states, card.stepping.steps)
    editor = Editor(file)
    start = editor.subgraph("initialise")
    for state in states:
        _move(editor, state.input, tensors[state.input].index, tensors[state.output].index)
        _initialise(editor, start, state.input, first[state.input], tensors[state.input])
    _leave_out(editor.graph, editor.signature, {state.input for state in states}, "inputs")
    _leave_out(editor.graph, editor.signature, {state.output for state in states}, "outputs")
    editor.graph.operators.insert(0, editor.operator("CALL_ONCE", [], [], initSubgraphIndex=editor.subgraphs - 1))
    editor.save(file, replace(card, stepping=replace(card.stepping, states=())))


def _check(state: State, before: Tensor, after: Tensor) -> None:
    if state.hold:
        raise ExportError(
            f"the state {state.input} must stay zero for the first {state.hold} steps, which a variable in the file "
            "does not: export it with its state outside"
        )
    same = (before.type, before.shape) == (after.type, after.shape)
    if not same or str((before.scale, before.zero_point)) != str((after.scale, after.zero_point)):
        raise ExportError(
            f"the state {state.input} goes out in another type or scale than it comes in: "
            "export it with its state outside"
        )


def _move(editor: Editor, name: str, before: int, after: int) -> None:
    """Read a variable where its first user is, and assign it where its next value is made."""
    graph = editor.graph
    handle = editor.tensor(graph, "handle", (), "RESOURCE")
    users = [place for place, one in enumerate(graph.operators) if before in one.inputs]
    first = users[0] if users else 0
    read = [_variable(editor, name, handle), editor.operator("READ_VARIABLE", [handle], [before])]
    graph.operators[first:first] = read
    made = [place for place, one in enumerate(graph.operators) if after in one.outputs]
    assign = editor.operator("ASSIGN_VARIABLE", [handle, after], [])
    graph.operators.insert(max(first + len(read), made[0] + 1), assign)


def _initialise(editor: Editor, start: Any, name: str, value: NDArray[Any], like: Tensor) -> None:
    """Let a subgraph give a variable its first value, in the quantisation of a tensor."""
    scale = None if like.scale is None else (float(like.scale[0]), quantisation.zero_point_of(like))
    constant, handle = editor.constant(start, "first", value, scale), editor.tensor(start, "handle", (), "RESOURCE")
    start.operators.append(_variable(editor, name, handle))
    start.operators.append(editor.operator("ASSIGN_VARIABLE", [handle, constant], []))


def _after_silence(model: Model, states: Sequence[State], steps: int) -> dict[str, NDArray[Any]]:
    """Give the states, by the names of their inputs, after so many steps of features 0."""
    interpreter, signature = Interpreter(model), model.signatures[0]
    values = {tensor.index: _zeros(tensor) for tensor in interpreter.inputs}
    for _ in range(steps):
        given = interpreter.run(*(values[tensor.index] for tensor in interpreter.inputs))
        made = {tensor.index: value for tensor, value in zip(interpreter.outputs, given, strict=True)}
        values |= {signature.inputs[state.input]: made[signature.outputs[state.output]] for state in states}
    return {state.input: values[signature.inputs[state.input]] for state in states}


def _zeros(tensor: Tensor) -> NDArray[Any]:
    return np.full(tensor.shape, quantisation.zero_point_of(tensor), tensor.dtype)


def _variable(editor: Editor, name: str, handle: int) -> Any:
    return editor.operator("VAR_HANDLE", [], [handle], container="", sharedName=name)


def _leave_out(graph: Any, signature: Any, names: set[str], side: str) -> None:
    """Take inputs or outputs out of a subgraph and its signature."""
    entries = getattr(signature, side)
    gone = [entry.tensorIndex for entry in entries if entry.name.decode() in names]
    setattr(signature, side, [entry for entry in entries if entry.name.decode() not in names])
    setattr(graph, side, [index for index in getattr(graph, side) if index not in gone])


STATEFUL = Variant(format="tflite", mark="stateful", finish=keep_state_inside)
