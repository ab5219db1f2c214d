"""The GIL is released, Ctrl-C cancels, nothing is left behind."""

import os
import pickle
import signal
import subprocess
import sys
import threading
import time

import numpy as np
import pytest

import tamis


def test_other_threads_run_meanwhile(large):
    # One thread may keep the GIL for 5 ms, by default; a call that kept it would stop the counting thread for the whole decode.
    gaps, stop = [], threading.Event()

    def count():
        last = time.perf_counter()
        while not stop.is_set():
            time.sleep(0.001)
            now = time.perf_counter()
            gaps.append(now - last)
            last = now

    counter = threading.Thread(target=count)
    counter.start()
    start = time.perf_counter()
    for _ in range(3):
        tamis.decode(large, threads=1)
    elapsed = time.perf_counter() - start
    stop.set()
    counter.join()
    assert elapsed > 0.15 and len(gaps) > 20 and max(gaps) < elapsed / 3


INTERRUPTED = """
import os, signal, sys, threading, time
# Who started the tests may ignore it.
signal.signal(signal.SIGINT, signal.default_int_handler)
import tamis
path, work = sys.argv[1:]
def interrupt():
    time.sleep(0.3)
    os.kill(os.getpid(), signal.SIGINT)
model = tamis.open(path)
data = model.file()
threading.Thread(target=interrupt).start()
try:
    for _ in range(1000):
        if work == "decode": tamis.decode(path, threads=1)
        elif work == "verify": model.verify(threads=1)
        else: tamis.encode(data, effort=9, threads=1)
    print("done")
except KeyboardInterrupt:
    print("interrupted", threading.active_count())
"""


@pytest.mark.parametrize("work", ["decode", "verify", "encode"])
def test_interruption(large, work):
    start = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-c", INTERRUPTED, str(large), work], capture_output=True, text=True, timeout=60,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)})
    assert done.stdout.split()[:1] == ["interrupted"], done.stderr
    assert time.monotonic() - start < 10


def test_a_handler_of_signals_that_raises(large):
    class Alarm(Exception):
        pass

    def ring(*_):
        raise Alarm

    previous = signal.signal(signal.SIGALRM, ring)
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.05)
        with pytest.raises(Alarm):
            for _ in range(100):
                tamis.decode(large)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, previous)


def resident():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def test_cancelled_work_frees_everything(large):
    class Enough(Exception):
        pass

    def stop(done, total):
        if done * 2 > total:
            raise Enough

    def cancelled():
        with pytest.raises(Enough):
            tamis.decode(large, progress=stop)

    for _ in range(3):
        cancelled()
    before = resident()
    for _ in range(10):
        cancelled()
    assert resident() - before < 32 << 20  # one output has 36 MB


def test_errors_can_be_pickled(lossy):
    with pytest.raises(tamis.MalformedError) as caught:
        tamis.decode(lossy[:-1])
    copy = pickle.loads(pickle.dumps(caught.value))
    assert type(copy) is type(caught.value) and str(copy) == str(caught.value) and vars(copy) == vars(caught.value)


def test_arrays_own_their_memory(lossy):
    with tamis.open(lossy) as opened:
        array = opened.tensor("w0")
    copy = array.copy()
    for _ in range(20):
        tamis.decode(lossy)
    assert np.array_equal(array, copy)
