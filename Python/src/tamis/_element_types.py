"""Types of elements, and the numpy types they become."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy

from .errors import UnsupportedError


class ElementType(NamedTuple):
    """A type that tensors in a file can have."""

    name: str
    bits: int
    # numpy's name for it, or None if only ml_dtypes has it.
    numpy_name: str | None
    # The name that ml_dtypes has for it.
    ml_name: str | None = None


# By the numbers of ONNX's TensorProto.DataType.
ELEMENT_TYPES = {
    1: ElementType("float32", 32, "float32"),
    2: ElementType("uint8", 8, "uint8"),
    3: ElementType("int8", 8, "int8"),
    4: ElementType("uint16", 16, "uint16"),
    5: ElementType("int16", 16, "int16"),
    6: ElementType("int32", 32, "int32"),
    7: ElementType("int64", 64, "int64"),
    9: ElementType("bool", 8, "bool"),
    10: ElementType("float16", 16, "float16"),
    11: ElementType("float64", 64, "float64"),
    12: ElementType("uint32", 32, "uint32"),
    13: ElementType("uint64", 64, "uint64"),
    14: ElementType("complex64", 64, "complex64"),
    15: ElementType("complex128", 128, "complex128"),
    16: ElementType("bfloat16", 16, None, "bfloat16"),
    17: ElementType("float8e4m3fn", 8, None, "float8_e4m3fn"),
    18: ElementType("float8e4m3fnuz", 8, None, "float8_e4m3fnuz"),
    19: ElementType("float8e5m2", 8, None, "float8_e5m2"),
    20: ElementType("float8e5m2fnuz", 8, None, "float8_e5m2fnuz"),
    21: ElementType("uint4", 4, None, "uint4"),
    22: ElementType("int4", 4, None, "int4"),
    23: ElementType("float4e2m1", 4, None, "float4_e2m1fn"),
    24: ElementType("float8e8m0", 8, None, "float8_e8m0fnu"),
    25: ElementType("uint2", 2, None, "uint2"),
    26: ElementType("int2", 2, None, "int2"),
    27: ElementType("float6e2m3", 6, None, "float6_e2m3fn"),
    28: ElementType("float6e3m2", 6, None, "float6_e3m2fn"),
}
NUMBERS = {kind.name: number for number, kind in ELEMENT_TYPES.items()}


def stored_dtype(kind: ElementType) -> numpy.dtype:
    """The numpy type to decode into: the type itself, or an unsigned integer as wide; bytes if elements are narrower than these."""
    if kind.numpy_name is not None:
        return numpy.dtype(kind.numpy_name).newbyteorder("<")
    return numpy.dtype("<u2" if kind.bits == 16 else "u1")


def proper_dtype(kind: ElementType, of: str) -> numpy.dtype:
    """The numpy type that arrays of this element type have.

    Raises
    ------
    UnsupportedError
        If numpy has none and the package ml_dtypes, which may have it, is missing or too old.
    """
    if kind.numpy_name is not None:
        return numpy.dtype(kind.numpy_name)
    try:
        import ml_dtypes

        return numpy.dtype(getattr(ml_dtypes, kind.ml_name))
    except (ImportError, AttributeError):
        raise UnsupportedError(
            f"numpy has no type for the {kind.name} elements of {of}; install ml_dtypes, or ask for the bits by raw=True",
            code="unsupported_feature", advice="pip install ml_dtypes") from None


def proper_array(stored: numpy.ndarray, kind: ElementType, shape: tuple[int, ...], dtype: numpy.dtype) -> numpy.ndarray:
    """What was decoded as `stored_dtype` in its proper type; packed elements are given a byte each, others are not copied."""
    if kind.bits >= 8:
        return stored.view(dtype).reshape(shape)
    count = math.prod(shape)
    bits = numpy.unpackbits(stored, count=count * kind.bits, bitorder="little").reshape(count, kind.bits)
    codes = numpy.packbits(bits, axis=1, bitorder="little").reshape(shape)
    if kind.name.startswith("int"):
        sign = 1 << (kind.bits - 1)
        return ((codes ^ sign).astype(numpy.int8) - sign).astype(dtype)
    return codes.astype(dtype) if kind.name.startswith("uint") else codes.view(dtype)
