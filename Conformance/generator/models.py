"""Models made in place: tensors and their units, one after the other, and then the stream."""
import encode
from encode import BFLOAT16, FLOAT16, FLOAT32, UINT8, File, Grid, GroupEntry, Tensor

SKELETON = b"before, between, after"
TYPE_NAMES = {1: "float32", 2: "uint8", 3: "int8", 4: "uint16", 5: "int16", 6: "int32", 7: "int64", 9: "bool", 10: "float16", 11: "float64",
              12: "uint32", 13: "uint64", 14: "complex64", 15: "complex128", 16: "bfloat16", 17: "float8e4m3fn", 18: "float8e4m3fnuz",
              19: "float8e5m2", 20: "float8e5m2fnuz", 21: "uint4", 22: "int4", 23: "float4e2m1", 24: "float8e8m0", 25: "uint2", 26: "int2",
              27: "float6e2m3", 28: "float6e3m2"}
SIGNED, UNSIGNED = (3, 5, 6, 7, 22, 26), (2, 4, 9, 12, 13, 21, 25)


def some_bytes(count, seed=1):
    """Bytes that look like noise, the same for ever."""
    made, state = bytearray(), seed
    for _ in range(count):
        state = (state * 6364136223846793005 + 1442695040888963407) % 2 ** 64
        made.append(state >> 56)
    return bytes(made)


def some_indices(count, largest=14, seed=0):
    """Integers of both signs, small ones more often, a third of them 0."""
    noise = some_bytes(2 * count, seed + 1)
    return [0 if noise[2 * n] < 85 else (noise[2 * n] % (1 + noise[2 * n + 1] * largest // 255) + 1) * (1 if noise[2 * n + 1] % 2 else -1)
            if largest else 0 for n in range(count)]


class Model:
    """`slice_log2` and `level` of the stream. Tensors are called a, b, c … unless they get a name."""

    def __init__(self, slice_log2=4, level=0):
        self.slice_log2, self.level, self.tensors, self.units = slice_log2, level, [], []

    def tensor(self, element_type, shape, content=None, name=None):
        tensor = Tensor(name or chr(ord("a") + len(self.tensors)), element_type, shape, content)
        self.tensors.append(tensor)
        return len(self.tensors) - 1, tensor

    def raw(self, element_type=UINT8, shape=(3,), content=None, name=None, checksum=False):
        number, tensor = self.tensor(element_type, shape, None, name)
        tensor.content = tensor.source = some_bytes(tensor.byte_count, number + 1) if content is None else content
        self.units.append(encode.data_unit(number, tensor, 0, [encode.Frame(encode.opaque("content", tensor.content), checksum=checksum)]))
        return self

    def index(self, shape, indices=None, quantizer=None, element_type=FLOAT32, name=None, shift=0.0, **coding):
        """`shift`: what the elements of the source have more than those that are decoded, with signs in turn."""
        number, tensor = self.tensor(element_type, shape, None, name)
        fields = tensor.elements << getattr(quantizer, "fields_log2", 0)
        indices = some_indices(fields, seed=number) if indices is None else indices
        unit = encode.index_unit(number, tensor, indices, quantizer or Grid(0.125), self.slice_log2, **coding)
        if shift:
            values = encode.unpacked(element_type, tensor.content)
            tensor.source = encode.packed(element_type, [float(value) + shift * (-1) ** n for n, value in enumerate(values)])
            next(part for part in unit.payload.parts if part.name == "weight_error").value = encode.weight_error([tensor])
        self.units.append(unit)
        return self

    def floats(self, shape, content, element_type=FLOAT32, name=None, **coding):
        number, tensor = self.tensor(element_type, shape, content, name)
        self.units.append(encode.float_unit(number, tensor, self.slice_log2, **coding))
        return self

    def group(self, members, magnitude_code=16, limit=6):
        """`members`: for each the type, the shape, and the content; or indices, a quantizer and a scale class; or content and source."""
        entries = []
        for element_type, shape, *rest in members:
            number, tensor = self.tensor(element_type, shape)
            if len(rest) == 3:
                entries.append(GroupEntry(number, tensor, *rest))
            else:
                tensor.content, tensor.source = rest[0], rest[-1]
                entries.append(GroupEntry(number, tensor))
        self.units.append(encode.group_unit(entries, magnitude_code, limit))
        return self

    def stream(self, files=None, aliases=(), **told):
        """By default one file, with a hole for each tensor behind a byte of skeleton."""
        files = files or [File("model.bin", SKELETON, [(1, number) for number in range(len(self.tensors))])]
        return encode.stream_of(files, self.tensors, self.units, self.level, aliases, self.slice_log2, **{"encoder": "conformance", **told})


def pack(values, element_type=FLOAT32):
    return encode.packed(element_type, values)
