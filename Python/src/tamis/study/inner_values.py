"""The values between the layers of an ONNX model."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping

import numpy as np
import onnx
import onnxruntime
from onnx import helper, numpy_helper

from ..errors import UnsupportedError
from .network import Network, first_line, run, session_options
from .refusals import damage


class InnerValues:
    """Runs a network as far as it takes to know some of its inner values.

    ONNX Runtime keeps what a session can give until the end of a run, so sessions are made for the values of interest only, from the nodes
    that these depend on.

    Attributes
    ----------
    graph
        The model's main graph; its external data are not loaded.

    Raises
    ------
    MalformedError
        If the file is not read as an ONNX model.
    """

    def __init__(self, network: Network, threads: int = 1) -> None:
        self._network, self._threads = network, threads
        try:
            self._model = onnx.load(network.path, load_external_data=False)
        except Exception as error:
            raise damage(network.path, f"not read as an ONNX model: {first_line(error)}") from error
        self.graph = self._model.graph

    def session(self, names: Iterable[str], replaced: Mapping[str, np.ndarray] | None = None) -> onnxruntime.InferenceSession:
        """A session that gives these values and takes the inputs that they depend on.

        replaced: tensors in place of the model's own, of initializers and Constants. (Options of sessions have initializers, too, but ONNX
        Runtime has rearranged the model's own for its kernels before it looks at them.)
        """
        return self._session([onnx.ValueInfoProto(name=name) for name in names], (), replaced or {})

    def shapes(self, names: Iterable[str], feeds: Mapping[str, np.ndarray], words: str) -> dict[str, tuple[int, ...]]:
        """Shapes of values, of which none is kept. words: what the feeds are.

        Raises
        ------
        MisuseError
            If the model does not run on the feeds.
        """
        names = list(names)
        if not names:
            return {}
        nodes = [helper.make_node("Shape", [name], [f"{name}:tamis-study-shape"]) for name in names]
        outputs = [onnx.ValueInfoProto(name=node.output[0]) for node in nodes]
        session = self._session(outputs, nodes, {})
        return dict(zip(names, (tuple(shape.tolist()) for shape in run_needed(session, [value.name for value in outputs], feeds, words))))

    def _session(
        self, outputs: list[onnx.ValueInfoProto], added: Iterable[onnx.NodeProto], replaced: Mapping[str, np.ndarray],
    ) -> onnxruntime.InferenceSession:
        wanted, kept = {value.name for value in outputs}, []
        for node in reversed([*self.graph.node, *added]):
            if wanted.intersection(node.output):
                if node.op_type == "Constant" and node.output[0] in replaced:
                    node = helper.make_node("Constant", [], node.output, value=numpy_helper.from_array(replaced[node.output[0]]))
                kept.append(node)
                wanted.update(reads(node))
        part = onnx.ModelProto(ir_version=self._model.ir_version, opset_import=self._model.opset_import, functions=self._model.functions)
        part.graph.name = self.graph.name
        part.graph.node.extend(reversed(kept))
        part.graph.input.extend(value for value in self.graph.input if value.name in wanted)
        part.graph.initializer.extend(
            numpy_helper.from_array(replaced[tensor.name], tensor.name) if tensor.name in replaced else tensor
            for tensor in self.graph.initializer if tensor.name in wanted)
        part.graph.sparse_initializer.extend(tensor for tensor in self.graph.sparse_initializer if tensor.values.name in wanted)
        part.graph.output.extend(outputs)
        options = session_options(self._threads)
        options.add_session_config_entry("session.model_external_initializers_file_folder_path", os.fspath(self._network.path.resolve().parent))
        data = part.SerializeToString()
        del part
        try:
            return onnxruntime.InferenceSession(data, options, providers=["CPUExecutionProvider"])
        except Exception as error:
            raise UnsupportedError(
                f"{self._network.path}: ONNX Runtime does not load the part of the model that its layers' inputs depend on: {first_line(error)}",
                code="unsupported_feature", file=str(self._network.path)) from error


def run_needed(session: onnxruntime.InferenceSession, names: list[str], feeds: Mapping[str, np.ndarray], words: str) -> list[np.ndarray]:
    """Runs a session on those of the feeds that it takes."""
    return run(session, names, {entry.name: feeds[entry.name] for entry in session.get_inputs() if entry.name in feeds}, words)


def reads(node: onnx.NodeProto) -> list[str]:
    """Names of the values that a node reads, those that its subgraphs read or give included."""
    names = [name for name in node.input if name]
    for attribute in node.attribute:
        for inner in [attribute.g, *attribute.graphs]:
            names += [name for own in inner.node for name in reads(own)]
            names += [value.name for value in inner.output]
    return names
