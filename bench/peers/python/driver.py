"""The side of a driver that all drivers in Python share.

An order is a line of JSON on standard input, its answer a line on standard
output: protocol.go beside this folder says what is in them. A peer has

    many(kind, n)   hand in n jobs by whatever the client offers for many
    one(kind)       hand in a job; return when it is accepted
    all()           return when every job handed in since the last all() has
                    succeeded, and that is known here
    last()          all() for the one job that was handed in last
"""

import json
import os
import sys
import time

# How often those are asked that do not tell by themselves; as in drive.go.
LOOK_FOR_ONE = 0.001
LOOK_FOR_ALL = 0.02


def until(every, done):
    while not done():
        time.sleep(every)


def follow(peer, order):
    begun = time.perf_counter()
    if order["do"] == "bulk":
        peer.many(order["kind"], order["n"])
    elif order["do"] == "single":
        for _ in range(order["n"]):
            peer.one(order["kind"])
    elif order["do"] == "latency":
        return {"samples": [latency(peer, order["kind"], pause) for pause in order["pauses"]]}
    else:
        raise ValueError(f"there is no order {order['do']}")
    submitted = time.perf_counter() - begun
    peer.all()
    return {"submitted": submitted, "known": time.perf_counter() - begun}


def latency(peer, kind, pause):
    time.sleep(pause)
    begun = time.perf_counter()
    peer.one(kind)
    peer.last()
    return time.perf_counter() - begun


def main(peer):
    # Answers alone go out by the standard output; what libraries print does not.
    out = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    for line in sys.stdin:
        try:
            answer = follow(peer, json.loads(line))
        except Exception as e:  # it is told, and the harness ends the run
            answer = {"error": f"{type(e).__name__}: {e}"}
        print(json.dumps(answer), file=out, flush=True)
