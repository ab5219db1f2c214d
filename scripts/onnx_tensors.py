"""Walks the tensors of an ONNX model, wherever it keeps them: initializers, node attributes, subgraphs, functions."""
import onnx


def walk(model):
    """Yields (names, tensor): the names the tensor goes by, and the TensorProto. Two models of one structure walk alike."""
    yield from _graph(model.graph)
    for function in model.functions:
        yield from _nodes(function.node)


def _graph(graph):
    for tensor in graph.initializer:
        yield [tensor.name], tensor
    for sparse in graph.sparse_initializer:
        yield [sparse.values.name], sparse.values
    yield from _nodes(graph.node)


def _nodes(nodes):
    for node in nodes:
        names = [name for name in (*node.output, node.name) if name]
        for attribute in node.attribute:
            if attribute.type == onnx.AttributeProto.TENSOR:
                yield [name for name in (attribute.t.name, *names) if name], attribute.t
            elif attribute.type == onnx.AttributeProto.TENSORS:
                for tensor in attribute.tensors:
                    yield [tensor.name], tensor
            elif attribute.type == onnx.AttributeProto.GRAPH:
                yield from _graph(attribute.g)
            elif attribute.type == onnx.AttributeProto.GRAPHS:
                for graph in attribute.graphs:
                    yield from _graph(graph)
