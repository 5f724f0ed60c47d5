"""Tasks that are plain functions: those of RQ and of Dask."""

import subprocess


def noop(_=None):
    pass


def command(_=None):
    subprocess.run(["/bin/true"], check=True, capture_output=True)
