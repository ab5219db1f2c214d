"""Between ``.tamis`` files and onnx.ModelProto. Needs the package onnx."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ._call import Progress, Runner
from ._description import Limits
from ._export import Export
from ._model import Model, Source
from .errors import UnsupportedError

if TYPE_CHECKING:
    import onnx

__all__ = ["load"]

# What protobuf can parse.
_LARGEST = (1 << 31) - 1


def load(
    source: Source, *, form: str = "float", dtype: str | None = None, limits: Limits | None = None, threads: int = 0, verify: bool = True,
    progress: Progress | None = None,
) -> onnx.ModelProto:
    """Decodes a ``.tamis`` file into an onnx.ModelProto that holds all its data.

    Parameters
    ----------
    source, form, dtype, limits, threads, verify, progress
        As for `tamis.decode`.

    Raises
    ------
    UnsupportedError
        If the model is not ONNX, or is larger than the 2 GiB that a ModelProto can have.
    """
    import onnx

    with Model(source, limits=limits, sequential=True) as model:
        require_onnx(model)
        size = sum(file.nbytes for file in model.files)
        runner = Runner(threads, verify, progress)
        if size > _LARGEST and form == "float" and dtype is None:
            raise _too_large(size)
        single = len(model.files) > 1 or form != "float" or dtype is not None
        if single:
            with Export(model, form=form, dtype=dtype, single_file=True, runner=runner) as export:
                if export.files[0].nbytes > _LARGEST:
                    raise _too_large(export.files[0].nbytes)
                data = export.bytes(0)
        else:
            data = model.file(threads=threads, verify=verify, progress=progress)
    return onnx.load_model_from_string(data)


def require_onnx(model: Model) -> None:
    """Refuses safetensors, which say no graph."""
    name = model.files[0].name
    if name.endswith((".safetensors", ".safetensors.index.json")):
        raise UnsupportedError(
            f"the file holds {name}, which is no ONNX model: it has tensors but no graph. Its tensors come from "
            "tamis.numpy.load_file()", code="unsupported_feature")


def _too_large(size: int) -> UnsupportedError:
    return UnsupportedError(
        f"the model has {size} bytes, and a ModelProto at most 2 GiB; tamis.session() loads it, and "
        "tamis.decode(source, 'model.onnx', external=True) writes it with its data in a file beside it", code="unsupported_feature")
