"""The operators of TFLite in NumPy, bit for bit the reference kernels of TensorFlow Lite Micro."""

from collections.abc import Mapping

from edgeasr.tflite.kernels.call import Call, Kernel, Memory

__all__ = ["KERNELS", "Call", "Kernel", "Memory"]

_PACKAGE = "edgeasr.tflite.kernels."

KERNELS: Mapping[str, str] = {
    operator: _PACKAGE + function
    for operator, function in {
        "ADD": "arithmetic:add",
        "ASSIGN_VARIABLE": "variable:assign_variable",
        "AVERAGE_POOL_2D": "pooling:average_pool",
        "BATCH_TO_SPACE_ND": "layout:batch_to_space",
        "CALL_ONCE": "variable:call_once",
        "CONCATENATION": "layout:concatenation",
        "CONV_2D": "convolution:conv",
        "DEPTHWISE_CONV_2D": "convolution:depthwise_conv",
        "DEQUANTIZE": "quantise:dequantize",
        "EXPAND_DIMS": "layout:reshape",
        "FULLY_CONNECTED": "dense:fully_connected",
        "HARD_SWISH": "activation:hard_swish",
        "LEAKY_RELU": "activation:leaky_relu",
        "LOGISTIC": "activation:logistic",
        "MAX_POOL_2D": "pooling:max_pool",
        "MEAN": "reduction:mean",
        "MUL": "arithmetic:mul",
        "PACK": "layout:pack",
        "PAD": "layout:pad",
        "PADV2": "layout:pad",
        "QUANTIZE": "quantise:quantize",
        "READ_VARIABLE": "variable:read_variable",
        "REDUCE_MAX": "reduction:reduce_max",
        "RELU": "activation:relu",
        "RELU6": "activation:relu6",
        "RESHAPE": "layout:reshape",
        "SHAPE": "layout:shape",
        "SLICE": "layout:slice_",
        "SOFTMAX": "softmax:softmax",
        "SPACE_TO_BATCH_ND": "layout:space_to_batch",
        "SPLIT": "layout:split",
        "SPLIT_V": "layout:split_v",
        "SQUEEZE": "layout:reshape",
        "STRIDED_SLICE": "layout:strided_slice",
        "SUB": "arithmetic:sub",
        "TANH": "activation:tanh",
        "TRANSPOSE": "layout:transpose",
        "UNIDIRECTIONAL_SEQUENCE_LSTM": "lstm:lstm",
        "UNPACK": "layout:unpack",
        "VAR_HANDLE": "variable:var_handle",
    }.items()
}
