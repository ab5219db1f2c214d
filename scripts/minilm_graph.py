"""The network MiniLM-L6, a BERT encoder whose tokens' mean is a sentence's embedding: as an ONNX model, and as plain numpy.

Both take {name: values} as the checkpoint has them (Devlin et al., "BERT", 2019; Wang et al., "MiniLM", 2020).
"""
import math

import numpy as np
from onnx import TensorProto, helper, numpy_helper

LAYERS, HEADS, WIDTH = 6, 12, 384
EPSILON = 1e-12  # of the layer normalisations
MASKED = -1e4  # added to the scores of tokens that are none
OPSET = 17


class Graph:
    """Nodes and initializers as they are put down; each method returns the name of its value."""

    def __init__(self, weights):
        self.weights, self.nodes, self.initializers = weights, [], {}

    def node(self, op, *inputs, **attributes):
        output = f"{op}_{len(self.nodes)}"
        self.nodes.append(helper.make_node(op, inputs, [output], name=f"/{output}", **attributes))
        return output

    def constant(self, name, values, kind=np.float32):
        self.initializers[name] = np.asarray(values, kind, order="C")
        return name

    def weight(self, name, transposed=False):
        return self.constant(name, self.weights[name].T if transposed else self.weights[name])

    def linear(self, x, name):
        """As exporters write it: the matrix inputs first, and the bias added by a node of its own."""
        return self.node("Add", self.node("MatMul", x, self.weight(f"{name}.weight", transposed=True)), self.weight(f"{name}.bias"))

    def normalisation(self, x, name):
        return self.node("LayerNormalization", x, self.weight(f"{name}.weight"), self.weight(f"{name}.bias"), axis=-1, epsilon=EPSILON)

    def heads(self, x, order):
        """Batch, tokens, width to batch, heads and, by `order`, tokens and width of a head."""
        shape = self.constant("heads", [0, 0, HEADS, WIDTH // HEADS], np.int64)
        return self.node("Transpose", self.node("Reshape", x, shape), perm=order)

    def attention(self, x, bias, name):
        query, key, value = (self.linear(x, f"{name}.self.{part}") for part in ("query", "key", "value"))
        scores = self.node("MatMul", self.heads(query, [0, 2, 1, 3]), self.heads(key, [0, 2, 3, 1]))
        scores = self.node("Div", scores, self.constant("scale", math.sqrt(WIDTH // HEADS)))
        mixed = self.node("MatMul", self.node("Softmax", self.node("Add", scores, bias), axis=-1), self.heads(value, [0, 2, 1, 3]))
        joined = self.node("Reshape", self.node("Transpose", mixed, perm=[0, 2, 1, 3]), self.constant("joined", [0, 0, WIDTH], np.int64))
        return self.linear(joined, f"{name}.output.dense")

    def gelu(self, x):
        error = self.node("Erf", self.node("Div", x, self.constant("root", math.sqrt(2))))
        return self.node("Mul", self.node("Mul", x, self.node("Add", error, self.constant("one", 1))), self.constant("half", 0.5))

    def embeddings(self, tokens):
        shape = self.node("Shape", tokens)
        length = self.node("Gather", shape, self.constant("second", 1, np.int64))
        positions = self.node("Range", self.constant("zero", 0, np.int64), length, self.constant("next", 1, np.int64))
        kinds = self.node("ConstantOfShape", shape, value=numpy_helper.from_array(np.zeros(1, np.int64)))
        tables = [self.weight(f"embeddings.{name}_embeddings.weight") for name in ("word", "token_type", "position")]
        words, types, places = (self.node("Gather", *pair) for pair in zip(tables, (tokens, kinds, positions)))
        return self.normalisation(self.node("Add", self.node("Add", words, types), places), "embeddings.LayerNorm")

    def pooled(self, x, mask):
        """The mean over the tokens that the mask keeps, of length 1."""
        axis = self.constant("tokens", [1], np.int64)
        kept = self.node("Unsqueeze", mask, self.constant("last", [-1], np.int64))
        mean = self.node("Div", self.node("ReduceSum", self.node("Mul", x, kept), axis, keepdims=0), self.node("ReduceSum", kept, axis, keepdims=0))
        self.nodes.append(helper.make_node("LpNormalization", [mean], ["embedding"], name="/embedding", axis=-1, p=2))


def model(weights):
    """The ONNX model: input_ids and attention_mask (n, tokens) to embedding (n, 384)."""
    graph = Graph(weights)
    mask = graph.node("Cast", "attention_mask", to=TensorProto.FLOAT)
    hidden = graph.node("Mul", graph.node("Sub", graph.constant("one", 1), mask), graph.constant("masked", MASKED))
    bias = graph.node("Unsqueeze", hidden, graph.constant("scores", [1, 2], np.int64))
    x = graph.embeddings("input_ids")
    for k in range(LAYERS):
        name = f"encoder.layer.{k}"
        x = graph.normalisation(graph.node("Add", graph.attention(x, bias, f"{name}.attention"), x), f"{name}.attention.output.LayerNorm")
        inner = graph.gelu(graph.linear(x, f"{name}.intermediate.dense"))
        x = graph.normalisation(graph.node("Add", graph.linear(inner, f"{name}.output.dense"), x), f"{name}.output.LayerNorm")
    graph.pooled(x, mask)
    inputs = [helper.make_tensor_value_info(name, TensorProto.INT64, ["n", "tokens"]) for name in ("input_ids", "attention_mask")]
    outputs = [helper.make_tensor_value_info("embedding", TensorProto.FLOAT, ["n", WIDTH])]
    tensors = [numpy_helper.from_array(values, name) for name, values in graph.initializers.items()]
    made = helper.make_graph(graph.nodes, "MiniLM-L6", inputs, outputs, tensors)
    return helper.make_model(made, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=8, producer_name="minilm")


def embedding(weights, tokens):
    """The embedding of one sentence by plain numpy in float64; tokens: (number,)."""
    w = {name: values.astype(np.float64) for name, values in weights.items()}

    def linear(x, name):
        return x @ w[f"{name}.weight"].T + w[f"{name}.bias"]

    def normalised(x, name):
        x = x - x.mean(-1, keepdims=True)
        return x / np.sqrt((x * x).mean(-1, keepdims=True) + EPSILON) * w[f"{name}.weight"] + w[f"{name}.bias"]

    x = w["embeddings.word_embeddings.weight"][tokens] + w["embeddings.token_type_embeddings.weight"][0]
    x = normalised(x + w["embeddings.position_embeddings.weight"][:len(tokens)], "embeddings.LayerNorm")
    for k in range(LAYERS):
        name = f"encoder.layer.{k}"
        query, key, value = (np.stack(np.split(linear(x, f"{name}.attention.self.{part}"), HEADS, axis=1)) for part in ("query", "key", "value"))
        scores = np.exp(query @ key.transpose(0, 2, 1) / math.sqrt(WIDTH // HEADS))
        mixed = np.concatenate(scores / scores.sum(-1, keepdims=True) @ value, axis=1)
        x = normalised(linear(mixed, f"{name}.attention.output.dense") + x, f"{name}.attention.output.LayerNorm")
        inner = linear(x, f"{name}.intermediate.dense")
        inner *= 0.5 * (1 + np.vectorize(math.erf)(inner / math.sqrt(2)))
        x = normalised(linear(inner, f"{name}.output.dense") + x, f"{name}.output.LayerNorm")
    mean = x.mean(0)
    return mean / np.linalg.norm(mean)
