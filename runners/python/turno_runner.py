"""Your own types of jobs for turno, in Python 3.9 or later, with nothing but this file.

    import turno_runner as turno

    @turno.warm
    def model():
        return load_my_model()                 # once for each process, not for each job

    @turno.job
    def classify(job, text: str, top: int = 3) -> dict:
        "Says what a text is about."
        return model().classify(text, top)

    turno.serve()

Try it without turno:  python3 my_runner.py --try classify '{"text": "hello"}'
Let a worker run it:   turno up --runner 'mine=python3 my_runner.py'

A job's function gets its parameters by name; their type hints become the JSON Schema by which turno checks a job when it is
submitted. A first parameter called job gets a Job: progress, cancel, folder. What the function returns is the job's output.
What it prints goes to the job's log. docs/python.md says more.

This file is the runner's end of turno's runner protocol: JSON, one object a line, on standard input and output.
"""

import collections
import collections.abc
import contextlib
import dataclasses
import enum
import functools
import gc
import inspect
import io
import json
import math
import os
import queue
import selectors
import signal
import sys
import threading
import time
import traceback
import typing

__all__ = ["job", "warm", "serve", "gpus_here", "Job", "Between", "Failed", "Cancelled", "log"]

PROTOCOL = 1
MAX_LINE = 4 << 20  # of the protocol, either way
MAX_OUTPUT = MAX_LINE - 4096
MAX_LOG = 100 << 20  # of one job's output; turno keeps no more
PROGRESS_GAP = 0.1  # seconds between two that are sent: a bar needs no more
GPU_GROWTH = 1 << 30  # bytes that jobs may leave on a device in one process, beyond what the first left: a model that stays loaded
KEEP_CACHED = 64 << 20  # bytes that PyTorch may keep between two jobs: small ones then allocate nothing
DRAIN = 4.0  # seconds that a job has to end once its worker is gone


class Cancelled(BaseException):
    """Raised by Job.progress and Job.check in a job that is to end. It is no Exception: "except Exception" lets it pass."""


class Failed(Exception):
    """Raise it for a failure with a meaning.

    reason is a word of turno's, such as SetupFailed, WrongResult or GpuOOM. A retryable failure may be tried again, if the job
    has retries. poisoned says that this process must not be used again.
    """

    def __init__(self, message, reason="SetupFailed", retryable=False, poisoned=False, exit_code=0):
        super().__init__(message)
        self.reason, self.retryable, self.poisoned, self.exit_code = reason, retryable, poisoned, exit_code


class Between:
    """Bounds of a number, or of a text's or a list's length: n: Annotated[int, Between(1, 100)]."""

    def __init__(self, low=None, high=None):
        self.low, self.high = low, high


# ---- types ----


class _Type:
    """One type of job: a function and what is known from its signature."""

    def __init__(self, function, name, summary, devices, schema):
        self.function, self.name, self.devices = function, name, devices
        self.summary = summary or (inspect.getdoc(function) or name).splitlines()[0]
        parameters = list(inspect.signature(function).parameters.values())
        self.wants_job = bool(parameters) and parameters[0].name == "job"
        self.parameters = parameters[1:] if self.wants_job else parameters
        self.hints = typing.get_type_hints(function, include_extras=True)
        self.schema = schema or self._schema()

    def _schema(self):
        properties, required = {}, []
        for p in self.parameters:
            if p.kind in (p.VAR_POSITIONAL, p.VAR_KEYWORD):
                raise TypeError(f"{self.name}: *{p.name} cannot be a job's parameter: give each one a name")
            where = f"{self.name}: parameter {p.name}"
            properties[p.name] = schema_of(self.hints.get(p.name, typing.Any), where)
            if p.default is p.empty:
                required.append(p.name)
            else:
                default = _plain(p.default)
                json.dumps(default, allow_nan=False)
                properties[p.name]["default"] = default
        schema = {
            "$schema": "https://json-schema.org/draft/2020-12/schema", "title": self.name, "description": self.summary,
            "type": "object", "additionalProperties": False, "properties": properties,
        }
        if required:
            schema["required"] = required
        return schema

    def arguments(self, params):
        """Turns parameters into what the hints say. turno has checked them, but a schema of one's own may be looser."""
        known = {p.name: p for p in self.parameters}
        for name in params:
            if name not in known:
                raise Failed(f"{self.name} has no parameter {name!r}; it has {', '.join(known) or 'none'}")
        arguments = {}
        for name, p in known.items():
            if name in params:
                arguments[name] = _convert(params[name], self.hints.get(name, typing.Any), name)
            elif p.default is p.empty:
                raise Failed(f"parameter {name} must be given")
        return arguments


_types = {}


def job(function=None, *, name=None, summary=None, devices=("cpu",), schema=None):
    """Makes a function a type of job: @turno.job, or @turno.job(name="resize", devices=("cpu", "gpu")).

    schema replaces the JSON Schema that is made from the type hints. devices are those it runs on: cpu, gpu.
    """
    if function is None:
        return functools.partial(job, name=name, summary=summary, devices=devices, schema=schema)
    name = name or function.__name__
    if name in _types:
        raise TypeError(f"two types of job are called {name}")
    _types[name] = _Type(function, name, summary, list(devices), schema)
    return function


def warm(function):
    """Makes a function return the same value each time, for the same arguments: it is called once for each process.

    In zygote and cold mode each job has a process of its own, and so calls it anew.
    """
    return functools.lru_cache(maxsize=None)(function)


def schema_of(hint, where="a value"):
    """The JSON Schema of a type hint."""
    if hint is typing.Any or hint is inspect.Parameter.empty:
        return {}
    plain = {int: "integer", float: "number", bool: "boolean", str: "string", dict: "object", list: "array", type(None): "null"}
    if hint in plain:
        return {"type": plain[hint]}
    origin, of = typing.get_origin(hint), typing.get_args(hint)
    if origin is getattr(typing, "Annotated", None):
        return _annotated(schema_of(of[0], where), of[1:])
    if origin is typing.Literal:
        return {"enum": list(of)}
    if origin is typing.Union or type(hint).__name__ == "UnionType":
        return _union([schema_of(x, where) for x in of])
    if origin in (list, tuple, collections.abc.Sequence):
        if origin is tuple and of[-1:] != (Ellipsis,):
            return {"type": "array", "prefixItems": [schema_of(x, where) for x in of], "minItems": len(of), "maxItems": len(of)}
        return {"type": "array", "items": schema_of(of[0], where) if of else {}}
    if origin in (dict, collections.abc.Mapping):
        if of and of[0] is not str:
            raise TypeError(f"{where}: the keys of a dict are texts in JSON: use dict[str, …]")
        return {"type": "object", "additionalProperties": schema_of(of[1], where) if of else {}}
    if inspect.isclass(hint) and issubclass(hint, enum.Enum):
        return {"enum": [x.value for x in hint]}
    if dataclasses.is_dataclass(hint):
        return _dataclass(hint, where)
    raise TypeError(f"{where}: {hint!r} has no JSON Schema: use int, float, bool, str, Literal, Optional, list, dict, Enum or a dataclass")


def _annotated(schema, notes):
    for note in notes:
        if isinstance(note, str):
            schema["description"] = note
        elif isinstance(note, Between):
            low, high = {"string": ("minLength", "maxLength"), "array": ("minItems", "maxItems")}.get(
                schema.get("type"), ("minimum", "maximum"))
            if note.low is not None:
                schema[low] = note.low
            if note.high is not None:
                schema[high] = note.high
    return schema


def _union(options):
    """Keeps "type": [a, null] where it can: people and forms read that more easily than anyOf."""
    if all(set(o) == {"type"} for o in options):
        return {"type": [o["type"] for o in options]}
    return {"anyOf": options}


def _dataclass(hint, where):
    hints = typing.get_type_hints(hint, include_extras=True)
    properties, required = {}, []
    for f in dataclasses.fields(hint):
        properties[f.name] = schema_of(hints[f.name], f"{where}.{f.name}")
        if f.default is not dataclasses.MISSING:
            properties[f.name]["default"] = _plain(f.default)
        elif f.default_factory is dataclasses.MISSING:
            required.append(f.name)
    schema = {"type": "object", "additionalProperties": False, "properties": properties}
    if required:
        schema["required"] = required
    return schema


def _convert(value, hint, where):
    """Makes of JSON what the hint says, and refuses what is none of it."""
    origin, of = typing.get_origin(hint), typing.get_args(hint)
    if origin is getattr(typing, "Annotated", None):
        value = _convert(value, of[0], where)
        for note in of[1:]:
            if isinstance(note, Between):
                size = value if isinstance(value, (int, float)) else len(value) if hasattr(value, "__len__") else None
                if size is not None and not ((note.low is None or size >= note.low) and (note.high is None or size <= note.high)):
                    raise Failed(f"{where}: {value!r}: use {note.low} to {note.high}")
        return value
    if origin is typing.Union or type(hint).__name__ == "UnionType":
        for option in of:
            with contextlib.suppress(Failed):
                return _convert(value, option, where)
        raise Failed(f"{where}: {value!r} is none of {', '.join(_name(x) for x in of)}")
    if origin is typing.Literal:
        if value not in of:
            raise Failed(f"{where}: {value!r} is none of {', '.join(repr(x) for x in of)}")
        return value
    if inspect.isclass(hint) and issubclass(hint, enum.Enum):
        try:
            return hint(value)
        except ValueError:
            raise Failed(f"{where}: {value!r} is none of {', '.join(repr(x.value) for x in hint)}") from None
    if dataclasses.is_dataclass(hint) and isinstance(value, dict):
        hints = typing.get_type_hints(hint, include_extras=True)
        unknown = set(value) - {f.name for f in dataclasses.fields(hint)}
        if unknown:
            raise Failed(f"{where} has no {sorted(unknown)[0]!r}")
        try:
            return hint(**{k: _convert(v, hints[k], f"{where}.{k}") for k, v in value.items()})
        except TypeError as e:
            raise Failed(f"{where}: {e}") from None
    if origin in (list, tuple, collections.abc.Sequence) and isinstance(value, list):
        if origin is tuple and of[-1:] != (Ellipsis,):
            return tuple(_convert(v, h, f"{where}[{i}]") for i, (v, h) in enumerate(zip(value, of)))
        items = [_convert(v, of[0], f"{where}[{i}]") for i, v in enumerate(value)] if of else value
        return tuple(items) if origin is tuple else items
    if origin in (dict, collections.abc.Mapping) and isinstance(value, dict):
        return {k: _convert(v, of[1], f"{where}.{k}") for k, v in value.items()} if of else value
    return _scalar(value, hint, origin, where)


def _scalar(value, hint, origin, where):
    kind = origin or hint
    if kind is float and type(value) is int:
        return float(value)
    if kind is int and type(value) is float and value.is_integer():
        return int(value)
    right = {int: (int,), float: (float,), bool: (bool,), str: (str,), dict: (dict,), list: (list,), type(None): (type(None),)}.get(kind)
    if right is not None and (not isinstance(value, right) or (kind is int and isinstance(value, bool))):
        raise Failed(f"{where}: {value!r} is not {_name(hint)}")
    return value


def _name(hint):
    return getattr(hint, "__name__", None) or str(hint)


def _plain(value):
    """Makes JSON of dataclasses, enums, paths, and numbers and arrays of numpy and torch."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {f.name: _plain(getattr(value, f.name)) for f in dataclasses.fields(value)}
    if isinstance(value, enum.Enum):
        return value.value
    if isinstance(value, dict):
        return {str(k.value if isinstance(k, enum.Enum) else k): _plain(v) for k, v in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [_plain(v) for v in value]
    if isinstance(value, os.PathLike):
        return os.fspath(value)
    if hasattr(value, "tolist"):
        return value.tolist()
    return value


# ---- a job ----


class Job:
    """One run, given to a function whose first parameter is called job."""

    def __init__(self, request, tell, cancelled=None):
        self.key = request.get("key", "")  # job number and attempt: 42.1
        self.type = request.get("type", "")
        self.device = request.get("device", "cpu")  # cpu or gpu
        self.gpu = request.get("gpu", "")  # its UUID
        self.threads = max(1, int(request.get("threads", 1)))  # how many the job's CPUs are good for
        self.env = request.get("env") or {}
        self.output_dir = request.get("dir", "")  # files written here are kept as the job's artefacts
        self.input_dir = request.get("inputs", "")  # folder of the job's input files; "": it has none
        self.checkpoint_dir = request.get("ckpt_dir", "")  # files written here are there again in the job's next attempt; "": there is none
        self._tell, self._cancel = tell, cancelled or threading.Event()
        self._sent, self._most = -math.inf, 0.0

    @property
    def cancelled(self):
        """Whether the job is to end. Look at it, or let progress and check raise Cancelled."""
        return self._cancel.is_set()

    def check(self):
        """Raises Cancelled in a job that is to end."""
        if self._cancel.is_set():
            raise Cancelled()

    def progress(self, fraction=None, message="", **values):
        """Tells how far the job is: 0 to 1, None when that is not known; numbers by name go along. Call it as often as you
        like: ten a second are sent. Raises Cancelled in a job that is to end."""
        self.check()
        if fraction is not None:
            fraction = float(fraction)
            if not 0 <= fraction <= 1:  # also NaN
                raise ValueError(f"progress {fraction}: use 0 to 1, or None when it is not known")
            self._most = fraction = max(self._most, fraction)
        now = time.monotonic()
        if now - self._sent < PROGRESS_GAP and fraction != 1:
            return
        self._sent = now
        said = {"key": self.key, "fraction": -1 if fraction is None else fraction}
        if message:
            said["message"] = str(message)[:1000]
        numbers = {k: float(v) for k, v in values.items() if math.isfinite(float(v))}
        if numbers:
            said["values"] = numbers
        self._tell(progress=said)


def log(*words):
    """Prints to the job's log at once."""
    print(*words, flush=True)


class _Log:
    """Where standard output and error of this process go: the job's log, up to MAX_LOG, or the worker's.

    Both descriptors are turned, so that what C code and child processes print goes there too; what Python prints is counted.
    """

    def __init__(self):
        self.home = os.dup(2)
        self.left, self.dropped = math.inf, 0
        sys.stdout = self._stream(1)
        sys.stderr = self._stream(2)

    def _stream(self, fd):
        raw = _Raw(self, fd)
        return io.TextIOWrapper(io.BufferedWriter(raw, 64 << 10), encoding="utf-8", errors="backslashreplace", line_buffering=True)

    def to(self, path):
        """Turns the output to a file; to the worker's log for an empty path."""
        for stream in (sys.stdout, sys.stderr):
            with contextlib.suppress(Exception):
                stream.flush()
        if not path:
            if self.dropped:
                os.write(1, f"\n… {self.dropped} bytes more were printed and not kept\n".encode())
            os.dup2(self.home, 1)
            os.dup2(self.home, 2)
            self.left, self.dropped = math.inf, 0
            return
        fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        os.dup2(fd, 1)
        os.dup2(fd, 2)
        os.close(fd)
        self.left, self.dropped = MAX_LOG, 0


class _Raw(io.RawIOBase):
    def __init__(self, log, fd):
        super().__init__()
        self.log, self.fd = log, fd

    def writable(self):
        return True

    def fileno(self):
        return self.fd

    def isatty(self):
        return os.isatty(self.fd)

    def write(self, data):
        size = len(data)
        keep = int(min(size, self.log.left))
        if keep:
            view = memoryview(data)[:keep]
            while view:
                try:
                    view = view[os.write(self.fd, view):]
                except OSError:  # a full disk must not fail a job that only prints
                    break
        self.log.left -= keep
        self.log.dropped += size - keep
        return size


# ---- running ----


def _fault(error):
    """The protocol's error for an exception."""
    if isinstance(error, Cancelled):
        return {"reason": "Cancelled", "message": "cancelled"}
    if isinstance(error, Failed):
        fault = {"reason": error.reason, "message": str(error)}
        for key in ("retryable", "poisoned", "exit_code"):
            if getattr(error, key):
                fault[key] = getattr(error, key)
        return fault
    if isinstance(error, SystemExit):
        code = error.code if isinstance(error.code, int) else 0 if error.code is None else 1
        text = f"it called sys.exit({error.code!r})"
        return {"reason": "ExitCode", "message": text, "exit_code": code or 1, "retryable": True}
    name, text = type(error).__name__, str(error)
    message = (f"{name}: {text}" if text else name)[:8000] + "; the traceback is in the job's log"
    if isinstance(error, MemoryError):
        return {"reason": "HostOOM", "message": message, "retryable": True, "poisoned": True}
    device = _device_reason(error)
    if device:
        return {"reason": device, "message": message, "retryable": True, "poisoned": True}
    return {"reason": "ExitCode", "message": message, "exit_code": 1, "retryable": True}


GPU_MEMORY = ("CUDA out of memory", "CUBLAS_STATUS_ALLOC_FAILED", "cudaErrorMemoryAllocation", "out of memory on device")
GPU_FAULT = ("CUDA error", "CUDA driver error", "CUBLAS_STATUS", "CUDNN_STATUS", "cuDNN error", "CUSOLVER_STATUS", "NCCL error",
             "device-side assert", "an illegal memory access", "unspecified launch failure")


def _device_reason(error):
    """GpuOOM or GpuFault for an exception that the device is to blame for, or that one was raised from; else None."""
    seen = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        name, text = type(error).__name__, str(error)
        if name == "OutOfMemoryError" or any(x in text for x in GPU_MEMORY):
            return "GpuOOM"
        if name == "AcceleratorError" or any(x in text for x in GPU_FAULT):
            return "GpuFault"
        error = error.__cause__ or error.__context__
    return None


def _cuda():
    """PyTorch's CUDA, if this process has begun to use it; None otherwise: nothing here begins it."""
    torch = sys.modules.get("torch")
    cuda = getattr(torch, "cuda", None)
    with contextlib.suppress(Exception):
        if cuda is not None and cuda.is_initialized():
            return cuda
    return None


class _DeviceMemory:
    """What PyTorch holds on the device from job to job."""

    def __init__(self, most):
        self.most, self.first = most, None  # bytes by which it may grow after the first job; what that left

    def settle(self):
        """Waits for the device, so that a fault comes out in the job that made it, gives back what PyTorch keeps
        cached, and says why this process should be replaced, if it should."""
        cuda = _cuda()
        if cuda is None:
            return ""
        cuda.synchronize()
        if self.first is not None and cuda.memory_allocated() > self.first:
            gc.collect()
        held = cuda.memory_allocated()
        if cuda.memory_reserved() - held > KEEP_CACHED:
            cuda.empty_cache()
        if self.first is None:
            self.first = held
        if self.most and held - self.first > self.most:
            return f"its jobs have left {held - self.first >> 20} MiB more on the device than the first one did"
        return ""


def _threads(n):
    """Lets the libraries that are loaded use as many threads as the job has CPUs. PyTorch on its own takes 1 on 2 cores."""
    for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
        os.environ[name] = str(n)
    torch = sys.modules.get("torch")
    if torch is not None and hasattr(torch, "set_num_threads") and torch.get_num_threads() != n:
        torch.set_num_threads(n)


def _call(kind, job, params):
    """Runs the function, and returns the output's JSON."""
    _threads(job.threads)
    arguments = kind.arguments(params)
    value = kind.function(job, **arguments) if kind.wants_job else kind.function(**arguments)
    if value is None:
        return None
    try:
        text = json.dumps(value, default=_plain, allow_nan=False, ensure_ascii=False)
    except (TypeError, ValueError) as e:
        try:
            text = json.dumps(_plain(value), allow_nan=False, ensure_ascii=False)
        except (TypeError, ValueError):
            raise Failed(f"the output is no JSON: {e}", reason="RunnerFailed") from None
    if len(text) * 4 > MAX_OUTPUT and len(text.encode()) > MAX_OUTPUT:
        raise Failed(f"the output has {len(text)} characters; at most {MAX_OUTPUT} bytes are taken: write large results to files "
                     "in job.output_dir", reason="RunnerFailed")
    return text


def _run(request, tell, out, cancelled, memory=None):
    """One run from its request to its done. Returns whether this process may be used again."""
    spent = ""
    job = Job(request, tell, cancelled)
    kind = _types.get(job.type)
    text, fault = None, None
    environment = dict(os.environ) if job.env else None
    try:
        out.to(request.get("log", ""))
        os.environ.update(job.env)
        if kind is None:
            raise Failed(f"this runner has no type {job.type!r}", reason="RunnerFailed")
        try:
            text = _call(kind, job, request.get("params") or {})
        finally:
            if memory is not None and job.device == "gpu":
                spent = memory.settle()
        if cancelled.is_set() and text is None:
            raise Cancelled()
    except BaseException as e:  # also SystemExit: it is the job that ends
        if not isinstance(e, (Cancelled, Failed, SystemExit)):
            traceback.print_exception(type(e), e, _without_us(e.__traceback__))
        fault = _fault(e)
    finally:
        if environment is not None:
            os.environ.clear()
            os.environ.update(environment)
        with contextlib.suppress(OSError):
            out.to("")
    if fault is None:
        tell.line('{"done":{"key":' + json.dumps(job.key) + (',"output":' + text if text is not None else "")
                  + (',"spent":' + json.dumps(spent) if spent else "") + "}}")
        return True
    tell(done={"key": job.key, "error": fault})
    return not fault.get("poisoned")


def _without_us(trace):
    while trace is not None and trace.tb_frame.f_code.co_filename == __file__:
        trace = trace.tb_next
    return trace


class _Tell:
    """Writes events, one line each, from any thread."""

    def __init__(self, fd):
        self.fd, self.lock = fd, threading.Lock()

    def __call__(self, **event):
        self.line(json.dumps(event, ensure_ascii=False, separators=(",", ":")))

    def line(self, text):
        data = memoryview((text + "\n").encode("utf-8", "backslashreplace"))
        with self.lock:
            while data:
                data = data[os.write(self.fd, data):]


def _hello(tell, name):
    types = [{"name": t.name, "summary": t.summary, "devices": t.devices, "schema": t.schema} for t in _types.values()]
    tell(hello={"version": PROTOCOL, "name": name, "concurrent": 1, "types": types})


def _lines(fd):
    """Lines of a descriptor, without reading ahead of what is there."""
    rest = b""
    while True:
        data = os.read(fd, 1 << 16)
        if not data:
            return
        *whole, rest = (rest + data).split(b"\n")
        yield from whole


def _serve_warm(fd, tell, out):
    """Runs jobs in this thread, one after the other; another one reads, so that a cancel is heard while a job runs."""
    todo, running = queue.SimpleQueue(), {}
    memory = _DeviceMemory(int(os.environ.get("TURNO_RUNNER_GPU_GROWTH", GPU_GROWTH)))

    def listen():
        for line in _lines(fd):
            request = json.loads(line)
            if "run" in request:
                running[request["run"]["key"]] = threading.Event()
                todo.put(request["run"])
            elif "cancel" in request:
                event = running.get(request["cancel"].get("key"))
                if event is not None:
                    event.set()

    def read():
        try:
            listen()
        except Exception:
            traceback.print_exc()  # what comes is not the protocol: as good as gone
        for event in list(running.values()):
            event.set()
        todo.put(None)
        if running:
            time.sleep(DRAIN)
            os._exit(3)  # the worker is gone, and the job does not look

    threading.Thread(target=read, daemon=True, name="turno").start()
    while True:
        request = todo.get()
        if request is None:
            return
        _run(request, tell, out, running[request["key"]], memory)
        running.pop(request["key"], None)


def gpus_here():
    """Whether this machine shows a GPU to this process, without beginning CUDA: a zygote must not, since a fork of a process
    with a CUDA context cannot use the device."""
    visible = os.environ.get("CUDA_VISIBLE_DEVICES")
    if visible is not None and visible.strip() in ("", "-1", "NoDevFiles"):
        return False
    return any(os.path.exists(p) for p in ("/dev/nvidia0", "/dev/nvidiactl", "/dev/dxg"))


def _serve_zygote(fd, tell, out):
    """Forks a process for each job from this one, which has only imported: it has no thread, no BLAS and no CUDA of its own
    that a fork could break."""
    lines = _Buffer(fd)
    while True:
        line = lines.next()
        if line is None:
            return
        request = json.loads(line)
        if "run" in request:
            _fork(request["run"], lines, tell, out)


class _Buffer:
    """Lines of a descriptor for one that also waits for another."""

    def __init__(self, fd):
        self.fd, self.lines, self.rest, self.ended = fd, collections.deque(), b"", False

    def fill(self):
        data = os.read(self.fd, 1 << 16)
        self.ended = not data
        *whole, self.rest = (self.rest + data).split(b"\n")
        self.lines.extend(whole)

    def next(self):
        while not self.lines and not self.ended:
            self.fill()
        return self.lines.popleft() if self.lines else None


def _fork(request, lines, tell, out):
    down, up = os.pipe(), os.pipe()  # cancels to the child, events from it
    pid = os.fork()
    if pid == 0:
        try:
            os.close(down[1])
            os.close(up[0])
            os.close(lines.fd)
            os.close(tell.fd)
            cancelled = threading.Event()
            threading.Thread(target=_hear, args=(down[0], cancelled), daemon=True).start()
            _run(request, _Tell(up[1]), out, cancelled, _DeviceMemory(0))
        finally:
            os._exit(0)
    os.close(down[0])
    os.close(up[1])
    said = _relay(request["key"], pid, lines, down[1], _Buffer(up[0]), tell)
    os.close(down[1])
    os.close(up[0])
    _, status = os.waitpid(pid, 0)
    if not said:
        how = f"signal {signal.Signals(-code).name}" if (code := os.waitstatus_to_exitcode(status)) < 0 else f"exit status {code}"
        tell(done={"key": request["key"], "error": {"reason": "RunnerFailed", "retryable": True,
                                                    "message": f"the process of the job ended under it ({how})"}})


def _hear(fd, cancelled):
    """In a forked process: any word is a cancel; when the zygote is gone, so is the reason to live."""
    if os.read(fd, 1):
        cancelled.set()
        if os.read(fd, 1):
            return
    cancelled.set()
    time.sleep(DRAIN)
    os._exit(3)


def _relay(key, pid, lines, down, child, tell):
    """Passes events of a forked process on until it ends. Returns whether it said done."""
    said = False

    def cancels():
        for line in list(lines.lines):
            if json.loads(line).get("cancel", {}).get("key") == key:
                lines.lines.remove(line)
                with contextlib.suppress(OSError):
                    os.write(down, b"c")

    cancels()  # one may have come with the run
    with selectors.DefaultSelector() as ready:
        ready.register(child.fd, selectors.EVENT_READ)
        ready.register(lines.fd, selectors.EVENT_READ)
        while not child.ended:
            for item, _ in ready.select():
                if item.fd == child.fd:
                    child.fill()
                    while child.lines:
                        line = child.lines.popleft()
                        said = said or line.startswith(b'{"done"')
                        tell.line(line.decode())
                    continue
                lines.fill()
                if lines.ended:
                    ready.unregister(lines.fd)
                    os.close(down)
                    os.dup2(os.open(os.devnull, os.O_WRONLY), down)  # the caller closes it once more
                cancels()
    return said


def serve(name=None):
    """Runs what a worker asks for, until it is gone; or what the command line says: --try TYPE JSON, --list."""
    if not _types:
        raise TypeError("there is no type of job: put @turno.job before a function")
    if len(sys.argv) > 1 and sys.argv[1].startswith("--"):
        sys.exit(_by_hand(sys.argv[1:]))
    if os.isatty(0):
        print(_help(), file=sys.stderr)
        sys.exit(2)
    requests, events = os.dup(0), os.dup(1)
    null = os.open(os.devnull, os.O_RDONLY)
    os.dup2(null, 0)
    os.close(null)
    os.dup2(2, 1)  # a stray print never gets into the protocol
    out, tell = _Log(), _Tell(events)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # a terminal's Ctrl-C is the worker's to handle
    gc.collect()
    gc.freeze()
    mode = os.environ.get("TURNO_RUNNER_MODE", "warm")
    if mode == "zygote" and _cuda() is not None:
        print("this runner began CUDA while it was imported: a process that is forked from it could not use a GPU. Begin it in the "
              "job's function, or use the mode warm", file=sys.stderr)
        sys.exit(1)
    _hello(tell, name or "python " + ".".join(map(str, sys.version_info[:2])))
    try:
        if mode == "zygote" and hasattr(os, "fork"):
            _serve_zygote(requests, tell, out)
        else:
            _serve_warm(requests, tell, out)
    except BrokenPipeError:
        pass  # the worker is gone


# ---- by hand ----


def _help():
    me = os.path.basename(sys.argv[0])
    kinds = "\n".join(f"  {t.name:<16} {t.summary}" for t in _types.values())
    return (f"This is a runner for turno. It offers:\n{kinds}\n\n"
            f"  python3 {me} --list                     their parameters, as JSON\n"
            f"  python3 {me} --try TYPE '{{\"NAME\": …}}'   one job, here and now\n"
            f"  turno up --runner 'mine=python3 {me}'   for a worker")


def _by_hand(words):
    if words[0] == "--list":
        print(json.dumps({t.name: t.schema for t in _types.values()}, indent=2))
        return 0
    if words[0] != "--try" or len(words) not in (2, 3):
        print(_help(), file=sys.stderr)
        return 2
    kind = _types.get(words[1])
    if kind is None:
        print(f"there is no type {words[1]!r}; there are {', '.join(_types)}", file=sys.stderr)
        return 2

    def tell(progress):
        part = "" if progress["fraction"] < 0 else f"{progress['fraction']:4.0%} "
        print(part + progress.get("message", ""), json.dumps(progress["values"]) if "values" in progress else "", file=sys.stderr)

    request = {"key": "1.1", "type": words[1], "threads": os.cpu_count() or 1, "dir": os.getcwd()}
    try:
        params = json.loads(words[2]) if len(words) == 3 else {}
        began = time.perf_counter()
        with contextlib.redirect_stdout(sys.stderr):  # the result alone goes to standard output
            text = _call(kind, Job(request, tell), params)
    except json.JSONDecodeError as e:
        print(f"the parameters are no JSON: {e}", file=sys.stderr)
        return 2
    except Failed as e:
        print(f"{e.reason}: {e}", file=sys.stderr)
        return 1
    print(f"took {time.perf_counter() - began:.3f} s", file=sys.stderr)
    print(text)
    return 0
