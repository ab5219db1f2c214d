"""What a file has in it, and what it may ask for."""

from __future__ import annotations

import ctypes
import math
from dataclasses import dataclass

from . import _library
from ._element_types import ELEMENT_TYPES
from .errors import MisuseError


@dataclass(frozen=True)
class Limits:
    """What a file may ask for; it is refused with LimitError before memory is taken for it. 0 stands for the default.

    Attributes
    ----------
    output_bytes
        Bytes of all decoded files together (4 GiB).
    tensor_bytes
        Bytes of one tensor (2 GiB).
    skeleton_bytes
        Bytes of one file besides its tensors (4 GiB).
    tensors, holes, files, units
        Numbers of tensors (65536), of places they fill (262144), of files (256) and of units (262144).
    topology_bytes
        Bytes of the list of files and tensors (64 MiB).
    """

    output_bytes: int = 0
    tensor_bytes: int = 0
    skeleton_bytes: int = 0
    tensors: int = 0
    holes: int = 0
    files: int = 0
    topology_bytes: int = 0
    units: int = 0

    def __post_init__(self) -> None:
        for name, value in vars(self).items():
            if not 0 <= value < 1 << 64:
                raise MisuseError(f"limit {name} is {value}, expected 0 to 2^64 - 1", code="invalid_argument", element=name)


@dataclass(frozen=True)
class FileInfo:
    """A file that decoding yields: its name, a relative path, and its size in bytes."""

    name: str
    nbytes: int


@dataclass(frozen=True)
class TensorInfo:
    """A tensor: its name, element type (such as ``"float32"`` or ``"bfloat16"``), shape, and size in bytes as stored in the model."""

    name: str
    dtype: str
    shape: tuple[int, ...]
    nbytes: int

    @property
    def size(self) -> int:
        """Number of elements."""
        return math.prod(self.shape)


@dataclass(frozen=True)
class TensorCoding:
    """How a tensor is coded.

    Attributes
    ----------
    coded_bytes
        Its bytes in the file; an estimated share if it shares a unit with other small tensors.
    mode
        ``"raw"`` or ``"float"`` (bit-exact), or ``"index"`` (quantized, or integers as they are).
    quantizer
        ``"uniform"``, ``"trellis"``, ``"codebook"``, ``"companded"``, ``"minifloat"``, ``"integer"``, or None.
    exact
        Whether the elements are those that were encoded, bit by bit.
    step
        Step size of the quantizer, or None.
    weight_error
        Root mean square of the differences from the source, or None if the file does not state it for this tensor alone.
    """

    coded_bytes: int
    mode: str
    quantizer: str | None
    exact: bool
    step: float | None
    weight_error: float | None


def limits_argument(limits: Limits | None) -> object:
    return None if limits is None else ctypes.byref(_library.Limits(**vars(limits)))


def tensor_info(info: _library.TensorInfo) -> TensorInfo:
    return TensorInfo(
        info.name.decode(), ELEMENT_TYPES[info.element_type].name, tuple(info.dimensions[k] for k in range(info.rank)), info.byte_count)
