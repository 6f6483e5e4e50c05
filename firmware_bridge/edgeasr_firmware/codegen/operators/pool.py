"""Average and maximum over windows of int8 or int16."""

from edgeasr.tflite import quantisation
from edgeasr.tflite.model import Operator
from edgeasr_firmware.codegen.lower import Lowering
from edgeasr_firmware.codegen.operators.window import step_each_image, window_fields

__all__ = ["average_pool", "max_pool"]


def average_pool(lowering: Lowering, operator: Operator) -> None:
    """Lower AVERAGE_POOL_2D."""
    _pool(lowering, operator, "ea_average_pool")


def max_pool(lowering: Lowering, operator: Operator) -> None:
    """Lower MAX_POOL_2D."""
    _pool(lowering, operator, "ea_max_pool")


def _pool(lowering: Lowering, operator: Operator, kernel: str) -> None:
    source, output = lowering.expect(operator.inputs[0], "INT8", "INT16"), lowering.tensor(operator.outputs[0])
    options = operator.options
    lo, hi = quantisation.activation_range(
        options["fused_activation_function"],
        quantisation.scale_of(output),
        quantisation.zero_point_of(output),
        output.dtype,
    )
    fields = window_fields(operator, source, output, (options["filter_height"], options["filter_width"]))
    del fields["dilation_h"], fields["dilation_w"]
    params = lowering.program.struct("pool", "ea_pool_t", channels=source.shape[3], **fields, lo=lo, hi=hi)
    step_each_image(lowering, operator, "ea_pool", f"{kernel}_s{8 * source.dtype.itemsize}(&{params}")
