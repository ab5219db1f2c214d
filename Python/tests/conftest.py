"""Finds the library in a source tree, and makes small models."""

import os
import sys
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
BUILT = REPOSITORY / ".build" / "c-library" / "lib" / "libtamis.so.1"

if "TAMIS_LIBRARY" not in os.environ and BUILT.exists():
    os.environ["TAMIS_LIBRARY"] = str(BUILT)

import numpy as np
import pytest


def shared_models():
    """The folder of large models that lies beside the repository on some machines."""
    folder = REPOSITORY.parent / "shared" / "models"
    if not folder.is_dir():
        pytest.skip("skipped: no shared models")
    return folder


@pytest.fixture
def models():
    return shared_models()


@pytest.fixture(scope="session")
def rng():
    return np.random.default_rng(20)


def onnx_model(rng, *, width=96, gathers=False, bfloat16=False, opset=17):
    """A network of three matrices; `gathers` gives it a table of embeddings before them."""
    import onnx
    from onnx import TensorProto, helper, numpy_helper

    def weights(*shape):
        return rng.laplace(0, 0.05, shape).astype(np.float32)

    initializers, nodes, input_ = [], [], helper.make_tensor_value_info("x", TensorProto.FLOAT, ["n", width])
    last = "x"
    if gathers:
        input_ = helper.make_tensor_value_info("x", TensorProto.INT64, ["n"])
        initializers.append(numpy_helper.from_array(weights(500, width), "table"))
        nodes.append(helper.make_node("Gather", ["table", "x"], ["embedded"]))
        last = "embedded"
    for layer, (rows, columns) in enumerate([(width, 2 * width), (2 * width, width), (width, 10)]):
        initializers.append(numpy_helper.from_array(weights(rows, columns), f"w{layer}"))
        initializers.append(numpy_helper.from_array(weights(columns), f"b{layer}"))
        nodes.append(helper.make_node("Gemm", [last, f"w{layer}", f"b{layer}"], [f"y{layer}"], name=f"layer{layer}"))
        last = f"y{layer}"
        if layer < 2:
            nodes.append(helper.make_node("Relu", [last], [f"r{layer}"]))
            last = f"r{layer}"
    if bfloat16:
        half = (np.arange(32, dtype=np.float32).view(np.uint32) >> 16).astype(np.uint16)
        initializers.append(helper.make_tensor("half", TensorProto.BFLOAT16, [4, 8], half.tobytes(), raw=True))
        nibbles = np.append(np.arange(255) % 16 - 8, 0).astype(np.uint8) & 15
        initializers.append(helper.make_tensor("nibbles", TensorProto.INT4, [15, 17], (nibbles[::2] | nibbles[1::2] << 4).tobytes(), raw=True))
        nodes.append(helper.make_node("Cast", ["half"], ["half_float"], to=TensorProto.FLOAT))
        nodes.append(helper.make_node("Cast", ["nibbles"], ["nibbles_float"], to=TensorProto.FLOAT))
    outputs = [helper.make_tensor_value_info(last, TensorProto.FLOAT, ["n", 10])]
    graph = helper.make_graph(nodes, "network", [input_], outputs, initializers)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 21 if bfloat16 else opset)])
    model.ir_version = 10 if bfloat16 or opset >= 21 else 8
    onnx.checker.check_model(model)
    return model


@pytest.fixture(scope="session")
def model(rng):
    pytest.importorskip("onnx")
    return onnx_model(rng)


@pytest.fixture(scope="session")
def model_path(model, tmp_path_factory):
    path = tmp_path_factory.mktemp("models") / "network.onnx"
    path.write_bytes(model.SerializeToString())
    return path


@pytest.fixture(scope="session")
def lossy(model_path):
    """The network, quantized."""
    import tamis

    return tamis.encode(model_path, quality=25)


@pytest.fixture(scope="session")
def lossless(model_path):
    import tamis

    return tamis.encode(model_path, lossless=True)


@pytest.fixture(scope="session")
def large(rng, tmp_path_factory):
    """A file of 9 million weights, coded quickly, that takes a while to decode."""
    import tamis

    path = tmp_path_factory.mktemp("large") / "large.tamis"
    # Sigma of a few steps, as in networks.
    tamis.numpy.save_file({f"w{k}": rng.laplace(0, 1, (1500, 1500)).astype(np.float32) for k in range(4)}, path, step=0.5, effort=1)
    return path
