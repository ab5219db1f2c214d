#!/usr/bin/env python3
"""Encode a model in shards, side by side in the processes of a local Dask cluster, and merge them.

The merged file is the one that a single process makes: the example compares the two and prints how long each took. On a cluster of
machines, give Client the address of its scheduler, and a --folder that all of them see.

    python dask_encode.py model.onnx --shards 4 --workers 2
"""

import argparse
import filecmp
import pathlib
import subprocess
import sys
import tempfile
import time

from dask.distributed import Client, LocalCluster, as_completed


def run(tamis: str, *words: str) -> float:
    """Run a tamis command; return its seconds, or raise what it said."""
    start = time.perf_counter()
    done = subprocess.run([tamis, *words], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise RuntimeError(done.stderr.strip() or f"tamis ended with {done.returncode}")
    return time.perf_counter() - start


def encode_shard(tamis: str, model: str, options: list[str], number: int, count: int, output: str) -> tuple[int, float]:
    """Make one shard, numbered from 1; what a worker does."""
    seconds = run(tamis, "encode", model, *options, "--shard", f"{number}/{count}", "-T", "1", "-f", "-q", "-o", output)
    return number, seconds


def merged(client: Client, arguments: argparse.Namespace, folder: pathlib.Path) -> tuple[pathlib.Path, float, float]:
    """Make all shards and merge them; return the file, and the seconds of either part."""
    count = arguments.shards
    paths = [str(folder / f"shard-{number}-of-{count}.tamis") for number in range(1, count + 1)]
    start = time.perf_counter()
    # Whoever is free takes the next shard. What fails is raised here.
    futures = [
        client.submit(encode_shard, arguments.tamis, arguments.model, arguments.options, number, count, path, pure=False)
        for number, path in enumerate(paths, 1)
    ]
    for _, (number, seconds) in as_completed(futures, with_results=True):
        print(f"  shard {number} of {count}: {seconds:.2f} s", flush=True)
    encoding = time.perf_counter() - start
    output = folder / "merged.tamis"
    return output, encoding, run(arguments.tamis, "merge", *paths, "-f", "-q", "-o", str(output))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("model", help="an ONNX or safetensors model")
    parser.add_argument("--tamis", default="tamis", help="the command (default: the one on the path)")
    parser.add_argument("--shards", type=int, default=4, help="parts of the model (default: 4)")
    parser.add_argument("--workers", type=int, default=2, help="processes of the cluster (default: 2)")
    parser.add_argument("--folder", help="where the shards go, seen by all workers (default: one that is removed afterwards)")
    parser.add_argument("--options", nargs=argparse.REMAINDER, default=[], help="all that follows goes to tamis encode")
    arguments = parser.parse_args()
    arguments.model = str(pathlib.Path(arguments.model).resolve())

    with tempfile.TemporaryDirectory() as temporary:
        folder = pathlib.Path(arguments.folder or temporary)
        folder.mkdir(parents=True, exist_ok=True)
        with LocalCluster(n_workers=arguments.workers, threads_per_worker=1, dashboard_address=None) as cluster, Client(cluster) as client:
            print(f"{arguments.shards} shards in {arguments.workers} processes, one thread each:")
            output, encoding, merging = merged(client, arguments, folder)
        print(f"  encoded in {encoding:.2f} s, merged in {merging:.2f} s: {encoding + merging:.2f} s")
        whole = folder / "whole.tamis"
        for threads in ("1", str(arguments.workers)):
            seconds = run(arguments.tamis, "encode", arguments.model, *arguments.options, "-T", threads, "-f", "-q", "-o", str(whole))
            print(f"at once, -T {threads}: {seconds:.2f} s")
        same = filecmp.cmp(output, whole, shallow=False)
        print(f"the same {whole.stat().st_size} bytes" if same else "the files differ")
        return 0 if same else 1


if __name__ == "__main__":
    sys.exit(main())
