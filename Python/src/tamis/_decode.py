"""Decoding whole files, in one call."""

from __future__ import annotations

import os
from typing import overload

from ._call import Progress, Runner
from ._description import Limits
from ._export import Export
from ._model import Model, Source


@overload
def decode(
    source: Source, output: None = None, *, file: int = 0, form: str = "float", dtype: str | None = None, single_file: bool = False,
    external: str | bool = False, overwrite: bool = False, limits: Limits | None = None, threads: int = 0, verify: bool = True,
    progress: Progress | None = None) -> bytes: ...
@overload
def decode(
    source: Source, output: str | os.PathLike[str], *, file: int = 0, form: str = "float", dtype: str | None = None,
    single_file: bool = False, external: str | bool = False, overwrite: bool = False, limits: Limits | None = None, threads: int = 0,
    verify: bool = True, progress: Progress | None = None) -> None: ...
def decode(
    source, output=None, *, file=0, form="float", dtype=None, single_file=False, external=False, overwrite=False, limits=None, threads=0,
    verify=True, progress=None):
    """Decodes a ``.tamis`` file: into memory, or into files.

    Parameters
    ----------
    source
        A path, or the bytes of a file.
    output
        Where to write the model; its other files go below the same folder, by their names. All files are complete and on the disk
        before any takes its name, and none appears if something fails. None returns one file instead.
    file
        Which file to return, by its place in `Model.files`.
    form
        ``"float"``, or ``"qdq"``: quantized tensors become integers with a DequantizeLinear node each where their values allow.
    dtype
        ``"float16"`` or ``"bfloat16"`` stores float32 weights as these; None leaves them.
    single_file
        Whether to put the data of all files into one ONNX file.
    external
        Whether to put the data of all larger tensors into one file beside the model; a text is the name of that file.
    overwrite
        Whether files that exist are replaced.
    limits
        What the file may ask for.
    threads
        Threads that work side by side; 0 for one per processor. What comes out does not depend on it.
    verify
        Whether to compare the SHA-256 of whole files; checksums and digests of units and tensors always are.
    progress
        Called now and then, from another thread, with what is done and the total.

    Returns
    -------
    bytes or None
        Without `output`, the file, which was decoded straight into the memory of the bytes.

    Raises
    ------
    MalformedError, UnsupportedError, LimitError
        If the file cannot be read; nothing is returned or written then.
    FileError
        If a file cannot be read or written.
    """
    with Model(source, limits=limits, sequential=True) as model:
        if output is None and form == "float" and dtype is None and not single_file and not external:
            return model.file(file, threads=threads, verify=verify, progress=progress)
        runner = Runner(threads, verify, progress)
        with Export(model, form=form, dtype=dtype, single_file=single_file, external=external, runner=runner) as export:
            if output is None:
                return export.bytes(file)
            export.write(output, overwrite)
            return None
