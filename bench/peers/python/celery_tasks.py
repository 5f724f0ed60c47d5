"""The tasks and the settings of Celery, for its worker and its driver alike."""

import os
import subprocess

from celery import Celery
from celery.signals import worker_ready

durable = os.environ["PEERS_DURABLE"] == "true"

app = Celery("peers", broker=os.environ["PEERS_BROKER"], backend=os.environ["PEERS_RESULTS"])
if durable:
    app.conf.update(
        broker_transport_options={"confirm_publish": True},
        task_acks_late=True,
        task_reject_on_worker_lost=True,
    )
else:
    # Its guide on optimizing: transient messages, and many prefetched where
    # tasks are short.
    app.conf.update(task_default_delivery_mode="transient", worker_prefetch_multiplier=64)


@worker_ready.connect
def say_ready(**_):
    print("peers: ready", flush=True)


@app.task
def noop():
    pass


@app.task
def command():
    subprocess.run(["/bin/true"], check=True, capture_output=True)
