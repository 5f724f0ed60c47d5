"""Drives Celery."""

from celery import group
from celery.result import ResultSet

import celery_tasks
import driver


class Peer:
    def __init__(self):
        self.results = []
        self.tasks = {"noop": celery_tasks.noop, "command": celery_tasks.command}

    def many(self, kind, n):
        task = self.tasks[kind]
        self.results = group(task.s() for _ in range(n)).apply_async().results

    def one(self, kind):
        self.results.append(self.tasks[kind].delay())

    def all(self):
        ResultSet(self.results).join_native()
        self.results = []

    def last(self):
        self.results.pop().get()


driver.main(Peer())
