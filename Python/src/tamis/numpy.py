"""Between ``.tamis`` files and dictionaries of numpy arrays."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

import numpy

from ._description import Limits
from ._encode import encode
from ._model import Model, Source
from ._safetensors import document

__all__ = ["load_file", "save_file"]


def load_file(source: Source, *, raw: bool = False, limits: Limits | None = None, threads: int = 0) -> dict[str, numpy.ndarray]:
    """Decodes all tensors of a ``.tamis`` file.

    Parameters
    ----------
    source
        A path, or the bytes of a file.
    raw
        For types that numpy lacks: whether to return the bits instead; see `Model.tensor`.
    limits
        What the file may ask for.
    threads
        Threads that work side by side; 0 for one per processor.

    Returns
    -------
    dict
        The arrays by name, in the order of the file. Names that the model has for one tensor have one array. Arrays without elements
        are not among the tensors of a file.
    """
    with Model(source, limits=limits, sequential=True) as model:
        arrays = {name: model.tensor(name, raw=raw, threads=threads) for name in model.tensors}
        for alias, name in model.aliases.items():
            arrays[alias] = arrays[name]
        return arrays


def save_file(
    tensors: Mapping[str, numpy.ndarray], path: str | os.PathLike[str], *, metadata: Mapping[str, str] | None = None, **options: Any,
) -> None:
    """Encodes arrays into a ``.tamis`` file, which is decoded into a file ``model.safetensors``.

    Parameters
    ----------
    tensors
        Arrays by name. float32, float16 and bfloat16 (of ml_dtypes) are quantized as the options say, others are kept bit by bit.
    path
        The file to write.
    metadata
        Text to be kept with the tensors.
    **options
        Of `tamis.encode`, such as ``quality=25`` or ``lossless=True``.

    Raises
    ------
    MisuseError
        For types that safetensors files do not have.
    """
    encode(document(tensors, metadata), path, **options)
