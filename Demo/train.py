#!/usr/bin/env python3
"""Trains the demo's classifier of handwritten digits in plain numpy and writes it as an ONNX model.

    train.py [--output digits.onnx] [--epochs 60] [--seed 1] [--check-gradients]

Needs numpy, scikit-learn and onnx; takes a minute or two on one core. The same numpy on the same kind of processor repeats the
file bit for bit; elsewhere the matrix products may round differently, and training amplifies that.
"""
import os

for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[variable] = "1"  # the order of additions must not depend on the number of cores

import argparse
import time

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

import dataset

HIDDEN = 400  # 512 x 400 = 204 800 weights: three whole slices of 65 536 and a part of a fourth
EPSILON = 1e-5  # of the batch normalisation, in training and in the graph
MOMENTUM = 0.9  # of its running statistics
DROPOUT = 0.4
WEIGHT_DECAY = 2.0  # strong: it leaves a peaked, uneven distribution of weights, as in large trained networks


def columns(x):
    """The 3x3 neighbourhoods of x (n, c, h, w), zero padded: (n, h, w, 9c), with c slowest as in a Conv's weights."""
    n, c, h, w = x.shape
    padded = np.pad(x, ((0, 0), (0, 0), (1, 1), (1, 1)))
    windows = np.lib.stride_tricks.sliding_window_view(padded, (3, 3), axis=(2, 3))
    return np.ascontiguousarray(windows.transpose(0, 2, 3, 1, 4, 5)).reshape(n, h, w, c * 9)


class Conv:
    """3x3, stride 1, same size. The weight has the shape (outputs, inputs, 3, 3); the bias is optional."""

    def __init__(self, name, inputs, outputs, rng, bias):
        scale = np.sqrt(2 / (9 * inputs))
        self.name = name
        self.parameters = {"weight": rng.standard_normal((outputs, inputs, 3, 3)) * scale}
        if bias:
            self.parameters["bias"] = np.zeros(outputs)

    def forward(self, x, training):
        self.shape, self.columns = x.shape, columns(x)
        weight = self.parameters["weight"]
        y = self.columns @ weight.reshape(len(weight), -1).T
        return (y + self.parameters.get("bias", 0)).transpose(0, 3, 1, 2)

    def backward(self, dy):
        n, c, h, w = self.shape
        weight = self.parameters["weight"]
        flat = np.ascontiguousarray(dy.transpose(0, 2, 3, 1)).reshape(-1, len(weight))
        self.gradients = {"weight": (flat.T @ self.columns.reshape(len(flat), -1)).reshape(weight.shape)}
        if "bias" in self.parameters:
            self.gradients["bias"] = flat.sum(0)
        patches = (flat @ weight.reshape(len(weight), -1)).reshape(n, h, w, c, 3, 3)
        dx = np.zeros((n, c, h + 2, w + 2), dy.dtype)
        for i in range(3):
            for j in range(3):
                dx[:, :, i:i + h, j:j + w] += patches[..., i, j].transpose(0, 3, 1, 2)
        return dx[:, :, 1:-1, 1:-1]

    def node(self, source, target):
        inputs = [source] + [f"{self.name}.{p}" for p in self.parameters]
        return [helper.make_node("Conv", inputs, [target], name=self.name, kernel_shape=[3, 3], pads=[1, 1, 1, 1])]


class BatchNormalization:
    def __init__(self, name, channels):
        self.name = name
        self.parameters = {"scale": np.ones(channels), "bias": np.zeros(channels)}
        self.statistics = {"mean": np.zeros(channels), "var": np.ones(channels)}

    def forward(self, x, training):
        if training:
            mean, var = x.mean((0, 2, 3)), x.var((0, 2, 3))
            for name, now in (("mean", mean), ("var", var)):
                self.statistics[name] = (MOMENTUM * self.statistics[name] + (1 - MOMENTUM) * now).astype(x.dtype)
        else:
            mean, var = self.statistics["mean"], self.statistics["var"]
        self.inverse = (1 / np.sqrt(var + EPSILON)).astype(x.dtype)[:, None, None]
        self.normalised = (x - mean[:, None, None]) * self.inverse
        return self.normalised * self.parameters["scale"][:, None, None] + self.parameters["bias"][:, None, None]

    def backward(self, dy):
        self.gradients = {"scale": (dy * self.normalised).sum((0, 2, 3)), "bias": dy.sum((0, 2, 3))}
        count = dy.shape[0] * dy.shape[2] * dy.shape[3]
        centred = dy - self.gradients["bias"][:, None, None] / count
        centred -= self.normalised * (self.gradients["scale"][:, None, None] / count)
        return centred * self.inverse * self.parameters["scale"][:, None, None]

    def node(self, source, target):
        inputs = [source] + [f"{self.name}.{p}" for p in (*self.parameters, *self.statistics)]
        return [helper.make_node("BatchNormalization", inputs, [target], name=self.name, epsilon=EPSILON)]


class Relu:
    def __init__(self, name):
        self.name, self.parameters = name, {}

    def forward(self, x, training):
        self.positive = x > 0
        return x * self.positive

    def backward(self, dy):
        return dy * self.positive

    def node(self, source, target):
        return [helper.make_node("Relu", [source], [target], name=self.name)]


class MaxPool:
    """2x2, stride 2. Of equal maxima the first takes the gradient."""

    def __init__(self, name):
        self.name, self.parameters = name, {}

    def forward(self, x, training):
        n, c, h, w = x.shape
        blocks = x.reshape(n, c, h // 2, 2, w // 2, 2).transpose(0, 1, 2, 4, 3, 5).reshape(n, c, h // 2, w // 2, 4)
        self.first = blocks.argmax(-1)[..., None]
        return np.take_along_axis(blocks, self.first, -1)[..., 0]

    def backward(self, dy):
        n, c, h, w = dy.shape
        blocks = np.zeros((n, c, h, w, 4), dy.dtype)
        np.put_along_axis(blocks, self.first, dy[..., None], -1)
        return blocks.reshape(n, c, h, w, 2, 2).transpose(0, 1, 2, 4, 3, 5).reshape(n, c, 2 * h, 2 * w)

    def node(self, source, target):
        return [helper.make_node("MaxPool", [source], [target], name=self.name, kernel_shape=[2, 2], strides=[2, 2])]


class Flatten:
    def __init__(self, name):
        self.name, self.parameters = name, {}

    def forward(self, x, training):
        self.shape = x.shape
        return np.ascontiguousarray(x).reshape(len(x), -1)

    def backward(self, dy):
        return dy.reshape(self.shape)

    def node(self, source, target):
        return [helper.make_node("Flatten", [source], [target], name=self.name, axis=1)]


class Dropout:
    """Only in training: the graph has no node for it."""

    def __init__(self, rng):
        self.rng, self.parameters = rng, {}

    def forward(self, x, training):
        self.kept = np.ones_like(x)
        if training:
            self.kept = (self.rng.random(x.shape, np.float32) >= DROPOUT).astype(x.dtype) / x.dtype.type(1 - DROPOUT)
        return x * self.kept

    def backward(self, dy):
        return dy * self.kept

    def node(self, source, target):
        return []


class Gemm:
    """The weight has the shape (outputs, inputs) if transposed (transB = 1), else (inputs, outputs)."""

    def __init__(self, name, inputs, outputs, rng, transposed):
        self.name, self.transposed = name, transposed
        weight = rng.standard_normal((inputs, outputs)) * np.sqrt(2 / inputs)
        self.parameters = {"weight": np.ascontiguousarray(weight.T) if transposed else weight, "bias": np.zeros(outputs)}

    def matrix(self):
        return self.parameters["weight"].T if self.transposed else self.parameters["weight"]

    def forward(self, x, training):
        self.x = x
        return x @ self.matrix() + self.parameters["bias"]

    def backward(self, dy):
        weight = dy.T @ self.x if self.transposed else self.x.T @ dy
        self.gradients = {"weight": weight, "bias": dy.sum(0)}
        return dy @ self.matrix().T

    def node(self, source, target):
        inputs = [source, f"{self.name}.weight", f"{self.name}.bias"]
        return [helper.make_node("Gemm", inputs, [target], name=self.name, transB=int(self.transposed))]


def network(rng, dtype=np.float32):
    layers = [
        Conv("conv1", 1, 16, rng, bias=False), BatchNormalization("norm1", 16), Relu("relu1"),
        Conv("conv2", 16, 32, rng, bias=False), BatchNormalization("norm2", 32), Relu("relu2"), MaxPool("pool"),
        Conv("conv3", 32, 32, rng, bias=True), Relu("relu3"), Flatten("flatten"), Dropout(rng),
        Gemm("fc1", 512, HIDDEN, rng, transposed=True), Relu("relu4"), Dropout(rng),
        Gemm("fc2", HIDDEN, 10, rng, transposed=False),
    ]
    for layer in layers:
        layer.parameters = {name: value.astype(dtype) for name, value in layer.parameters.items()}
        if hasattr(layer, "statistics"):
            layer.statistics = {name: value.astype(dtype) for name, value in layer.statistics.items()}
    return layers


def forward(layers, x, training=False):
    x = x * x.dtype.type(1 / 16)
    for layer in layers:
        x = layer.forward(x, training)
    return x


def loss_and_backward(layers, logits, labels):
    """Mean cross entropy; leaves the gradients in the layers."""
    shifted = logits - logits.max(1, keepdims=True)
    probabilities = np.exp(shifted)
    probabilities /= probabilities.sum(1, keepdims=True)
    rows = np.arange(len(labels))
    loss = -np.log(np.maximum(probabilities[rows, labels], 1e-30)).mean()
    d = probabilities
    d[rows, labels] -= 1
    d /= d.dtype.type(len(labels))
    for layer in reversed(layers):
        d = layer.backward(d)
    return loss


def shifted(images, rng):
    """Each image moved by up to a pixel each way, bilinearly, with zeros coming in."""
    n = len(images)
    padded = np.pad(images, ((0, 0), (0, 0), (1, 2), (1, 2)))
    dy, dx = rng.uniform(0, 2, (2, n)).astype(np.float32)
    iy, ix = dy.astype(int), dx.astype(int)
    fy, fx = (dy - iy)[:, None, None, None], (dx - ix)[:, None, None, None]
    grid = np.arange(8)
    rows, image = iy[:, None, None] + grid[:, None], np.arange(n)[:, None, None]
    columns_ = ix[:, None, None] + grid

    def at(down, right):
        return padded[image, 0, rows + down, columns_ + right][:, None]

    return (1 - fy) * ((1 - fx) * at(0, 0) + fx * at(0, 1)) + fy * ((1 - fx) * at(1, 0) + fx * at(1, 1))


class Adam:
    """Kingma and Ba 2015, with the weight decay decoupled (Loshchilov and Hutter 2019) and on weights of 2 or more dimensions."""

    def __init__(self, layers, decay):
        self.layers, self.decay, self.steps = layers, decay, 0
        self.moments = [{name: (np.zeros_like(p), np.zeros_like(p)) for name, p in l.parameters.items()} for l in layers]

    def step(self, rate):
        self.steps += 1
        corrected = rate * np.sqrt(1 - 0.999 ** self.steps) / (1 - 0.9 ** self.steps)
        for layer, moments in zip(self.layers, self.moments):
            for name, p in layer.parameters.items():
                (m, v), g = moments[name], layer.gradients[name]
                m += np.float32(0.1) * (g - m)
                v += np.float32(0.001) * (g * g - v)
                if p.ndim > 1:
                    p *= np.float32(1 - rate * self.decay)
                p -= np.float32(corrected) * m / (np.sqrt(v) + np.float32(1e-8))


def accuracy(layers, images, labels):
    return float((forward(layers, images).argmax(1) == labels).mean())


def train(layers, images, labels, epochs, rng, rate=2e-3, batch=64):
    optimiser, done, total = Adam(layers, WEIGHT_DECAY), 0, epochs * (len(images) // batch)
    for epoch in range(epochs):
        order, losses = rng.permutation(len(images)), []
        for start in range(0, len(images) - batch + 1, batch):
            chosen = order[start:start + batch]
            logits = forward(layers, shifted(images[chosen], rng), training=True)
            losses.append(loss_and_backward(layers, logits, labels[chosen]))
            optimiser.step(rate * 0.5 * (1 + np.cos(np.pi * done / total)))
            done += 1
        if (epoch + 1) % 5 == 0:
            print(f"epoch {epoch + 1:3d}  mean loss {np.mean(losses):.4f}", flush=True)


def onnx_model(layers, metadata):
    nodes = [helper.make_node("Mul", ["image", "pixel_scale"], ["scaled"], name="scale_pixels")]
    tensors = [numpy_helper.from_array(np.float32(1 / 16), "pixel_scale")]
    source = "scaled"
    drawn = [layer for layer in layers if not isinstance(layer, Dropout)]
    for layer in drawn:
        target = "logits" if layer is drawn[-1] else f"{layer.name}.output"
        nodes += layer.node(source, target)
        source = target
        for name, value in (layer.parameters | getattr(layer, "statistics", {})).items():
            tensors.append(numpy_helper.from_array(np.ascontiguousarray(value, np.float32), f"{layer.name}.{name}"))
    graph = helper.make_graph(
        nodes, "digits",
        [helper.make_tensor_value_info("image", TensorProto.FLOAT, ["n", 1, 8, 8], "8x8 pixels, 0 (paper) to 16 (ink)")],
        [helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["n", 10], "one score a digit, 0 to 9")],
        tensors, doc_string="Conv, BatchNormalization and Gemm layers; ends in logits.")
    model = helper.make_model(
        graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8, producer_name="Demo/train.py", producer_version="1",
        doc_string="A small classifier of handwritten digits, trained in plain numpy to be encoded as a demonstration.")
    helper.set_model_props(model, metadata)
    onnx.checker.check_model(model, full_check=True)
    return model


def check_gradients():
    """Compares every layer's gradients with central differences, in float64 and without dropout."""
    global DROPOUT
    DROPOUT = 0.0
    rng = np.random.default_rng(0)
    layers = network(rng, np.float64)
    images, labels = rng.uniform(0, 16, (8, 1, 8, 8)), rng.integers(0, 10, 8)

    def loss():
        return loss_and_backward(layers, forward(layers, images, training=True), labels)

    loss()
    expected = [{name: g.copy() for name, g in getattr(layer, "gradients", {}).items()} for layer in layers]
    worst = 0.0
    for layer, gradients in zip(layers, expected):
        for name, gradient in gradients.items():
            values = layer.parameters[name].reshape(-1)
            for k in rng.choice(len(values), min(4, len(values)), replace=False):
                kept, h = values[k], 1e-6
                values[k] = kept + h
                above = loss()
                values[k] = kept - h
                below = loss()
                values[k] = kept
                worst = max(worst, abs((above - below) / (2 * h) - gradient.reshape(-1)[k]))
    print(f"largest difference of a gradient from its central difference: {worst:.1e}")
    return worst < 1e-6


def main():
    here = os.path.dirname(os.path.abspath(__file__))
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--output", default=os.path.join(here, "digits.onnx"))
    parser.add_argument("--epochs", type=int, default=60)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--check-gradients", action="store_true", help="test the backward passes and stop")
    arguments = parser.parse_args()
    if arguments.check_gradients:
        raise SystemExit(0 if check_gradients() else 1)

    start = time.time()
    images, labels, test_images, test_labels = dataset.load()
    rng = np.random.default_rng(arguments.seed)
    layers = network(rng)
    train(layers, images, labels, arguments.epochs, rng)
    reached = accuracy(layers, test_images, test_labels)
    print(f"training images {100 * accuracy(layers, images, labels):.2f} % right, held-out images {100 * reached:.2f} %, "
          f"{time.time() - start:.0f} s")
    model = onnx_model(layers, {
        "data": "scikit-learn load_digits (UCI Optical Recognition of Handwritten Digits, test part)",
        "data_split": f"{len(images)} images to train, {len(test_images)} held out: index // 10 % 10 in 1, 4, 7",
        "training": f"numpy, Adam with decoupled weight decay, {arguments.epochs} epochs in batches of 64, cosine rate from 0.002, "
                    f"weight decay {WEIGHT_DECAY}, dropout {DROPOUT}, shifts of up to 1 pixel, seed {arguments.seed}",
        "held_out_accuracy": f"{reached:.4f}",
        "license": "Apache-2.0",
    })
    with open(arguments.output, "wb") as file:
        file.write(model.SerializeToString(deterministic=True))
    print(f"{os.path.getsize(arguments.output)} bytes, "
          f"{sum(np.prod(t.dims, dtype=int) for t in model.graph.initializer)} values in {len(model.graph.initializer)} tensors")


if __name__ == "__main__":
    main()
