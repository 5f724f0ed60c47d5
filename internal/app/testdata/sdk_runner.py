"""A runner with the SDK, for tests of how a worker uses its processes."""

import os
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../../runners/python"))
import turno_runner as turno

kept = []


@turno.job
def pid(job, grow: int = 0) -> dict:
    "Tells its process, and keeps so many bytes."
    kept.append(b"x" * grow)
    return {"pid": os.getpid(), "threads": job.threads}


@turno.job
def poison():
    raise turno.Failed("stuck", reason="GpuFault", poisoned=True)


@turno.job
def wait(job):
    while True:
        job.progress(None, "waits", pid=os.getpid())
        time.sleep(0.01)


@turno.job
def stop():
    "Stops its own process, as one that swaps or hangs in a driver looks."
    os.kill(os.getpid(), 19)


turno.serve("sdk")
