"""Reads and writes safetensors files. The format: 8 bytes of length, a JSON header of that length, the tensors' elements."""
import json
from typing import NamedTuple

import numpy as np


class Entry(NamedTuple):
    name: str
    dtype: str  # the format's word
    shape: list
    data: object  # bytes-like

    def values(self):
        """The elements of an F32 tensor."""
        return np.frombuffer(self.data, "<f4").reshape(self.shape)


def read(data):
    """(metadata or None, entries in the order of their bytes), the elements not copied."""
    data = memoryview(data)
    begin = 8 + int.from_bytes(data[:8], "little")
    header = json.loads(bytes(data[8:begin]))
    metadata = header.pop("__metadata__", None)
    entries = [Entry(name, entry["dtype"], entry["shape"], data[begin + entry["data_offsets"][0]:begin + entry["data_offsets"][1]])
               for name, entry in sorted(header.items(), key=lambda item: item[1]["data_offsets"])]
    return metadata, entries


def write(path, metadata, entries):
    """Writes entries one after the other, the first at a multiple of 8 bytes."""
    header, place = {} if metadata is None else {"__metadata__": metadata}, 0
    for entry in entries:
        size = memoryview(entry.data).nbytes
        header[entry.name] = {"dtype": entry.dtype, "shape": list(entry.shape), "data_offsets": [place, place + size]}
        place += size
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as file:
        file.write(len(text).to_bytes(8, "little") + text)
        for entry in entries:
            file.write(entry.data)
