"""Drives Dask."""

import sys

from distributed import Client

import driver
import plain_tasks


class Peer:
    def __init__(self, where):
        self.client = Client(where)
        self.futures = []
        self.tasks = {"noop": plain_tasks.noop, "command": plain_tasks.command}

    def many(self, kind, n):
        self.futures = self.client.map(self.tasks[kind], range(n), pure=False)

    def one(self, kind):
        self.futures.append(self.client.submit(self.tasks[kind], pure=False))

    def all(self):
        self.client.gather(self.futures)
        self.futures = []

    def last(self):
        self.futures.pop().result()


if __name__ == "__main__":
    driver.main(Peer(sys.argv[1]))
