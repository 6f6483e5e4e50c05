"""The sliding window that convolutions and pools have in common."""

from typing import Any

from edgeasr.tflite.model import Operator, Tensor
from edgeasr_firmware.codegen.lower import Lowering

__all__ = ["step_each_image", "window_fields"]


def window_fields(operator: Operator, source: Tensor, output: Tensor, kernel: tuple[int, int]) -> dict[str, Any]:
    """Give the fields of a C structure that say how a window of size `kernel` moves over [1, height, width, channels].

    The padding before the first element follows from the sizes, for SAME and VALID alike.
    """
    options, fields = operator.options, {}
    for letter, side, place, size in (("h", "top", 1, kernel[0]), ("w", "left", 2, kernel[1])):
        stride, dilation = options[f"stride_{letter}"], options.get(f"dilation_{letter}_factor", 1)
        reach = (output.shape[place] - 1) * stride + (size - 1) * dilation + 1
        fields.update({
            f"in_{letter}": source.shape[place],
            f"out_{letter}": output.shape[place],
            f"kernel_{letter}": size,
            f"stride_{letter}": stride,
            f"dilation_{letter}": dilation,
            f"pad_{side}": max(0, reach - source.shape[place]) // 2,
        })  # fmt: skip
    return fields


def step_each_image(
    lowering: Lowering, operator: Operator, source: str, kernel: str, scratch_bytes: int = 0, **more: Any
) -> None:
    """Add a call of a kernel for every image of a batch.

    Args:
        lowering: takes the steps.
        operator: from its first input, [batch, height, width, channels], to its output.
        source: C file of the kernel.
        kernel: the call up to its pointers, such as `ea_pool_s8(&pool_1`.
        scratch_bytes: scratch memory that it takes as its last argument.
        more: of `Step`.
    """
    batch = lowering.tensor(operator.inputs[0]).shape[0]
    tensors = (("a", operator.inputs[0]), ("out", operator.outputs[0]))
    for image in range(batch):
        places = []
        for letter, index in tensors:
            offset = image * lowering.size_bytes(index) // batch
            places.append(f"(void *)((uint8_t *){{{letter}}} + {offset})" if offset else f"{{{letter}}}")
        scratch = ", {scratch}" if scratch_bytes else ""
        lowering.step(
            source, f"{kernel}, {', '.join(places)}{scratch})", operator.inputs[:1], operator.outputs[0],
            scratch_bytes=scratch_bytes, **more,
        )  # fmt: skip
