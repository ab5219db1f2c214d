"""From a ``.tamis`` file to an ONNX Runtime session, in memory."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from ._call import Progress, Runner
from ._decode import decode
from ._description import Limits
from ._export import Export
from ._model import Model, Source
from .errors import MisuseError
from .onnx import require_onnx

if TYPE_CHECKING:
    import onnxruntime

# Makes ONNX Runtime use external data where it lies in memory, instead of a copy.
_IN_PLACE = "session.use_external_initializer_file_buffers_directly"

# Without these, ONNX Runtime may compute with 8-bit activations where weights are integers: results are off by some percent then.
_EXACT_INTEGERS = ("session.disable_quant_qdq", "session.disable_qdq_constant_folding")

# Sessions may share their options, where the names of external data must differ.
_numbers = itertools.count(1)


def session(
    source: Source, *, form: str = "float", dtype: str | None = None, providers: Sequence[Any] | None = None,
    sess_options: onnxruntime.SessionOptions | None = None, integer_kernels: bool = False, in_place: bool = True,
    limits: Limits | None = None, threads: int = 0, verify: bool = True, progress: Progress | None = None, **ort: Any,
) -> onnxruntime.InferenceSession:
    """Opens an ONNX Runtime session on a ``.tamis`` file.

    Nothing is written to the disk, and the size of a model has no limit but memory.

    Parameters
    ----------
    source
        A path, or the bytes of a file.
    form
        ``"float"``: results are, bit by bit, those of the decoded ONNX file. ``"qdq"``: quantized weights stay integers in memory, a
        quarter of the size or less, and become floating-point numbers while the session runs: small, but slower.
    dtype
        ``"float16"`` or ``"bfloat16"`` stores float32 weights as these; None leaves them.
    providers
        Execution providers; those of the CPU if None.
    sess_options
        An onnxruntime.SessionOptions. Entries are added to it that suit sessions of this package; use other options for other sessions,
        and none of them on two threads at once.
    integer_kernels
        With ``form="qdq"``: lets ONNX Runtime round activations to integers, too, where it has kernels for that. Faster, but results are
        off by some percent; without it, they are those of ``"float"`` up to the rounding of float32.
    in_place
        Whether the session uses the decoded weights where they are: it is there sooner, and takes least at the most. Without, it copies
        what it needs, and the decoded weights are freed: that takes more for a moment, and less from then on, as the runtime
        rearranges most weights of layers for its kernels anyway.
    limits, threads, verify, progress
        Of decoding, as for `tamis.decode`; the threads of the session are in `sess_options`.
    **ort
        What else onnxruntime.InferenceSession takes.

    Raises
    ------
    MalformedError, UnsupportedError, LimitError
        If the file cannot be read, or holds no ONNX model.
    """
    import onnxruntime

    runner = Runner(threads, verify, progress)
    options = onnxruntime.SessionOptions() if sess_options is None else sess_options
    _set(options, _IN_PLACE, "1" if in_place else "0")
    if form == "qdq" and not integer_kernels:
        for key in _EXACT_INTEGERS:
            _set(options, key, "1")
    ort["providers"] = ["CPUExecutionProvider"] if providers is None else providers
    side_name = f"tamis-{next(_numbers)}.data"
    # The file is closed, and its pages are given back, before the runtime takes memory.
    with Model(source, limits=limits, sequential=True) as model:
        require_onnx(model)
        with Export(model, form=form, dtype=dtype, external=side_name, runner=runner) as export:
            graph = export.bytes(0)
            sides = {file.name: export.pages(place).array for place, file in enumerate(export.files) if place > 0}
    if sides:
        options.add_external_initializers_from_files_in_memory(list(sides), list(sides.values()), [side.size for side in sides.values()])
    try:
        made = onnxruntime.InferenceSession(graph, options, **ort)
    except Exception as error:
        # ONNX Runtime takes data of subgraphs from files only, or from the model itself.
        if side_name not in str(error):
            raise
        sides.clear()
        graph = decode(
            source, form=form, dtype=dtype, single_file=True, limits=limits, threads=threads, verify=verify, progress=progress)
        made = onnxruntime.InferenceSession(graph, options, **ort)
    if options.get_session_config_entry(_IN_PLACE) == "1":
        # ONNX Runtime reads from this memory as long as the session lives.
        made.tamis_memory = tuple(sides.values())
    else:
        made.disable_fallback()
        made.set_providers = _no_other_providers
    return made


def _no_other_providers(*_: object) -> None:
    """In place of a method that would make the session anew, from weights that are gone."""
    raise MisuseError("a session made with in_place=False keeps its providers; make another session", code="invalid_argument")


def _set(options: onnxruntime.SessionOptions, key: str, value: str) -> None:
    """Sets an option, unless the caller has said how it is to be."""
    try:
        options.get_session_config_entry(key)
    except RuntimeError:  # it is not set
        options.add_session_config_entry(key, value)
