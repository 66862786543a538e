#!/usr/bin/python3
"""Writes the ONNX models of the comparison, random weights, into a folder.

    write_onnx.py FOLDER

int8 models are QLinear operators with uint8 activations and int8 weights, fp32
ones the plain operators; ReLU stands for the sign (for uint8 with zero point 0
it is free). Needs python3-onnx.
"""
import os
import sys

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

MLP = [("linear", 784, 1024), ("linear", 1024, 1024), ("linear", 1024, 10)]
VGG28 = [("conv", 1, 64), ("conv", 64, 64), ("pool",), ("conv", 64, 128),
         ("conv", 128, 128), ("pool",), ("linear", 6272, 512),
         ("linear", 512, 10)]
CONV = {"kernel_shape": [3, 3], "pads": [1, 1, 1, 1], "strides": [1, 1]}
POOL = {"kernel_shape": [2, 2], "strides": [2, 2]}


class Graph:
    """Nodes in a row: each takes what the one before it gives."""

    def __init__(self):
        self.random = np.random.default_rng(1)
        self.nodes, self.constants, self.now = [], [], "x"

    def constant(self, value):
        name = f"c{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(np.asarray(value), name))
        return name

    def add(self, kind, inputs=(), **attributes):
        out = f"h{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, [self.now, *inputs], [out],
                                           **attributes))
        self.now = out

    def weights(self, shape, int8):
        if int8:
            return self.constant(self.random.integers(-127, 128, shape, np.int8))
        return self.constant(self.random.normal(0, .03, shape)
                             .astype(np.float32))

    def save(self, path, in_shape, out_shape, in_type, out_type=None):
        self.nodes[-1].output[0] = "y"
        graph = helper.make_graph(
            self.nodes, "peer",
            [helper.make_tensor_value_info("x", in_type, in_shape)],
            [helper.make_tensor_value_info("y", out_type or in_type,
                                           out_shape)], self.constants)
        model = helper.make_model(
            graph, opset_imports=[helper.make_opsetid("", 13)])
        model.ir_version = 7
        onnx.checker.check_model(model)
        onnx.save(model, path)


def scales(graph, weight_scale=.01):
    """Scale and zero point of x and of w, then of y."""
    zero_u8, zero_s8 = graph.constant(np.uint8(0)), graph.constant(np.int8(0))
    one = graph.constant(np.float32(.05))
    of_weights = graph.constant(np.float32(weight_scale))
    return (one, zero_u8), (of_weights, zero_s8), (one, zero_u8)


def add_step(graph, step, int8, last):
    if step[0] == "pool":
        return graph.add("MaxPool", **POOL)
    kind, inputs, outputs = step
    conv = kind == "conv"
    shape = [outputs, inputs, 3, 3] if conv else [inputs, outputs]
    weights = graph.weights(shape, int8)
    if not int8:
        bias = graph.constant(np.zeros(outputs, np.float32))
        if conv:
            graph.add("Conv", [weights, bias], **CONV)
        else:
            graph.add("Gemm", [weights, bias])
        if not last:
            graph.add("Relu")
        return None
    of_x, of_w, of_y = scales(graph)
    if conv:
        bias = graph.constant(np.zeros(outputs, np.int32))
        graph.add("QLinearConv", [*of_x, weights, *of_w, *of_y, bias], **CONV)
    else:
        graph.add("QLinearMatMul", [*of_x, weights, *of_w, *of_y])
    return None


def write_network(folder, name, steps, in_shape, out_shape):
    for int8 in (False, True):
        graph = Graph()
        for i, step in enumerate(steps):
            if step[0] == "linear" and i > 0 and steps[i - 1][0] == "pool":
                graph.add("Flatten")
            add_step(graph, step, int8, last=i + 1 == len(steps))
        kind = "int8" if int8 else "fp32"
        graph.save(os.path.join(folder, f"{name}-{kind}.onnx"), in_shape,
                   out_shape, TensorProto.UINT8 if int8 else TensorProto.FLOAT)


def write_integer(folder, inputs, outputs):
    """MatMulInteger: int32 out."""
    graph = Graph()
    graph.add("MatMulInteger", [graph.weights([inputs, outputs], True),
                                graph.constant(np.uint8(0)),
                                graph.constant(np.int8(0))])
    graph.save(os.path.join(folder, f"integer-{inputs}x{outputs}-int8.onnx"),
               ["batch", inputs], ["batch", outputs], TensorProto.UINT8,
               TensorProto.INT32)


def main(folder):
    os.makedirs(folder, exist_ok=True)
    write_network(folder, "mlp", MLP, ["batch", 784], ["batch", 10])
    write_network(folder, "vgg28", VGG28, ["batch", 1, 28, 28], ["batch", 10])
    for inputs, outputs in ((1024, 1024), (4096, 4096)):
        write_network(folder, f"linear-{inputs}x{outputs}",
                      [("linear", inputs, outputs)], ["batch", inputs],
                      ["batch", outputs])
        write_integer(folder, inputs, outputs)
    for size, channels in ((56, 64), (14, 256)):
        write_network(folder, f"conv-{channels}x{channels}",
                      [("conv", channels, channels)],
                      [1, channels, size, size], [1, channels, size, size])


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    main(sys.argv[1])
