#!/usr/bin/env python3
"""Other compressors of a model's float32 weights, timed on request: the process that scripts/bench/speed asks.

    speed_peers.py --rates 1.5 2.5 MODEL

Answers each line of standard input, a JSON list of a peer and a rate (null: the floats themselves), by a line of JSON, after a first
line that lists all of them. It is a process of its own so that its memory does not count as that of the commands measured.

Integers: all weights rounded by steps proportional to each tensor's standard deviation, cut off at -127 and 127, as fine as makes their
order-0 entropy the rate. zstd codes these 8-bit integers; what it decodes is not float32 yet, which would be one more pass. Floats:
pcodec at level 8, and zstd -3 of the elements' first bytes, second bytes and so on (shuffle), both without loss and so at no rate of
choice. One thread each. A copy is memory to memory.
"""
import argparse
import json
import math
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
import tamis_command

tamis_command.use_environment()

import numpy as np
import zstandard
from pcodec import ChunkConfig, standalone

import model_tensors

SAMPLE = 1 << 20
SLOW = {"zstd -19"}  # to encode: timed once


def weights(path):
    """All float32 weights one after the other, and the same in units of their tensor's standard deviation."""
    tensors = [np.frombuffer(tensor.data, np.float32) for tensor in model_tensors.read(path) if tensor.type == "float32"]
    if not tensors:
        raise SystemExit(f"error: {path}: has no float32 tensors")
    units = [x / scale if (scale := float(x.std())) > 0 else np.zeros_like(x) for x in tensors]
    return np.concatenate(tensors), np.concatenate(units)


def integers(units, step):
    return np.clip(np.rint(units / np.float32(step)), -127, 127).astype(np.int8)


def entropy(values):
    p = np.bincount(values.view(np.uint8), minlength=256) / values.size
    return float(-(p[p > 0] * np.log2(p[p > 0])).sum())


def step_for(units, rate):
    """The step that gives integers of that entropy: found on a sample, by halving.

    No finer than what cuts off weights beyond three standard deviations: cutting off more would lose entropy again.
    """
    sample = units[:: max(1, units.size // SAMPLE)]
    low, high = math.log(3 / 127), math.log(100)
    for _ in range(30):
        middle = (low + high) / 2
        low, high = (middle, high) if entropy(integers(sample, math.exp(middle))) > rate else (low, middle)
    return math.exp(low)


def zstd(level):
    compressor, decompressor = zstandard.ZstdCompressor(level=level), zstandard.ZstdDecompressor()
    return compressor.compress, decompressor.decompress


def shuffle(data):
    return zstandard.ZstdCompressor(level=3).compress(np.ascontiguousarray(data.view(np.uint8).reshape(-1, 4).T))


def unshuffle(coded):
    return np.ascontiguousarray(np.frombuffer(zstandard.ZstdDecompressor().decompress(coded), np.uint8).reshape(4, -1).T)


def timed(work, *arguments):
    wall, processor = time.perf_counter(), time.process_time()
    result = work(*arguments)
    return result, {"seconds": time.perf_counter() - wall, "processor_seconds": time.process_time() - processor}


class Peer:
    """A compressor with what it has made of its data. Decoding is checked once."""

    def __init__(self, name, rate, data, encode, decode):
        self.name, self.rate, self.data, self.encode, self.decode = name, rate, data, encode, decode
        self.coded, self.first = timed(encode, data)
        if bytes(memoryview(decode(self.coded)).cast("B")) != bytes(memoryview(data).cast("B")):
            raise SystemExit(f"error: {name} does not give back what it was given")

    def measure(self):
        encoded = self.first if self.name in SLOW else timed(self.encode, self.data)[1]
        return {"encode": encoded, "decode": timed(self.decode, self.coded)[1]}

    def facts(self):
        return {"coder": self.name, "rate": self.rate, "bytes": len(memoryview(self.coded).cast("B")), "weights": self.data.size}


def peers(path, rates):
    floats, units = weights(path)
    room = np.empty_like(floats)

    def copy(data):
        np.copyto(room, data)
        return room

    yield Peer("copy", None, floats, copy, lambda _: copy(floats))
    yield Peer("pcodec", None, floats, lambda data: standalone.simple_compress(data, ChunkConfig(compression_level=8)), standalone.simple_decompress)
    yield Peer("shuffle + zstd -3", None, floats, shuffle, unshuffle)
    for rate in rates:
        values = integers(units, step_for(units, rate))
        for level in (3, 19):
            yield Peer(f"zstd -{level}", rate, values, *zstd(level))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", type=Path, metavar="MODEL")
    parser.add_argument("--rates", type=float, nargs="*", default=[])
    arguments = parser.parse_args()
    known = {(peer.name, peer.rate): peer for peer in peers(arguments.model, arguments.rates)}
    print(json.dumps([peer.facts() for peer in known.values()]), flush=True)
    for line in sys.stdin:
        name, rate = json.loads(line)
        print(json.dumps(known[name, rate].measure()), flush=True)


if __name__ == "__main__":
    main()
