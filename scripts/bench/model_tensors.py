"""The tensors of model files, as bytes: of ONNX models with their external data, and of safetensors files and their indices."""
import json
from typing import NamedTuple

import numpy as np
import onnx
from onnx import numpy_helper

import onnx_tensors
import safetensors_files

# By the numbers of onnx.TensorProto.DataType, the names that tamis inspect has for types.
ONNX_TYPES = {1: "float32", 2: "uint8", 3: "int8", 4: "uint16", 5: "int16", 6: "int32", 7: "int64", 9: "bool", 10: "float16", 11: "float64",
              12: "uint32", 13: "uint64", 14: "complex64", 15: "complex128", 16: "bfloat16", 17: "float8e4m3fn", 18: "float8e4m3fnuz",
              19: "float8e5m2", 20: "float8e5m2fnuz", 21: "uint4", 22: "int4", 23: "float4e2m1", 24: "float8e8m0", 25: "uint2", 26: "int2"}
SAFETENSORS_TYPES = {"BOOL": "bool", "C64": "complex64", "BF16": "bfloat16", "F8_E4M3": "float8e4m3fn", "F8_E5M2": "float8e5m2",
                     "F8_E8M0": "float8e8m0", "F8_E4M3FNUZ": "float8e4m3fnuz", "F8_E5M2FNUZ": "float8e5m2fnuz", "F4": "float4e2m1",
                     "F6_E2M3": "float6e2m3", "F6_E3M2": "float6e3m2",
                     **{f"{kind[0].upper()}{bits}": f"{kind}{bits}" for kind in ("int", "uint") for bits in (8, 16, 32, 64)},
                     "F16": "float16", "F32": "float32", "F64": "float64"}
ELEMENT_BYTES = {"uint16": 2, "int16": 2, "float16": 2, "bfloat16": 2, "float32": 4, "int32": 4, "uint32": 4, "float64": 8, "int64": 8,
                 "uint64": 8, "complex64": 8, "complex128": 16}  # all others: 1, or several to a byte


class Tensor(NamedTuple):
    names: list  # that it may go by
    type: str
    shape: tuple
    data: object  # bytes-like

    @property
    def element_bytes(self):
        return ELEMENT_BYTES.get(self.type, 1)


def side_files(path):
    """The further files of the model: of an ONNX model those of its external data, of an index its shards."""
    if path.name.endswith(".index.json"):
        return [path.parent / name for name in sorted(set(json.loads(path.read_bytes())["weight_map"].values()))]
    if path.suffix == ".onnx":
        model = onnx.load(path, load_external_data=False)
        locations = (entry.value for _, tensor in onnx_tensors.walk(model) for entry in tensor.external_data if entry.key == "location")
        return [path.parent / name for name in dict.fromkeys(locations)]
    return []


def read(path):
    """All tensors with elements; of ONNX those of less than a byte an element, if not stored as raw data, are left out."""
    if path.suffix == ".onnx":
        return [tensor for tensor in map(_of_onnx, *zip(*onnx_tensors.walk(onnx.load(path)))) if tensor]
    files = side_files(path) if path.name.endswith(".json") else [path]
    entries = [entry for file in files for entry in safetensors_files.read(file.read_bytes())[1]]
    return [Tensor([entry.name], SAFETENSORS_TYPES[entry.dtype], tuple(entry.shape), entry.data) for entry in entries if entry.data.nbytes]


def _of_onnx(names, tensor):
    kind = ONNX_TYPES.get(tensor.data_type)
    is_packed = kind in ("uint4", "int4", "float4e2m1", "uint2", "int2")
    if kind is None or 0 in tensor.dims or (is_packed and not tensor.raw_data):
        return None
    data = tensor.raw_data or numpy_helper.to_array(tensor).tobytes()
    return Tensor(names, kind, tuple(tensor.dims), data)


def matched(tensors, listed):
    """For each entry of tamis inspect's list its tensor, or None: of that type and shape and name, else of a name that its path ends
    in, else the next of that type and shape."""
    by_kind = {}
    for tensor in tensors:
        by_kind.setdefault((tensor.type, tensor.shape), []).append(tensor)
    found = []
    for entry in listed:
        name, left = entry["name"], by_kind.get((entry["element_type"], tuple(entry["shape"])), [])
        choices = (k for fits in (name.__eq__, name.endswith, lambda _: True) for k, tensor in enumerate(left) if any(map(fits, tensor.names or [""])))
        place = next(choices, None)
        found.append(None if place is None else left.pop(place))
    return found


def shuffled(tensor):
    """The first bytes of all elements, then the second ones, and so on."""
    return np.frombuffer(tensor.data, np.uint8).reshape(-1, tensor.element_bytes).T.tobytes()
