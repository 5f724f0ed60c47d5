"""Tests of turno_runner.py: python3 -m unittest, or go test ./test/python."""

import dataclasses
import enum
import json
import os
import subprocess
import sys
import tempfile
import unittest
from typing import Annotated, Any, Dict, List, Literal, Optional, Tuple, Union

import turno_runner as turno

HERE = os.path.dirname(os.path.abspath(__file__))


class Colour(enum.Enum):
    RED = "red"
    BLUE = "blue"


@dataclasses.dataclass
class Point:
    x: float
    y: Annotated[float, "up"] = 0.0
    tags: List[str] = dataclasses.field(default_factory=list)


class TestSchema(unittest.TestCase):
    def test_hints(self):
        cases = [
            (int, {"type": "integer"}),
            (float, {"type": "number"}),
            (bool, {"type": "boolean"}),
            (str, {"type": "string"}),
            (Any, {}),
            (dict, {"type": "object"}),
            (list, {"type": "array"}),
            (Literal["a", 1], {"enum": ["a", 1]}),
            (Optional[int], {"type": ["integer", "null"]}),
            (Union[int, List[int]], {"anyOf": [{"type": "integer"}, {"type": "array", "items": {"type": "integer"}}]}),
            (List[Dict[str, float]], {"type": "array", "items": {"type": "object", "additionalProperties": {"type": "number"}}}),
            (list[int], {"type": "array", "items": {"type": "integer"}}),
            (Tuple[int, str], {"type": "array", "prefixItems": [{"type": "integer"}, {"type": "string"}], "minItems": 2, "maxItems": 2}),
            (Tuple[int, ...], {"type": "array", "items": {"type": "integer"}}),
            (Colour, {"enum": ["red", "blue"]}),
            (Annotated[int, turno.Between(1, 9), "how many"], {"type": "integer", "minimum": 1, "maximum": 9, "description": "how many"}),
            (Annotated[str, turno.Between(1)], {"type": "string", "minLength": 1}),
            (Point, {"type": "object", "additionalProperties": False, "required": ["x"], "properties": {
                "x": {"type": "number"}, "y": {"type": "number", "description": "up", "default": 0.0},
                "tags": {"type": "array", "items": {"type": "string"}}}}),
        ]
        for hint, want in cases:
            with self.subTest(hint=hint):
                self.assertEqual(turno.schema_of(hint), want)

    def test_what_has_none(self):
        for hint in (bytes, Dict[int, str], object, threading_lock()):
            with self.subTest(hint=hint), self.assertRaises(TypeError):
                turno.schema_of(hint)

    def test_function(self):
        def f(job, n: int, where: Optional[str] = None, colour: Colour = Colour.RED) -> dict:
            """Does it.

            And more.
            """

        kind = turno._Type(f, "f", None, ["cpu"], None)
        self.assertEqual((kind.summary, kind.wants_job, kind.schema["required"]), ("Does it.", True, ["n"]))
        self.assertEqual(kind.schema["properties"]["colour"], {"enum": ["red", "blue"], "default": "red"})
        self.assertEqual(kind.schema["properties"]["where"], {"type": ["string", "null"], "default": None})

    def test_arguments(self):
        def f(p: Point, n: Annotated[int, turno.Between(1, 3)] = 1, c: Colour = Colour.RED, t: Tuple[int, ...] = (), x: float = 0.5):
            pass

        kind = turno._Type(f, "f", "", [], None)
        got = kind.arguments({"p": {"x": 1, "tags": ["a"]}, "c": "blue", "t": [1, 2], "x": 2, "n": 2.0})
        self.assertEqual(got, {"p": Point(1.0, 0.0, ["a"]), "c": Colour.BLUE, "t": (1, 2), "x": 2.0, "n": 2})
        self.assertIsInstance(got["x"], float)
        for bad in ({}, {"p": 1, "n": 9}, {"p": {"x": "1"}}, {"p": {"x": 1}, "n": 4}, {"p": {"x": 1}, "n": True}, {"p": {"x": 1}, "c": "green"},
                    {"p": {"x": 1}, "q": 1}, {"p": {"x": 1, "z": 1}}, {"p": {}}):
            with self.subTest(bad=bad), self.assertRaises(turno.Failed):
                kind.arguments(bad)


def threading_lock():
    import threading
    return type(threading.Lock())


class TestProgress(unittest.TestCase):
    def job(self):
        said = []
        return turno.Job({"key": "1.1"}, lambda progress: said.append(progress)), said

    def test_never_goes_back_nor_lies(self):
        job, said = self.job()
        turno.PROGRESS_GAP, gap = 0, turno.PROGRESS_GAP
        self.addCleanup(setattr, turno, "PROGRESS_GAP", gap)
        job.progress(0.5, "half", loss=float("nan"), steps=3)
        job.progress(0.25)
        job.progress()
        job.progress(1)
        self.assertEqual([p["fraction"] for p in said], [0.5, 0.5, -1, 1])
        self.assertEqual(said[0]["values"], {"steps": 3.0})
        for bad in (7, -0.1, float("nan"), "x"):
            with self.subTest(bad=bad), self.assertRaises(ValueError):
                job.progress(bad)

    def test_thinned(self):
        job, said = self.job()
        for i in range(10000):
            job.progress(i / 10000)
        self.assertLess(len(said), 10)

    def test_cancel(self):
        job, _ = self.job()
        self.assertFalse(job.cancelled)
        job._cancel.set()
        for look in (job.check, job.progress):
            with self.assertRaises(turno.Cancelled):
                try:
                    look()
                except Exception:
                    self.fail("a job that catches every Exception would not end")


SCRIPT = """
import os, sys, time, logging, subprocess
import turno_runner as turno
logging.basicConfig(level="INFO", format="%(message)s")
turno.MAX_LOG = 1 << 20

@turno.warm
def model(name="m"):
    print("loads", name)
    return os.getpid()

@turno.job
def pid(): return {"pid": model(), "threads": os.environ["OMP_NUM_THREADS"]}

@turno.job
def noise(job):
    print("printed")
    logging.info("logged")
    os.write(1, b"written\\n")
    subprocess.run(["echo", "by a child"])
    sys.stderr.write("to stderr\\n")

@turno.job
def flood(): 
    for _ in range(100): print("x" * 100_000)

@turno.job
def waits(job):
    while True:
        job.progress(None, "waits")
        time.sleep(0.01)

@turno.job
def env(): return os.environ.get("MINE")

@turno.job
def fails(how: str):
    if how == "value": raise ValueError("seven")
    if how == "failed": raise turno.Failed("it is wrong", reason="WrongResult", retryable=True, poisoned=True)
    if how == "exit": sys.exit(4)
    if how == "nan": return float("nan")
    if how == "object": return object()
    if how == "large": return "x" * (5 << 20)
    if how == "memory": raise MemoryError("no more")
    if how == "kill": os.kill(os.getpid(), 9)

@turno.job
def saves(job, n: int = 1):
    with open(os.path.join(job.output_dir, "n.txt"), "w") as f: f.write(str(n))

turno.serve()
"""


class Runner:
    """A runner as its worker sees it."""

    def __init__(self, mode, script=SCRIPT, files=None, env=None):
        self.folder = tempfile.mkdtemp()
        path = os.path.join(self.folder, "r.py")
        for name, text in {"r.py": script, **(files or {})}.items():
            with open(os.path.join(self.folder, name), "w") as f:
                f.write(text)
        self.process = subprocess.Popen([sys.executable, path], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                        env={**os.environ, "PYTHONPATH": HERE, "TURNO_RUNNER_MODE": mode, **(env or {})})
        said = self.read()
        self.hello = said and said["hello"]
        self.number = 0

    def read(self):
        line = self.process.stdout.readline()
        return json.loads(line) if line else None

    def write(self, **request):
        self.process.stdin.write(json.dumps(request).encode() + b"\n")
        self.process.stdin.flush()

    def start(self, kind, env=None, device="cpu", **params):
        self.number += 1
        key = f"{self.number}.1"
        self.log = os.path.join(self.folder, "log" + key)
        self.write(run={"key": key, "type": kind, "params": params, "device": device, "threads": 3, "log": self.log, "dir": self.folder,
                        "env": env or {}})
        return key

    def done(self):
        while True:
            event = self.read()
            if event is None or "done" in event:
                return event and event["done"]

    def run(self, kind, **params):
        key = self.start(kind, **params)
        done = self.done()
        assert done["key"] == key, done
        return done

    def close(self):
        self.process.stdin.close()
        self.process.wait(10)
        self.process.stdout.close()
        self.process.stderr.close()


class Served:
    """What holds in every mode."""

    def setUp(self):
        self.r = Runner(self.mode)
        self.addCleanup(self.r.close)

    def test_hello(self):
        names = [t["name"] for t in self.r.hello["types"]]
        self.assertEqual((self.r.hello["version"], self.r.hello["concurrent"], names[0]), (1, 1, "pid"))

    def test_output_and_threads(self):
        self.assertEqual(self.r.run("pid")["output"]["threads"], "3")

    def test_log_takes_everything(self):
        self.assertNotIn("error", self.r.run("noise"))
        with open(self.r.log) as f:
            self.assertEqual(sorted(f.read().split("\n")), sorted(["printed", "logged", "written", "by a child", "to stderr", ""]))

    def test_log_is_bounded(self):
        self.assertNotIn("error", self.r.run("flood"))
        with open(self.r.log) as f:
            text = f.read()
        self.assertLess(len(text), (1 << 20) + 200)
        self.assertIn("bytes more were printed", text)

    def test_cancel(self):
        key = self.r.start("waits")
        self.assertIn("progress", self.r.read())
        self.r.write(cancel={"key": "99.1"})
        self.r.write(cancel={"key": key})
        self.assertEqual(self.r.done()["error"]["reason"], "Cancelled")
        self.assertNotIn("error", self.r.run("pid"))

    def test_cancel_that_comes_with_its_run(self):
        run = {"run": {"key": "50.1", "type": "waits", "device": "cpu", "threads": 1}}
        self.r.process.stdin.write((json.dumps(run) + "\n" + json.dumps({"cancel": {"key": "50.1"}}) + "\n").encode())
        self.r.process.stdin.flush()
        self.assertEqual(self.r.done()["error"]["reason"], "Cancelled")

    def test_environment_is_the_jobs_alone(self):
        self.assertEqual(self.r.run("env", env={"MINE": "1"})["output"], "1")
        self.assertNotIn("output", self.r.run("env"))

    def test_failures(self):
        for how, reason, message, extra in (
            ("value", "ExitCode", "ValueError: seven", {"exit_code": 1, "retryable": True}),
            ("failed", "WrongResult", "it is wrong", {"retryable": True, "poisoned": True}),
            ("exit", "ExitCode", "sys.exit(4)", {"exit_code": 4}),
            ("nan", "RunnerFailed", "no JSON", {}),
            ("object", "RunnerFailed", "no JSON", {}),
            ("large", "RunnerFailed", "write large results to files", {}),
            ("memory", "HostOOM", "no more", {"poisoned": True}),
        ):
            with self.subTest(how=how):
                error = self.r.run("fails", how=how)["error"]
                self.assertEqual(error["reason"], reason)
                self.assertIn(message, error["message"])
                self.assertLessEqual(extra.items(), error.items())
        self.r.run("fails", how="value")
        with open(self.r.log) as f:
            trace = f.read()
        self.assertIn("seven", trace)
        self.assertNotIn("turno_runner.py", trace)

    def test_files(self):
        self.r.run("saves", n=7)
        with open(os.path.join(self.r.folder, "n.txt")) as f:
            self.assertEqual(f.read(), "7")

    def test_lifeline(self):
        self.r.start("waits")
        self.r.read()
        self.r.process.stdin.close()
        self.assertEqual(self.r.done()["error"]["reason"], "Cancelled")
        self.assertEqual(self.r.process.wait(10), 0)


class TestWarm(Served, unittest.TestCase):
    mode = "warm"

    def test_one_process(self):
        pids = {self.r.run("pid")["output"]["pid"] for _ in range(5)}
        self.assertEqual(pids, {self.r.process.pid})


class TestZygote(Served, unittest.TestCase):
    mode = "zygote"

    def test_a_process_each(self):
        pids = {self.r.run("pid")["output"]["pid"] for _ in range(5)}
        self.assertEqual(len(pids), 5)

    def test_a_killed_job_is_told(self):
        error = self.r.run("fails", how="kill")["error"]
        self.assertIn("SIGKILL", error["message"])
        self.assertNotIn("error", self.r.run("pid"))


# A torch for tests, SIMULATED: it computes nothing. Files in its folder say what its device does.
FAKE_TORCH = """
import os
HERE = os.path.dirname(os.path.abspath(__file__))
_begun = os.path.exists(os.path.join(HERE, "begins_at_import"))

class cuda:
    class OutOfMemoryError(RuntimeError): pass
    @staticmethod
    def is_initialized(): return _begun
    @staticmethod
    def begin():
        global _begun
        _begun = True
    @staticmethod
    def synchronize():
        if os.path.exists(os.path.join(HERE, "faults")):
            raise RuntimeError("CUDA error: an illegal memory access was encountered")
    held = cached = emptied = 0
    @classmethod
    def memory_allocated(cls): return cls.held
    @classmethod
    def memory_reserved(cls): return cls.held + cls.cached
    @classmethod
    def empty_cache(cls): cls.cached, cls.emptied = 0, cls.emptied + 1

def get_num_threads(): return 3
"""

GPU_SCRIPT = """
import os, torch
import turno_runner as turno

@turno.job(devices=("cpu", "gpu"))
def use(job, leaves: int = 0, caches: int = 0, how: str = ""):
    if job.device == "gpu": torch.cuda.begin()
    torch.cuda.held += leaves
    torch.cuda.cached += caches
    if how == "oom": raise torch.cuda.OutOfMemoryError("CUDA out of memory. Tried to allocate 2 GiB")
    if how == "chained":
        try: raise RuntimeError("CUDA error: device-side assert triggered")
        except RuntimeError as e: raise ValueError("my own words") from e
    if how == "swallowed":
        open(os.path.join(torch.HERE, "faults"), "w").close()
    return {"emptied": torch.cuda.emptied, "cached": torch.cuda.cached, "pid": os.getpid()}

turno.serve()
"""


class TestDevice(unittest.TestCase):
    """What a runner does about a GPU, on a SIMULATED torch."""

    def begin(self, mode="warm", **files):
        r = Runner(mode, GPU_SCRIPT, {"torch.py": FAKE_TORCH, **files}, {"TURNO_RUNNER_GPU_GROWTH": str(100 << 20)})
        if r.hello:
            self.addCleanup(r.close)
        return r

    def test_faults_are_the_jobs_own(self):
        for how, reason in (("oom", "GpuOOM"), ("chained", "GpuFault"), ("swallowed", "GpuFault")):
            with self.subTest(how=how):
                error = self.begin().run("use", device="gpu", how=how)["error"]
                self.assertEqual((error["reason"], error["poisoned"], error["retryable"]), (reason, True, True))

    def test_a_job_on_the_cpu_begins_no_cuda(self):
        done = self.begin(faults="").run("use", device="cpu")
        self.assertNotIn("error", done)

    def test_memory_that_grows(self):
        r = self.begin()
        self.assertNotIn("spent", r.run("use", device="gpu", leaves=500 << 20))  # a model that stays loaded
        self.assertNotIn("spent", r.run("use", device="gpu", leaves=60 << 20))
        self.assertIn("120 MiB more", r.run("use", device="gpu", leaves=60 << 20)["spent"])

    def test_cache_goes_back(self):
        r = self.begin()
        r.run("use", device="gpu", caches=10 << 20)
        self.assertEqual(r.run("use", device="gpu")["output"]["cached"], 10 << 20)  # small: kept for the next job
        r.run("use", device="gpu", caches=900 << 20)
        self.assertEqual(r.run("use", device="gpu")["output"]["cached"], 0)

    def test_zygote_begins_no_cuda(self):
        r = self.begin("zygote")
        pids = {r.run("use", device="gpu", leaves=500 << 20)["output"]["pid"] for _ in range(3)}
        self.assertEqual(len(pids), 3)
        refused = self.begin("zygote", begins_at_import="")
        self.assertIsNone(refused.hello)
        self.assertIn("began CUDA while it was imported", refused.process.communicate(timeout=30)[1].decode())


class TestByHand(unittest.TestCase):
    def call(self, *words):
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "r.py")
            with open(path, "w") as f:
                f.write(SCRIPT)
            return subprocess.run([sys.executable, path, *words], env={**os.environ, "PYTHONPATH": HERE}, capture_output=True, text=True)

    def test_try(self):
        done = self.call("--try", "pid")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("pid", json.loads(done.stdout))
        self.assertIn("loads m", done.stderr)

    def test_mistakes(self):
        for words, code, said in ((("--try", "none"), 2, "there are pid"), (("--try", "pid", "{"), 2, "no JSON"), (("--try", "pid", '{"x":1}'), 1, "no parameter"),
                                  (("--what",), 2, "--list")):
            with self.subTest(words=words):
                done = self.call(*words)
                self.assertEqual(done.returncode, code)
                self.assertIn(said, done.stderr)

    def test_list(self):
        self.assertIn("fails", json.loads(self.call("--list").stdout))


class TestSource(unittest.TestCase):
    def test_reads_as_python_3_9(self):
        import ast
        for name in sorted(os.listdir(HERE)):
            if name.endswith(".py"):
                with open(os.path.join(HERE, name)) as f:
                    ast.parse(f.read(), name, feature_version=(3, 9))


if __name__ == "__main__":
    unittest.main()
