"""What the TFLite schema says about operators, options and element types, as far as edgeasr reads it.

Source: https://github.com/tensorflow/tensorflow/blob/master/tensorflow/compiler/mlir/lite/schema/schema.fbs, version 3.
An element of an enumeration is its place in the tuple.
"""

from collections.abc import Mapping
from dataclasses import dataclass

__all__ = ["ENUMS", "OPERATORS", "OPTIONS", "OptionsTable"]


def _names(text: str) -> tuple[str, ...]:
    return tuple(text.split())


OPERATORS = _names(
    """
    ADD AVERAGE_POOL_2D CONCATENATION CONV_2D DEPTHWISE_CONV_2D DEPTH_TO_SPACE DEQUANTIZE EMBEDDING_LOOKUP FLOOR
    FULLY_CONNECTED HASHTABLE_LOOKUP L2_NORMALIZATION L2_POOL_2D LOCAL_RESPONSE_NORMALIZATION LOGISTIC LSH_PROJECTION
    LSTM MAX_POOL_2D MUL RELU RELU_N1_TO_1 RELU6 RESHAPE RESIZE_BILINEAR RNN SOFTMAX SPACE_TO_DEPTH SVDF TANH
    CONCAT_EMBEDDINGS SKIP_GRAM CALL CUSTOM EMBEDDING_LOOKUP_SPARSE PAD UNIDIRECTIONAL_SEQUENCE_RNN GATHER
    BATCH_TO_SPACE_ND SPACE_TO_BATCH_ND TRANSPOSE MEAN SUB DIV SQUEEZE UNIDIRECTIONAL_SEQUENCE_LSTM STRIDED_SLICE
    BIDIRECTIONAL_SEQUENCE_RNN EXP TOPK_V2 SPLIT LOG_SOFTMAX DELEGATE BIDIRECTIONAL_SEQUENCE_LSTM CAST PRELU MAXIMUM
    ARG_MAX MINIMUM LESS NEG PADV2 GREATER GREATER_EQUAL LESS_EQUAL SELECT SLICE SIN TRANSPOSE_CONV SPARSE_TO_DENSE
    TILE EXPAND_DIMS EQUAL NOT_EQUAL LOG SUM SQRT RSQRT SHAPE POW ARG_MIN FAKE_QUANT REDUCE_PROD REDUCE_MAX PACK
    LOGICAL_OR ONE_HOT LOGICAL_AND LOGICAL_NOT UNPACK REDUCE_MIN FLOOR_DIV REDUCE_ANY SQUARE ZEROS_LIKE FILL FLOOR_MOD
    RANGE RESIZE_NEAREST_NEIGHBOR LEAKY_RELU SQUARED_DIFFERENCE MIRROR_PAD ABS SPLIT_V UNIQUE CEIL REVERSE_V2 ADD_N
    GATHER_ND COS WHERE RANK ELU REVERSE_SEQUENCE MATRIX_DIAG QUANTIZE MATRIX_SET_DIAG ROUND HARD_SWISH IF WHILE
    NON_MAX_SUPPRESSION_V4 NON_MAX_SUPPRESSION_V5 SCATTER_ND SELECT_V2 DENSIFY SEGMENT_SUM BATCH_MATMUL
    PLACEHOLDER_FOR_GREATER_OP_CODES CUMSUM CALL_ONCE BROADCAST_TO RFFT2D CONV_3D IMAG REAL COMPLEX_ABS HASHTABLE
    HASHTABLE_FIND HASHTABLE_IMPORT HASHTABLE_SIZE REDUCE_ALL CONV_3D_TRANSPOSE VAR_HANDLE READ_VARIABLE
    ASSIGN_VARIABLE BROADCAST_ARGS RANDOM_STANDARD_NORMAL BUCKETIZE RANDOM_UNIFORM MULTINOMIAL GELU
    DYNAMIC_UPDATE_SLICE RELU_0_TO_1 UNSORTED_SEGMENT_PROD UNSORTED_SEGMENT_MAX UNSORTED_SEGMENT_SUM ATAN2
    UNSORTED_SEGMENT_MIN SIGN BITCAST BITWISE_XOR RIGHT_SHIFT STABLEHLO_LOGISTIC STABLEHLO_ADD STABLEHLO_DIVIDE
    STABLEHLO_MULTIPLY STABLEHLO_MAXIMUM STABLEHLO_RESHAPE STABLEHLO_CLAMP STABLEHLO_CONCATENATE
    STABLEHLO_BROADCAST_IN_DIM STABLEHLO_CONVOLUTION STABLEHLO_SLICE STABLEHLO_CUSTOM_CALL STABLEHLO_REDUCE
    STABLEHLO_ABS STABLEHLO_AND STABLEHLO_COSINE STABLEHLO_EXPONENTIAL STABLEHLO_FLOOR STABLEHLO_LOG STABLEHLO_MINIMUM
    STABLEHLO_NEGATE STABLEHLO_OR STABLEHLO_POWER STABLEHLO_REMAINDER STABLEHLO_RSQRT STABLEHLO_SELECT
    STABLEHLO_SUBTRACT STABLEHLO_TANH STABLEHLO_SCATTER STABLEHLO_COMPARE STABLEHLO_CONVERT STABLEHLO_DYNAMIC_SLICE
    STABLEHLO_DYNAMIC_UPDATE_SLICE STABLEHLO_PAD STABLEHLO_IOTA STABLEHLO_DOT_GENERAL STABLEHLO_REDUCE_WINDOW
    STABLEHLO_SORT STABLEHLO_WHILE STABLEHLO_GATHER STABLEHLO_TRANSPOSE DILATE STABLEHLO_RNG_BIT_GENERATOR
    REDUCE_WINDOW STABLEHLO_COMPOSITE STABLEHLO_SHIFT_LEFT STABLEHLO_CBRT STABLEHLO_CASE
    """
)

ENUMS: Mapping[str, tuple[str, ...]] = {
    "Padding": ("SAME", "VALID"),
    "Activation": ("NONE", "RELU", "RELU_N1_TO_1", "RELU6", "TANH", "SIGN_BIT"),
    "WeightsFormat": ("DEFAULT", "SHUFFLED4x16INT8"),
    "TensorType": _names(
        """
        FLOAT32 FLOAT16 INT32 UINT8 INT64 STRING BOOL INT16 COMPLEX64 INT8 FLOAT64 COMPLEX128 UINT64 RESOURCE VARIANT
        UINT32 UINT16 INT4 BFLOAT16 INT2 UINT4 FLOAT8_E4M3FN FLOAT8_E5M2
        """
    ),
}


@dataclass(frozen=True)
class OptionsTable:
    """One table of options.

    Attributes:
        union_type: its number in the union `BuiltinOptions`.
        fields: "name:type" or "name:type=default" in the order of the schema; a type is a key of `ENUMS`, int, bool,
            float, text, or ints for a vector.
    """

    union_type: int
    fields: tuple[str, ...] = ()


def _table(union_type: int, fields: str = "") -> OptionsTable:
    return OptionsTable(union_type, tuple(fields.split()))


_ACTIVATION = "fused_activation_function:Activation"
_REDUCER = _table(27, "keep_dims:bool")
_POOL = _table(5, f"padding:Padding stride_w:int stride_h:int filter_width:int filter_height:int {_ACTIVATION}")

OPTIONS: Mapping[str, OptionsTable] = {
    "ADD": _table(11, f"{_ACTIVATION} pot_scale_int16:bool=1"),
    "ASSIGN_VARIABLE": _table(113),
    "AVERAGE_POOL_2D": _POOL,
    "BATCH_TO_SPACE_ND": _table(24),
    "CALL_ONCE": _table(103, "init_subgraph_index:int"),
    "CONCATENATION": _table(10, f"axis:int {_ACTIVATION}"),
    "CONV_2D": _table(
        1,
        f"padding:Padding stride_w:int stride_h:int {_ACTIVATION} dilation_w_factor:int=1 dilation_h_factor:int=1 "
        "quantized_bias_type:TensorType",
    ),
    "DEPTHWISE_CONV_2D": _table(
        2,
        f"padding:Padding stride_w:int stride_h:int depth_multiplier:int {_ACTIVATION} dilation_w_factor:int=1 "
        "dilation_h_factor:int=1",
    ),
    "DEQUANTIZE": _table(38),
    "EXPAND_DIMS": _table(52),
    "FULLY_CONNECTED": _table(
        8,
        f"{_ACTIVATION} weights_format:WeightsFormat keep_num_dims:bool asymmetric_quantize_inputs:bool "
        "quantized_bias_type:TensorType",
    ),
    "HARD_SWISH": _table(91),
    "LEAKY_RELU": _table(75, "alpha:float"),
    "MAX_POOL_2D": _POOL,
    "MEAN": _REDUCER,
    "MUL": _table(21, _ACTIVATION),
    "PACK": _table(59, "values_count:int axis:int"),
    "PAD": _table(22),
    "PADV2": _table(43),
    "QUANTIZE": _table(89),
    "READ_VARIABLE": _table(112),
    "REDUCE_MAX": _REDUCER,
    "RESHAPE": _table(17, "new_shape:ints"),
    "SHAPE": _table(55, "out_type:TensorType"),
    "SLICE": _table(48),
    "SOFTMAX": _table(9, "beta:float"),
    "SPACE_TO_BATCH_ND": _table(25),
    "SPLIT": _table(35, "num_splits:int"),
    "SPLIT_V": _table(79, "num_splits:int"),
    "SQUEEZE": _table(30, "squeeze_dims:ints"),
    "STRIDED_SLICE": _table(
        32,
        "begin_mask:int end_mask:int ellipsis_mask:int new_axis_mask:int shrink_axis_mask:int offset:bool",
    ),
    "SUB": _table(28, f"{_ACTIVATION} pot_scale_int16:bool=1"),
    "TRANSPOSE": _table(26),
    "UNIDIRECTIONAL_SEQUENCE_LSTM": _table(
        71,
        f"{_ACTIVATION} cell_clip:float proj_clip:float time_major:bool asymmetric_quantize_inputs:bool "
        "diagonal_recurrent_tensors:bool",
    ),
    "UNPACK": _table(64, "num:int axis:int"),
    "VAR_HANDLE": _table(111, "container:text shared_name:text"),
}
