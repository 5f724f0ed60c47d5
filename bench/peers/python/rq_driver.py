"""Drives RQ. Nothing in it waits for an end: its registries are asked."""

import sys

from redis import Redis
from rq import Queue
from rq.job import JobStatus
from rq.registry import FailedJobRegistry, FinishedJobRegistry

import driver
import plain_tasks


class Peer:
    def __init__(self, url):
        connection = Redis.from_url(url)
        self.queue = Queue(connection=connection)
        self.finished = FinishedJobRegistry(queue=self.queue)
        self.failed = FailedJobRegistry(queue=self.queue)
        self.sent = 0
        self.tasks = {"noop": plain_tasks.noop, "command": plain_tasks.command}

    # Results are kept for long enough that counting them is right.
    def many(self, kind, n):
        self.queue.enqueue_many([Queue.prepare_data(self.tasks[kind], result_ttl=3600) for _ in range(n)])
        self.sent += n

    def one(self, kind):
        self.job = self.queue.enqueue(self.tasks[kind], result_ttl=3600)
        self.sent += 1

    def all(self):
        driver.until(driver.LOOK_FOR_ALL, self.ended)

    def ended(self):
        if len(self.failed):
            raise RuntimeError(f"{len(self.failed)} jobs did not succeed")
        return len(self.finished) >= self.sent

    def last(self):
        driver.until(driver.LOOK_FOR_ONE, self.job_ended)

    def job_ended(self):
        status = self.job.get_status()
        if status == JobStatus.FAILED:
            raise RuntimeError(f"job {self.job.id} failed")
        return status == JobStatus.FINISHED


driver.main(Peer(sys.argv[1]))
