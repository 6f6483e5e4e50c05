"""Layers are found again by what converters call their operators."""

from edgeasr_export.layers import Operator, operators_of

KNOWN = ("conv", "conv_1", "gate", "dense")


def found(layer: str, *names: str) -> list[str]:
    return [one.output for one in operators_of(layer, [Operator(name, (name,)) for name in names], KNOWN)]


def test_operators_of_a_layer_are_those_of_every_use() -> None:
    used = ("net_1/gate_1/Sigmoid", "net_1/gate_3/Sigmoid;net_1/gate_3/mul", "net_1/gate_12/Sigmoid:0")
    assert found("gate", *used, "net_1/gates_1/Sigmoid", "net_1/investigate_1/Sigmoid") == list(used)


def test_operators_of_another_layer_are_no_further_use() -> None:
    first, second = "net_1/conv_1/Conv2D", "net_1/conv_1_1/Conv2D"
    assert found("conv", first, second) == [first]
    assert found("conv_1", first, second) == [second]


def test_operators_of_an_output_have_the_bare_name() -> None:
    assert found("dense", "StatefulPartitionedCall/dense/BiasAdd", "net_1/gate_1/Sigmoid") == [
        "StatefulPartitionedCall/dense/BiasAdd"
    ]
