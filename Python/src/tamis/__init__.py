"""Tamis: neural networks in small files.

    >>> import tamis
    >>> tamis.encode("model.onnx", "model.tamis", quality=20)
    >>> session = tamis.session("model.tamis")            # an onnxruntime.InferenceSession, nothing written to the disk
    >>> weights = tamis.open("model.tamis").tensor("conv1.weight")

Work on large models releases the GIL, uses all processors, and is cancelled by Ctrl-C.
"""

from . import _library, numpy, onnx
from ._decode import decode
from ._description import FileInfo, Limits, TensorCoding, TensorInfo
from ._encode import encode
from ._model import Model, open
from ._session import session
from ._stream import StreamDecoder, iter_tensors
from ._version import __version__
from .errors import (
    Cancelled, FileError, LimitError, MalformedError, MisuseError, NoInputError, NoSuchTensorError, OutputExistsError, TamisError,
    UnsupportedError)

#: What files made by this version say made them: where it is the same, the same model and options give the same bytes.
encoder_name: str = _library.library.tamis_encoder_name().decode()

__all__ = [
    "Cancelled", "FileError", "FileInfo", "LimitError", "Limits", "MalformedError", "MisuseError", "Model", "NoInputError",
    "NoSuchTensorError", "OutputExistsError", "StreamDecoder", "TamisError", "TensorCoding", "TensorInfo", "UnsupportedError",
    "__version__", "decode", "encode", "encoder_name", "iter_tensors", "numpy", "onnx", "open", "session",
]
