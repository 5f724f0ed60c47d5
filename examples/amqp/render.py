#!/usr/bin/env python3
"""Hands in jobs over RabbitMQ and waits for their results, with pika alone: turno need not be installed here.

    python3 render.py amqp://guest:guest@127.0.0.1:5672/ 4

docs/amqp.md describes every field; test/amqp/client.py shows errors, bulk submission and repetition.
"""
import json
import secrets
import sys
import time
import uuid

import pika


def new_id():
    """A UUIDv7: the job's name from now on. Submitting again with the same one is safe."""
    return str(uuid.UUID(int=time.time_ns() // 1_000_000 << 80 | 7 << 76 | secrets.randbits(12) << 64 | 2 << 62 | secrets.randbits(62)))


def main(url, frames=4, prefix=""):
    connection = pika.BlockingConnection(pika.URLParameters(url))
    channel = connection.channel()
    channel.confirm_delivery()
    results = channel.queue_declare("", exclusive=True).method.queue  # a durable queue of your own would outlive this program
    channel.queue_bind(results, prefix + "turno.results", routing_key="default.exec.#")

    waiting = {}
    for frame in range(int(frames)):
        job = {"id": new_id(), "spec": {
            "type": "exec", "name": f"frame {frame}", "user": "alice", "time_limit_seconds": 60,
            "params": {"script": "#!/bin/sh\necho rendering frame $1\n", "args": [str(frame)]},
        }}
        waiting[job["id"]] = frame
        channel.basic_publish("", prefix + "turno.jobs", json.dumps({"version": 1, "jobs": [job]}), mandatory=True,
                              properties=pika.BasicProperties(delivery_mode=2, content_type="application/json"))

    for method, _, body in channel.consume(results, inactivity_timeout=60):
        if method is None:
            sys.exit("no result came for a minute")
        result = json.loads(body)
        if result["id"] in waiting:  # at least once: the same one may come again
            print(f"frame {waiting.pop(result['id'])}: job {result['display']} {result['state']}")
        channel.basic_ack(method.delivery_tag)
        if not waiting:
            break
    connection.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
