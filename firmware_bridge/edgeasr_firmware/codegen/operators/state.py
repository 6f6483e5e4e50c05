"""Resource variables: the memory of a streaming model, which stays in the arena from one inference to the next."""

from edgeasr.tflite import quantisation
from edgeasr.tflite.model import Operator
from edgeasr_firmware.codegen.lower import Lowering
from edgeasr_firmware.codegen.program import Buffer, Step

__all__ = ["assign_variable", "call_once", "persistent", "read_variable", "var_handle"]


def var_handle(lowering: Lowering, operator: Operator) -> None:
    """Lower VAR_HANDLE: remember what the handle names."""
    lowering.variables[operator.outputs[0]] = _name(operator)


def call_once(lowering: Lowering, operator: Operator) -> None:
    """Lower CALL_ONCE: take the values that the subgraph gives to variables as their first.

    Raises:
        FirmwareError: the subgraph does anything else.
    """
    graph = lowering.model.subgraphs[operator.options["init_subgraph_index"]]
    names = {}
    for step in graph.operators:
        if step.name == "VAR_HANDLE":
            names[step.outputs[0]] = _name(step)
        elif step.name == "ASSIGN_VARIABLE" and graph.tensors[step.inputs[1]].data is not None:
            lowering.first_values[names[step.inputs[0]]] = graph.tensors[step.inputs[1]].data
        else:
            raise lowering.unsupported(f"{step.name} before the first inference, expected constants that are assigned")


def read_variable(lowering: Lowering, operator: Operator) -> None:
    """Lower READ_VARIABLE: the variable's own memory, or a copy if it changes before the value was used."""
    handle, value = operator.inputs[0], operator.outputs[0]
    buffer = _buffer(lowering, handle, value)
    here, last = lowering.position, lowering.last_use(value)
    if any(here < position <= last for position, _ in _assignments(lowering, lowering.variables[handle])):
        _copy(lowering, buffer, lowering.write(value), lowering.program.buffers[buffer].bytes)
    else:
        lowering.places[value] = buffer


def assign_variable(lowering: Lowering, operator: Operator) -> None:
    """Lower ASSIGN_VARIABLE: nothing, if the value was computed in the variable's own memory."""
    handle, value = operator.inputs
    buffer, source = _buffer(lowering, handle, value), lowering.read(value)
    if source != buffer:
        _copy(lowering, source, buffer, lowering.program.buffers[buffer].bytes)


def persistent(lowering: Lowering, index: int) -> str:
    """Give the buffer of a tensor that is marked as variable; it starts as zero."""
    tensor, name = lowering.tensor(index), f"t{index}"
    if name not in lowering.program.buffers:
        size = lowering.size_bytes(index)
        lowering.program.buffers[name] = Buffer(name, size, persistent=True)
        _start(lowering, name, size // tensor.dtype.itemsize, tensor.dtype.itemsize, quantisation.zero_point_of(tensor))
    lowering.places[index] = name
    return name


def _name(operator: Operator) -> tuple[str, str]:
    return operator.options["container"], operator.options["shared_name"]


def _buffer(lowering: Lowering, handle: int, value: int) -> str:
    """Give the buffer of a variable that holds such a value; on first use make it, and what gives it its start."""
    variable = lowering.variables[handle]
    known = list(dict.fromkeys(lowering.variables.values()))
    name = f"v{known.index(variable)}"
    size = lowering.size_bytes(value)
    if name not in lowering.program.buffers:
        lowering.program.buffers[name] = Buffer(name, size, persistent=True)
        _first(lowering, variable, value, name)
        for position, source in _assignments(lowering, variable):
            if _computed_in_place(lowering, variable, position, source):
                lowering.homes[source] = name
    if lowering.program.buffers[name].bytes != size:
        raise lowering.unsupported(f"{size} bytes in a variable of {lowering.program.buffers[name].bytes}")
    return name


def _first(lowering: Lowering, variable: tuple[str, str], value: int, name: str) -> None:
    """Add the step that gives a variable its first value; one that has none starts as zero."""
    tensor, first = lowering.tensor(value), lowering.first_values.get(variable)
    size, element_bytes = lowering.size_bytes(value), tensor.dtype.itemsize
    if first is None or not first.size or (first == first.flat[0]).all():
        element = quantisation.zero_point_of(tensor) if first is None else int(first.flat[0])
        _start(lowering, name, size // element_bytes, element_bytes, element)
        return
    table = "&" + lowering.program.table("first", first)
    lowering.program.start.append(Step("start", "ea_copy", _run(lowering, size), (table,), name))


def _start(lowering: Lowering, name: str, count: int, element_bytes: int, element: int) -> None:
    code = f"ea_fill({{out}}, {count}, {element_bytes}, {element})"
    lowering.program.start.append(Step("start", "ea_copy", code, (), name))


def _run(lowering: Lowering, size: int) -> str:
    zeros, ones = "{0, 0, 0, 0, 0}", "{1, 1, 1, 1, 1}"
    params = lowering.program.struct("copy", "ea_copy_t", run=size, size=ones, from_step=zeros, to_step=zeros)
    return f"ea_copy(&{params}, {{a}}, {{out}})"


def _copy(lowering: Lowering, source: str, target: str, size: int) -> None:
    lowering.program.steps.append(Step(lowering.current, "ea_copy", _run(lowering, size), (source,), target))


def _assignments(lowering: Lowering, variable: tuple[str, str]) -> list[tuple[int, int]]:
    """Give the places of the operators that assign a variable, and the tensors that they assign."""
    handles = {operator.outputs[0] for operator in lowering.graph.operators
               if operator.name == "VAR_HANDLE" and _name(operator) == variable}  # fmt: skip
    return [
        (position, operator.inputs[1])
        for position, operator in enumerate(lowering.graph.operators)
        if operator.name == "ASSIGN_VARIABLE" and operator.inputs[0] in handles
    ]


def _computed_in_place(lowering: Lowering, variable: tuple[str, str], assigned: int, value: int) -> bool:
    """Tell whether a value can be computed where the variable is: from then on nobody may want the old one."""
    operators = lowering.graph.operators
    made = next((p for p, operator in enumerate(operators) if value in operator.outputs), assigned)
    readers = [p for p, operator in enumerate(operators) if value in operator.inputs]
    if made >= assigned or readers != [assigned] or value in lowering.graph.outputs:
        return False
    for position, operator in enumerate(operators):
        if operator.name == "READ_VARIABLE" and _name_of(lowering, operator.inputs[0]) == variable:
            if position < made and lowering.last_use(operator.outputs[0]) >= made:
                return False
            if made <= position < assigned:
                return False
    return True


def _name_of(lowering: Lowering, handle: int) -> tuple[str, str] | None:
    return next((_name(operator) for operator in lowering.graph.operators
                 if operator.name == "VAR_HANDLE" and operator.outputs[0] == handle), None)  # fmt: skip
