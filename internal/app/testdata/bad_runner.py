"""A runner that does each thing that a runner must not do, by type of job. It uses no SDK, which would keep it from most."""

import json
import os
import signal
import sys
import time


def tell(**event):
    print(json.dumps(event), flush=True)


def raw(text):
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def flood(run):
    with open(run["log"], "wb") as log:
        while True:
            log.write(b"all work and no play makes jack a dull boy\n" * 20000)
            time.sleep(0.01)


def shout(run):
    for _ in range(500):
        sys.stderr.write("x" * 100_000 + "\n")
    tell(done={"key": run["key"], "output": {"pid": os.getpid()}})


def progress(run, *fractions):
    for f in fractions:
        tell(progress={"key": run["key"], "fraction": f})
    time.sleep(60)


DEEDS = {
    "good": lambda run: tell(done={"key": run["key"], "output": {"pid": os.getpid()}}),
    "crash": lambda run: os.kill(os.getpid(), signal.SIGSEGV),
    "leave": lambda run: sys.exit("I have had enough"),
    "hang": lambda run: time.sleep(60),
    "garbage": lambda run: raw("epoch 1, loss 0.3"),
    "halfjson": lambda run: raw('{"done":{"key":'),
    "longline": lambda run: raw('{"done":{"key":"' + "x" * (5 << 20) + '"}}'),
    "other": lambda run: tell(done={"key": "99999.1"}),
    "hello": lambda run: tell(hello={"version": 1, "name": "again", "concurrent": 1, "types": []}),
    "nothing": lambda run: raw("{}"),
    "lie": lambda run: progress(run, 0.5, 7.0),
    "nan": lambda run: progress(run, float("nan")),
    "back": lambda run: progress(run, 0.5, 0.25),
    "poison": lambda run: tell(done={"key": run["key"], "error": {"reason": "GpuFault", "message": "it is stuck", "poisoned": True}}),
    "flood": flood,
    "shout": shout,
}

signal.signal(signal.SIGTERM, signal.SIG_IGN)
tell(hello={"version": 1, "name": "bad", "concurrent": 1, "types": [{"name": n, "devices": ["cpu"]} for n in DEEDS]})
for line in sys.stdin:
    request = json.loads(line)
    if "run" in request:
        DEEDS[request["run"]["type"]](request["run"])
