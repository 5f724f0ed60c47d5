"""A type of job with a warm model in ten lines. Here the model is a list of words that takes two seconds to load; yours may be
a network on a GPU.

    python3 rhymes.py --try rhymes '{"word": "turno"}'
    turno up --runner "examples=python3 $PWD/rhymes.py"
    turno run --type rhymes --param word=turno
"""

import os
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../runners/python"))  # or beside this file
import turno_runner as turno


@turno.warm
def model():
    time.sleep(2)
    return ["uno", "diurno", "nocturno", "alumno", "taciturno", "turn", "burn", "return"]


@turno.job
def rhymes(job, word: str, most: int = 3) -> dict:
    "Finds words that end alike."
    found = sorted((w for w in model() if w != word), key=lambda w: -len(os.path.commonprefix([w[::-1], word[::-1]])))
    job.progress(1, "found")
    return {"word": word, "rhymes": found[:most]}


turno.serve("rhymes")
