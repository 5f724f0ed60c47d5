#!/usr/bin/python3
"""Talks to turno over AMQP 0-9-1 with pika: submits jobs, reads the answers,
waits for the results. See docs/amqp.md.

    client.py amqp://guest:guest@127.0.0.1:5672/
"""
import json
import secrets
import sys
import time
import uuid

import pika

SECONDS = 60  # the most that this program waits for anything


def uuid7():
    """A UUID that begins with the time: Python has its own from 3.14 on."""
    milliseconds = time.time_ns() // 1_000_000
    return str(uuid.UUID(int=milliseconds << 80 | 7 << 76 | secrets.randbits(12) << 64
                         | 2 << 62 | secrets.randbits(62)))


class Turno:
    """One connection. For one thread, as all of pika's are."""

    def __init__(self, url, results, prefix=""):
        self.connection = pika.BlockingConnection(pika.URLParameters(url))
        self.channel = self.connection.channel()
        self.channel.confirm_delivery()  # publish returns once the broker holds the message
        self.jobs = prefix + "turno.jobs"
        self.channel.queue_declare(self.jobs, passive=True)  # fails if no scheduler ever ran here
        self.replies = {}  # by correlation_id
        self.results = {}  # by id: the result that counts
        self.seen = set()  # (id, attempt)

        # Answers: no queue of our own is needed. Consume first, publish on the same channel.
        self.channel.basic_consume("amq.rabbitmq.reply-to", self.on_reply, auto_ack=True)

        # Results: a durable queue, which fills also while this program does not run.
        self.channel.queue_declare(results, durable=True, arguments={"x-queue-type": "quorum"})
        self.channel.queue_bind(results, prefix + "turno.results", routing_key="#")
        self.channel.basic_consume(results, self.on_result)

    def on_reply(self, channel, method, properties, body):
        self.replies.setdefault(properties.correlation_id, json.loads(body))

    def on_result(self, channel, method, properties, body):
        result = json.loads(body)
        key = result["id"], result.get("attempt", 0)
        if key not in self.seen:  # at least once: the same one may come again
            self.seen.add(key)
            self.results[result["id"]] = result  # here: do your work, then acknowledge
        channel.basic_ack(method.delivery_tag)

    def wait(self, done):
        """Handles what arrives until done() or for SECONDS."""
        deadline = time.monotonic() + SECONDS
        while not done():
            left = deadline - time.monotonic()
            if left <= 0:
                raise TimeoutError("turno did not answer: submit again with the same ids")
            self.connection.process_data_events(time_limit=left)

    def send(self, body):
        """Publishes a message and returns the scheduler's answer to it."""
        request = uuid7()
        self.channel.basic_publish(
            exchange="", routing_key=self.jobs, body=body, mandatory=True,
            properties=pika.BasicProperties(
                delivery_mode=2, content_type="application/json",
                message_id=request, correlation_id=request, reply_to="amq.rabbitmq.reply-to"))
        self.wait(lambda: request in self.replies)
        return self.replies.pop(request)

    def submit(self, *jobs):
        """Submits jobs; each is {"id": …, "spec": {…}}."""
        return self.send(json.dumps({"version": 1, "jobs": jobs}))


def job(spec):
    return {"id": uuid7(), "spec": spec}


def main(url, results="example.results", prefix=""):
    turno = Turno(url, results, prefix)
    echo = job({"type": "exec", "name": "hello", "user": "alice",
                "params": {"command": ["/bin/echo", "hello"]}, "time_limit_seconds": 60})
    many = [job({"type": "noop", "labels": {"part": str(i)}}) for i in range(3)]
    answers = {
        "good": turno.submit(echo),
        "again": turno.submit(echo),  # the same id: the same job, and the same number
        "unknown_type": turno.submit(job({"type": "nop"})),
        "bulk": turno.submit(*many),
        "mixed": turno.submit({"spec": {"type": "noop"}}, many[0]),  # the first has no id
        "not_json": turno.send("this is not JSON"),
        "wrong_version": turno.send(json.dumps({"version": 99, "jobs": []})),
    }
    accepted = {answer["id"] for reply in answers.values()
                for answer in reply.get("jobs", []) if "error" not in answer}
    turno.wait(lambda: accepted <= turno.results.keys())
    turno.connection.close()
    json.dump({"replies": answers, "results": turno.results}, sys.stdout, indent=2)


if __name__ == "__main__":
    main(*sys.argv[1:])
