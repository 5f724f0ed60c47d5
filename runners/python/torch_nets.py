"""The nets of torch_workloads.py: train and infer, and what all of its workloads share: random numbers, phases, outcomes.

Models are the safetensors files of turno's native train, in both directions: docs/python.md and internal/workload/model say what
they hold. First weights and the order of samples are the native ones' too, so that both engines train alike, to rounding.
"""

import csv
import gzip
import hashlib
import json
import math
import os
import struct
import subprocess
import tempfile
import time
from typing import Annotated, List, Literal, Optional

import numpy as np
import torch
import torch.nn.functional as F

import turno_runner as turno

# Convolutions in float32 are float32: PyTorch takes tf32 for them by itself. This begins no CUDA.
torch.backends.cudnn.allow_tf32 = False

GOLDEN = 0x9E3779B97F4A7C15  # 2^64 divided by the golden ratio, odd
MASK = (1 << 64) - 1


# Numbers are made some at a time: in the cache, and in memory that is not asked of the system anew for each step.
BLOCK = 1 << 14
_PLACES = np.arange(BLOCK, dtype=np.uint64) * np.uint64(GOLDEN)
_SCRATCH, _BITS = np.empty(BLOCK, np.uint64), np.empty(BLOCK, np.uint64)
_STEPS = ((np.uint64(30), np.uint64(0xBF58476D1CE4E5B9)), (np.uint64(27), np.uint64(0x94D049BB133111EB)), (np.uint64(31), None))


def _mix(z):
    """SplitMix64's finalizer, on a block of uint64, in place."""
    t = _SCRATCH[:len(z)]
    for shift, factor in _STEPS:
        np.right_shift(z, shift, out=t)
        np.bitwise_xor(z, t, out=z)
        if factor is not None:
            np.multiply(z, factor, out=z)
    return z


def _mix1(z):
    return int(_mix(np.array([z & MASK], np.uint64))[0])


def _base(seed, stream):
    return _mix1(_mix1(seed + GOLDEN) ^ _mix1(stream * GOLDEN + 1))


def _block(base, first, into):
    """The 64 random bits at the places from first on."""
    np.add(_PLACES[:len(into)], np.uint64((base + first * GOLDEN) & MASK), out=into)
    return _mix(into)


def random_bits(seed, stream, count, first=0):
    """The 64 random bits at each place: turno's workload.Random."""
    base, out = _base(seed, stream), np.empty(count, np.uint64)
    for low in range(0, count, BLOCK):
        _block(base, first + low, out[low:low + BLOCK])
    return out


def random_unit(seed, stream, count, dtype=np.float32):
    """Numbers evenly spread over [-1, 1) in steps of 2^-23."""
    base, out = _base(seed, stream), np.empty(count, dtype)
    for low in range(0, count, BLOCK):
        part = out[low:low + BLOCK]
        bits = _block(base, low, _BITS[:len(part)]).view(np.int64)
        np.right_shift(bits, 40, out=bits)
        np.multiply(bits, dtype(2.0**-23), out=part, casting="unsafe", dtype=dtype)
    return out


def checksum(values):
    """turno's workload.Checksum: the sum of every number's bits, mixed with its place."""
    values = np.ascontiguousarray(values).ravel()
    bits_of, total = values.view(np.uint32 if values.dtype == np.float32 else np.uint64), 0
    for low in range(0, len(values), BLOCK):
        part = bits_of[low:low + BLOCK]
        z = _BITS[:len(part)]
        np.add(_PLACES[:len(part)], np.uint64(low * GOLDEN & MASK), out=z)
        np.bitwise_xor(z, part, out=z)
        total += int(_mix(z).sum(dtype=np.uint64))
    return f"{total & MASK:016x}"


def device_of(job):
    return torch.device("cuda" if job.device == "gpu" else "cpu")


def engine(job):
    where = torch.cuda.get_device_name(0) if job.device == "gpu" else "cpu"
    return f"torch {torch.__version__.split('+')[0]} {where}"


class Clock:
    """What the phases of a run took. A GPU is waited for at each end."""

    def __init__(self, job):
        self.gpu, self.phases, self.last = job.device == "gpu", {}, time.perf_counter()

    def end(self, name):
        if self.gpu:
            torch.cuda.synchronize()
        now = time.perf_counter()
        seconds, self.last = now - self.last, now
        self.phases[name] = self.phases.get(name, 0.0) + seconds
        return seconds

    def seconds(self, name):
        return self.phases.get(name, 0.0)


def outcome(job, clock, method, error, tolerance, rate, unit, digest, **more):
    """The output that every workload has, or the failure of one that is wrong."""
    if not error <= tolerance:
        raise turno.Failed(f"the answer is wrong: {method}: the error is {error}, the tolerance {tolerance}", reason="WrongResult")
    out = {
        "device": job.device, "engine": engine(job), "threads": job.threads,
        "phases": [{"name": n, "seconds": s} for n, s in clock.phases.items()],
        "method": method, "verified": True, "error": error, "tolerance": tolerance, "rate": rate, "rate_unit": unit, "checksum": digest,
    }
    if job.device == "gpu":
        del out["threads"]
    out.update(more)
    turno.log(f"{job.type} with {out['engine']}, {job.threads} threads: {rate:.1f} {unit}; error {error:.3g}, tolerance {tolerance:.3g}")
    return out


# ---- samples ----

DRAWN = "digits"
LEAST_SIDE = 8  # of what is taken for a picture in a CSV
LABELS = ("label", "labels", "class", "target", "y", "digit", "species")


class Samples:
    """Samples one after the other: x [count, inputs] as read, labels, and the shape of one."""

    def __init__(self, x, labels, height, width, classes=0, names=None):
        self.x, self.labels, self.height, self.width, self.classes, self.names = x, labels, height, width, classes, names

    def part(self, at):
        return Samples(self.x[at], None if self.labels is None else self.labels[at], self.height, self.width, self.classes, self.names)


_drawn = {}  # of the last few calls: a warm runner draws them once


def draw(seed, stream, count):
    """The digits that turno draws, as its own program does."""
    key = (seed, stream, count)
    if key not in _drawn:
        program = os.environ.get("TURNO_BINARY", "turno")
        with tempfile.TemporaryDirectory() as folder:
            try:
                subprocess.run([program, "digits", "--seed", str(seed), "--stream", str(stream), "--count", str(count), folder], check=True,
                               stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
            except (OSError, subprocess.CalledProcessError) as e:
                raise turno.Failed(f"data: turno's program, which draws the digits, did not: {getattr(e, 'stderr', '') or e}") from None
            _drawn[key] = read_idx(os.path.join(folder, "images.idx"), os.path.join(folder, "labels.idx"))
        _drawn[key].classes = 10
        while len(_drawn) > 4:
            del _drawn[next(iter(_drawn))]
    return _drawn[key].part(slice(None))


def _open(path):
    try:
        with open(path, "rb") as file:
            data = file.read()
    except OSError as e:
        raise turno.Failed(f"data: {e}") from None
    return gzip.decompress(data) if data[:2] == b"\x1f\x8b" else data


def read(path, labels=None, column=None, names=None, limit=0, inputs=0):
    """A CSV or IDX file; which of them it is shows in its first bytes."""
    data = _open(path)
    if data[:2] == b"\0\0":
        return read_idx(path, labels, limit, data)
    if labels:
        raise turno.Failed(f"{path} is not an IDX file; a file of labels goes with those alone")
    return _read_csv(path, data.decode("utf-8-sig", "replace"), column, names, limit, inputs)


def _idx(path, data):
    if data[:3] != b"\0\0\x08" or not 1 <= data[3] <= 3:
        raise turno.Failed(f"{path}: begins with {data[:4].hex()}, an IDX file of bytes with 000008")
    sizes = struct.unpack(f">{data[3]}I", data[4:4 + 4 * data[3]])
    numbers = np.frombuffer(data, np.uint8, offset=4 + 4 * data[3])
    if len(numbers) < math.prod(sizes):
        raise turno.Failed(f"{path}: ends too early")
    return numbers[:math.prod(sizes)].reshape(sizes)


def read_idx(path, labels=None, limit=0, data=None):
    pictures = _idx(path, data or _open(path))
    if pictures.ndim == 1:
        raise turno.Failed(f"{path}: holds labels, not samples")
    count, height, width = (pictures.shape[0], 1, pictures.shape[1]) if pictures.ndim == 2 else pictures.shape
    keep = min(count, limit) if limit else count
    s = Samples(pictures[:keep].reshape(keep, -1).astype(np.float32), None, height, width)
    if labels:
        known = _idx(labels, _open(labels))
        if known.shape != (count,):
            raise turno.Failed(f"{labels}: has the sizes {list(known.shape)}, but there are {count} samples")
        s.labels = known[:keep].astype(np.int64)
        s.classes = int(s.labels.max()) + 1
    return s


def _number(cell):
    try:
        v = float(cell)
    except ValueError:
        return None
    return v if math.isfinite(v) else None


def _read_csv(path, text, column, names, limit, inputs=0):
    lines = text.split("\n", 1)[0]
    comma = max(",;\t", key=lambda c: (lines.count(c), c == ","))
    rows = [row for row in csv.reader(text.splitlines(), delimiter=comma, skipinitialspace=True) if row]
    if not rows:
        raise turno.Failed(f"{path}: holds no samples")
    header = None if any(_number(c) is not None for c in rows[0]) else [c.strip().lower() for c in rows.pop(0)]
    width = len(header or rows[0])
    at = _label_column(path, column, header, width)
    if column == "none" or (at == 0 and not column and inputs == width):
        at = -1
    rows = rows[:limit] if limit else rows
    many = width if at < 0 else width - 1
    texts, x = [], np.empty((len(rows), many), np.float32)
    for i, row in enumerate(rows):
        if len(row) != width:
            raise turno.Failed(f"{path}: sample {i + 1}: has another number of columns than the first line")
        numbers = [_number(c) for j, c in enumerate(row) if j != at]
        if None in numbers:
            raise turno.Failed(f"{path}: sample {i + 1}: {row[numbers.index(None)]!r} is not a number")
        x[i] = numbers
        texts.append(row[at].strip())
    side = math.isqrt(many)
    picture = side * side == many and side >= LEAST_SIDE and bool(np.all((x >= 0) & (x <= 255) & (x == np.trunc(x))))
    s = Samples(x, None, side if picture else 1, side if picture else many)
    if at < 0:
        return s
    numbers = [_number(t) for t in texts]
    if not names and all(n is not None and n >= 0 and n == int(n) for n in numbers):
        s.labels = np.array(numbers, np.int64)
        s.classes = int(s.labels.max()) + 1
        return s
    s.names = names or sorted(set(texts), key=lambda t: t.encode())
    place = {name: i for i, name in enumerate(s.names)}
    missing = next((t for t in texts if t not in place), None)
    if missing is not None:
        raise turno.Failed(f"{path}: the label {missing!r} is none of the model's classes")
    s.labels, s.classes = np.array([place[t] for t in texts], np.int64), len(s.names)
    return s


def _label_column(path, column, header, width):
    if header and (column or "").strip().lower() in header:
        return header.index(column.strip().lower())
    if not column:
        return next((header.index(n) for n in LABELS if header and n in header), 0)
    if column == "none":
        return -1
    if column in ("first", "last"):
        return 0 if column == "first" else width - 1
    if column.isdigit() and 1 <= int(column) <= width:
        return int(column) - 1
    raise turno.Failed(f"{path}: has no column {column!r}; there are {width}")


def _shuffled(seed, stream, count):
    """The order of Fisher and Yates by the seed."""
    order = list(range(count))
    picks = (random_bits(seed, stream, count) % np.arange(1, count + 1, dtype=np.uint64)).tolist()
    for i in range(count - 1, 0, -1):
        k = picks[i]
        order[i], order[k] = order[k], order[i]
    return np.array(order)


# ---- models ----

FORMAT = "turno.model.1"
FILE = "model.safetensors"


class Net:
    """A net of 3 by 3 convolutions with ReLU and 2 by 2 pooling, then dense layers, as internal/workload/nn."""

    def __init__(self, config, device):
        self.config, self.device = config, device
        self.weights = {}

    def shapes(self):
        c, out = self.config, {}
        channels, h, w = 1, c["height"], c["width"]
        for i, n in enumerate(c["channels"] or []):
            out[f"conv{i + 1}.weight"], out[f"conv{i + 1}.bias"] = (n, channels, 3, 3), (n,)
            channels, h, w = n, h // 2, w // 2
        inputs = channels * h * w
        for i, n in enumerate([*(c["hidden"] or []), c["classes"]]):
            out[f"fc{i + 1}.weight"], out[f"fc{i + 1}.bias"] = (n, inputs), (n,)
            inputs = n
        if inputs < 2 or any(0 in s for s in out.values()):
            raise turno.Failed("this net cannot be: its pictures are too small or it has less than two classes")
        return out

    def start(self, seed):
        """First weights by He's rule, the same as the native engine's."""
        at, shapes = 0, self.shapes()
        last = list(shapes)[-2]
        for name, shape in shapes.items():
            size = math.prod(shape)
            values = np.zeros(size, np.float32)
            if name.endswith("weight"):
                unit = (random_bits(seed, 10, 2 * size, 2 * at).view(np.int64) >> 40) * 2.0**-23
                u, v = 1 - (unit[0::2] + 1) / 2, unit[1::2]
                scale = math.sqrt((1 if name == last else 2) / math.prod(shape[1:]))
                values = (scale * np.sqrt(-2 * np.log(u)) * np.cos(np.pi * v)).astype(np.float32)
            self.weights[name] = torch.from_numpy(values.reshape(shape)).to(self.device).requires_grad_()
            at += size
        return self

    def __call__(self, x):
        w, c = self.weights, self.config
        if c["channels"]:
            x = x.view(-1, 1, c["height"], c["width"])
            for i in range(len(c["channels"])):
                x = F.max_pool2d(F.relu(F.conv2d(x, w[f"conv{i + 1}.weight"], w[f"conv{i + 1}.bias"], padding=1)), 2)
            x = x.flatten(1)
        layers = len(c["hidden"] or []) + 1
        for i in range(1, layers + 1):
            x = F.linear(x, w[f"fc{i}.weight"], w[f"fc{i}.bias"])
            x = F.relu(x) if i < layers else x
        return x

    def words(self):
        c = self.config
        parts = ["conv " + "-".join(map(str, c["channels"]))] if c["channels"] else []
        parts += ["dense " + "-".join(map(str, c["hidden"]))] if c["hidden"] else []
        return ", ".join([*parts, f"{c['classes']} classes"])

    def reference(self, x):
        """Logits by numpy in float64 with plain sums over the definition, for a few samples: nothing of torch is in it."""
        w, c = {k: v.detach().cpu().numpy().astype(np.float64) for k, v in self.weights.items()}, self.config
        x = x.astype(np.float64)
        if c["channels"]:
            x = x.reshape(len(x), 1, c["height"], c["width"])
            for i in range(len(c["channels"])):
                weight, (n, _, h, width) = w[f"conv{i + 1}.weight"], x.shape
                padded, y = np.pad(x, ((0, 0), (0, 0), (1, 1), (1, 1))), 0
                for dy in range(3):
                    for dx in range(3):
                        y = y + np.einsum("oc,nchw->nohw", weight[:, :, dy, dx], padded[:, :, dy:dy + h, dx:dx + width])
                y = np.maximum(y + w[f"conv{i + 1}.bias"][None, :, None, None], 0)
                y = y[:, :, :h // 2 * 2, :width // 2 * 2]
                x = np.maximum(np.maximum(y[:, :, 0::2, 0::2], y[:, :, 0::2, 1::2]), np.maximum(y[:, :, 1::2, 0::2], y[:, :, 1::2, 1::2]))
            x = x.reshape(len(x), -1)
        layers = len(c["hidden"] or []) + 1
        for i in range(1, layers + 1):
            x = x @ w[f"fc{i}.weight"].T + w[f"fc{i}.bias"]
            x = np.maximum(x, 0) if i < layers else x
        return x


def save(path, net, mean, scale, names, training=None, state=None):
    """Writes a model so that a crash leaves the old file or the new one. Returns its size."""
    metadata = {"format": FORMAT, "config": json.dumps(net.config, separators=(",", ":"))}
    if names:
        metadata["classes"] = json.dumps(names, ensure_ascii=False)
    if training is not None:
        metadata["training"] = json.dumps(training, allow_nan=False)
    tensors = {"input.mean": mean, "input.scale": scale, **{k: v.detach().cpu().numpy() for k, v in net.weights.items()}}
    for part, values in (state or {}).items():
        tensors.update({f"optimiser.{part}.{k}": v.detach().cpu().numpy() for k, v in values.items()})
    header, body, at = {"__metadata__": metadata}, [], 0
    for name, values in tensors.items():
        data = np.ascontiguousarray(values, dtype="<f4").tobytes()
        header[name] = {"dtype": "F32", "shape": list(values.shape), "data_offsets": [at, at + len(data)]}
        body.append(data)
        at += len(data)
    text = json.dumps(header, separators=(",", ":"), ensure_ascii=False).encode()
    text += b" " * (-len(text) % 8)
    folder = os.path.dirname(os.path.abspath(path))
    with tempfile.NamedTemporaryFile(dir=folder, prefix=".model.", delete=False) as file:
        file.write(struct.pack("<Q", len(text)) + text + b"".join(body))
        file.flush()
        os.fsync(file.fileno())
    os.replace(file.name, path)
    return 8 + len(text) + at


def load(path, device="cpu"):
    """Reads a model: its net, mean, scale, names, what it says of its training, and an optimiser's state."""
    try:
        with open(path, "rb") as file:
            data = file.read()
        size = struct.unpack("<Q", data[:8])[0]
        header = json.loads(data[8:8 + size])
        metadata = header.pop("__metadata__", {})
        if metadata.get("format") != FORMAT:
            raise ValueError(f"its format is {metadata.get('format')!r}, not {FORMAT}: it was not written by turno's train")
        tensors = {}
        for name, entry in header.items():
            low, high = entry["data_offsets"]
            kind = {"F32": "<f4", "F64": "<f8", "F16": "<f2"}[entry["dtype"]]
            tensors[name] = np.frombuffer(data[8 + size + low:8 + size + high], kind).astype(np.float32).reshape(entry["shape"])
        net = Net(json.loads(metadata["config"]), torch.device(device))
        for name, shape in net.shapes().items():
            if tensors[name].shape != shape or not np.isfinite(tensors[name]).all():
                raise ValueError(f"the tensor {name} has the shape {list(tensors[name].shape)}, not {list(shape)}, or holds what is no number")
            net.weights[name] = torch.from_numpy(tensors[name]).to(net.device).requires_grad_()
        state = {part: {k: torch.from_numpy(tensors[f"optimiser.{part}.{k}"]).to(net.device) for k in net.weights}
                 for part in ("first", "second") if f"optimiser.{part}.{next(iter(net.weights))}" in tensors}
        return net, tensors["input.mean"], tensors["input.scale"], json.loads(metadata.get("classes", "null")), json.loads(metadata.get("training", "null")), state
    except OSError as e:
        raise turno.Failed(str(e)) from None
    except (ValueError, KeyError, TypeError, struct.error) as e:
        raise turno.Failed(f"{path}: {type(e).__name__}: {e}") from None


def compare(net, x, logits, most=2e9):
    """How logits agree with the reference: samples compared, which classes it finds, the largest difference relative to the largest logit."""
    h, w, work = net.config["height"], net.config["width"], 0.0
    for shape in net.shapes().values():
        work += math.prod(shape) * (h * w if len(shape) == 4 else 1)
        h, w = (h // 2, w // 2) if len(shape) == 4 else (h, w)
    at = np.arange(0, len(x), max(1, math.ceil(len(x) * work / most)))
    found, error, largest = [], 0.0, max(1.0, float(np.abs(logits).max()))
    for low in range(0, len(at), 256):
        want = net.reference(x[at[low:low + 256]])
        error = max(error, float(np.abs(want - logits[at[low:low + 256]]).max()) / largest)
        found.append(want.argmax(1))
    return at, np.concatenate(found), error


TOLERANCE = 2e-4  # of compare: see internal/workload/model

# ---- train ----

Path = Annotated[str, turno.Between(1, 4096)]
Count = Annotated[int, turno.Between(0, 1_000_000)]
Epochs = Annotated[int, turno.Between(0, 100_000)]


def offer(devices):
    """Offers train and infer."""
    turno.job(train, devices=devices)
    turno.job(infer, devices=devices)


def find(job, ref):
    """The path of a file: absolute, one of the job's inputs, or what another job has left, which is an input then."""
    if os.path.isabs(ref):
        return ref
    if ref.startswith("job:"):
        ref = FILE
    if not job.input_dir:
        raise turno.Failed(f"{ref}: the job has no input files: send it along with --input, or give the absolute path of a file on the worker")
    path = os.path.normpath(os.path.join(job.input_dir, ref))
    if not path.startswith(os.path.join(os.path.normpath(job.input_dir), "")):
        raise turno.Failed(f"{ref} is not within the job's inputs")
    return path


Library = Annotated[Literal["auto", "cublas", "own"], "PyTorch multiplies with cuBLAS on a GPU; turno's own kernel (own) is not to be had here."]


def check_library(name):
    if name == "own":
        raise turno.Failed("library: PyTorch cannot use turno's own kernel; use auto, or --engine native")


def train(job, model: Annotated[Literal["mlp", "conv"], "Kind of net: mlp has dense layers, conv has 3 by 3 convolutions before them."] = "mlp",
          channels: Annotated[Optional[List[Annotated[int, turno.Between(1, 256)]]], "Channels of each convolution of conv; 16 and 32 when left out."] = None,
          hidden: Annotated[Optional[List[Annotated[int, turno.Between(1, 4096)]]], "Width of each hidden dense layer; when left out, 256 for mlp and 128 for conv."] = None,
          epochs: Annotated[int, turno.Between(1, 100_000), "How often training goes through all samples."] = 6,
          batch: Annotated[int, turno.Between(1, 4096), "Samples in one step."] = 64,
          optimiser: Annotated[Literal["adam", "sgd"], "How weights follow gradients."] = "adam",
          lr: Annotated[Optional[float], "Learning rate at the start; when left out, 0.001 for adam and 0.05 for sgd."] = None,
          momentum: Annotated[float, turno.Between(0, 0.9999), "Momentum of sgd."] = 0.9,
          weight_decay: Annotated[float, turno.Between(0, 1), "Part of each weight that is added to its gradient."] = 0.0,
          schedule: Annotated[Literal["cosine", "linear", "constant"], "How the learning rate goes down to 0."] = "cosine",
          seed: Annotated[int, turno.Between(0, 2**53 - 1), "Decides the digits, the first weights and the order of samples."] = 0,
          data: Annotated[Path, "digits for pictures that turno draws, or the absolute path of a CSV or IDX file on the worker."] = DRAWN,
          labels: Annotated[Optional[Path], "Absolute path of the labels, for an IDX file."] = None,
          label_column: Annotated[Optional[Path], "Of a CSV: the label's column."] = None,
          test_data: Annotated[Optional[Path], "Absolute path of a file to test on."] = None,
          test_labels: Annotated[Optional[Path], "Absolute path of the labels of test_data, for an IDX file."] = None,
          samples: Annotated[Count, "Samples to train on; 0 takes 20000 digits, or all that a file holds."] = 0,
          test_samples: Annotated[Count, "Samples to test on; 0 takes 4000 digits, all of test_data, or a fifth of data."] = 0,
          resume: Annotated[Optional[Path], "Path of a checkpoint to go on from, or job:ID for that of an earlier job."] = None,
          early_stop: Annotated[Epochs, "Stop after so many epochs in a row without a better test loss; 0 never."] = 0,
          target_accuracy: Annotated[float, turno.Between(0, 1), "Stop when the test accuracy is at least this; 0 never."] = 0.0,
          checkpoint_every: Annotated[Epochs, "Epochs between two checkpoints that a further attempt goes on from; 0 writes none before the end."] = 1,
          library: Library = "auto") -> dict:
    "trains a small neural net and saves it"
    p = dict(locals())
    del p["job"], p["library"]
    check_library(library)
    p["hidden"] = hidden if hidden is not None else [128 if model == "conv" else 256]
    p["channels"] = (channels or [16, 32]) if model == "conv" else None
    if channels and model != "conv":
        raise turno.Failed("channels: is for the model conv; the model is mlp")
    p["lr"] = lr if lr is not None else 0.001 if optimiser == "adam" else 0.05
    if not 0 < p["lr"] <= 10:
        raise turno.Failed("lr: use a number above 0, up to 10")
    return _Training(job, p).run()


class _Training:
    def __init__(self, job, p):
        self.job, self.p, self.clock, self.device = job, p, Clock(job), device_of(job)
        self.history, self.resumed, self.steps_before = [], 0, 0

    def run(self):
        self.prepare()
        self.clock.end("setup")
        stopped = self.stop()
        while len(self.history) < self.p["epochs"] and not stopped:
            self.epoch()
            stopped = self.stop()
            self.checkpoint(stopped or len(self.history) == self.p["epochs"])
        return self.finish(stopped)

    def earlier(self):
        folder = self.job.checkpoint_dir
        if folder and os.path.exists(os.path.join(folder, FILE)):
            turno.log("an earlier attempt left a checkpoint")
            return load(os.path.join(folder, FILE), self.device)
        if not self.p["resume"]:
            return None
        return load(find(self.job, self.p["resume"]), self.device)

    def samples(self, names):
        p, job = self.p, self.job
        if p["data"] == DRAWN:
            return draw(p["seed"], 1, p["samples"] or 20000), draw(p["seed"], 2, p["test_samples"] or 4000)
        for name in ("data", "labels", "test_data", "test_labels"):
            p[name] = p[name] and find(job, p[name])
        everything = read(p["data"], p["labels"], p["label_column"], names)
        if everything.labels is None:
            raise turno.Failed("data: there are no labels: give the file of them as labels")
        order = _shuffled(p["seed"], 11, len(everything.x))
        if p["test_data"]:
            test = read(p["test_data"], p["test_labels"], p["label_column"], everything.names, p["test_samples"])
            if test.labels is None or test.x.shape[1] != everything.x.shape[1]:
                raise turno.Failed("test_data: has no labels, or samples of another size than data")
            everything.classes = max(everything.classes, test.classes)
            return everything.part(order[:p["samples"] or len(order)]), test
        tests = p["test_samples"] or len(order) // 5
        if not 1 <= tests < len(order):
            raise turno.Failed(f"data: holds {len(order)} samples, of which {tests} cannot be kept for tests")
        rest = len(order) - tests
        return everything.part(order[:min(rest, p["samples"] or rest)]), everything.part(order[rest:])

    def prepare(self):
        p, job = self.p, self.job
        job.progress(0, "load samples")
        before = self.earlier()
        self.train, self.test = self.samples(before[3] if before else None)
        s = self.train
        config = {"height": s.height, "width": s.width, "channels": p["channels"], "hidden": p["hidden"], "classes": max(2, s.classes)}
        if before:
            config["classes"] = max(config["classes"], before[0].config["classes"])
        self.net, self.names = Net(config, self.device), s.names
        self.mean, self.scale = _scaling(s)
        if before:
            self.restore(before)
        else:
            self.net.start(p["seed"])
        for part in (self.train, self.test):
            part.x = (part.x - self.mean) * self.scale
        self.x, self.y = (torch.from_numpy(a).to(self.device) for a in (self.train.x, self.train.labels))
        weights = list(self.net.weights.values())
        kind = torch.optim.Adam if p["optimiser"] == "adam" else torch.optim.SGD
        more = {} if p["optimiser"] == "adam" else {"momentum": p["momentum"]}
        self.optimiser = kind(weights, lr=p["lr"], weight_decay=p["weight_decay"], **more)
        if before:
            self.restore_state(before[4], before[5])
        self.per_epoch = math.ceil(len(self.x) / p["batch"])
        turno.log(f"train {self.net.words()}: {sum(w.numel() for w in weights)} weights; {len(self.x)} samples, {len(self.test.x)} to test; "
                  f"{p['optimiser']} lr {p['lr']:g}, batch {p['batch']}, {job.threads} threads, {engine(job)}")

    def restore(self, before):
        net, self.mean, self.scale, names, training, _ = before
        if {k: v or [] for k, v in net.config.items()} != {k: v or [] for k, v in self.net.config.items()}:
            raise turno.Failed(f"the checkpoint is of another net ({net.words()}) than this one ({self.net.words()})")
        self.net, self.names = net, names
        self.history = list((training or {}).get("history") or [])
        self.resumed = len(self.history)

    def restore_state(self, training, state):
        adam = self.p["optimiser"] == "adam"
        if (training or {}).get("optimiser") != self.p["optimiser"] or "first" not in state or adam != ("second" in state):
            turno.log(f"go on after epoch {self.resumed} with weights alone: the checkpoint has no state of {self.p['optimiser']}")
            return
        self.steps_before = training.get("steps", 0)
        for name, w in self.net.weights.items():
            if adam:
                self.optimiser.state[w] = {"step": torch.tensor(float(self.steps_before)), "exp_avg": state["first"][name].clone(),
                                           "exp_avg_sq": state["second"][name].clone()}
            else:
                self.optimiser.state[w] = {"momentum_buffer": state["first"][name].clone()}
        turno.log(f"go on after epoch {self.resumed}, step {self.steps_before}")

    def rate(self, step):
        part = step / (self.per_epoch * self.p["epochs"])
        return self.p["lr"] * {"cosine": (1 + math.cos(math.pi * part)) / 2, "linear": 1 - part, "constant": 1}[self.p["schedule"]]

    def epoch(self):
        p, number, began = self.p, len(self.history), time.perf_counter()
        order = torch.from_numpy(_shuffled(p["seed"], 1000 + number, len(self.x))).to(self.device)
        loss_sum, right, last = torch.zeros((), device=self.device), torch.zeros((), device=self.device), {}
        if self.history:
            last = {k: self.history[-1][k] for k in ("loss", "accuracy", "test_loss", "test_accuracy")}
        for step in range(self.per_epoch):
            at = order[step * p["batch"]:(step + 1) * p["batch"]]
            logits, y = self.net(self.x[at]), self.y[at]
            loss = F.cross_entropy(logits, y)
            self.optimiser.zero_grad(set_to_none=True)
            loss.backward()
            done = number * self.per_epoch + step
            rate = self.rate(done)
            self.optimiser.param_groups[0]["lr"] = rate
            self.optimiser.step()
            loss_sum += loss.detach() * len(y)
            right += (logits.detach().argmax(1) == y).sum()
            self.job.progress((done + 1) / (self.per_epoch * p["epochs"]), f"epoch {number + 1} of {p['epochs']}", **last)
        e = {"epoch": number + 1, "loss": loss_sum.item() / len(self.x), "accuracy": right.item() / len(self.x)}
        self.clock.end("kernel")
        seconds = time.perf_counter() - began
        if not math.isfinite(e["loss"]) or not all(torch.isfinite(w).all() for w in self.net.weights.values()):
            raise turno.Failed(f"the loss became {e['loss']} in epoch {number + 1}: the learning rate {p['lr']:g} is too high")
        _, e["test_loss"], e["test_accuracy"] = self.evaluate()
        e.update(lr=rate, seconds=seconds, steps_per_second=self.per_epoch / seconds)
        self.clock.end("test")
        self.history.append(e)
        self.job._sent = -math.inf
        values = {k: e[k] for k in ("epoch", "loss", "accuracy", "test_loss", "test_accuracy", "lr", "steps_per_second")}
        self.job.progress((number + 1) / p["epochs"], f"epoch {number + 1} of {p['epochs']}: loss {e['loss']:.4f}, accuracy {100 * e['test_accuracy']:.2f} %", **values)
        turno.log(" ".join(f"{k}={v:.6g}" for k, v in values.items()))

    def evaluate(self):
        """Logits of the test samples, their loss and accuracy."""
        parts = []
        with torch.no_grad():
            for low in range(0, len(self.test.x), self.p["batch"]):
                self.job.check()
                parts.append(self.net(torch.from_numpy(self.test.x[low:low + self.p["batch"]]).to(self.device)).cpu())
        logits, y = torch.cat(parts), torch.from_numpy(self.test.labels)
        return logits.numpy(), F.cross_entropy(logits.double(), y).item(), (logits.argmax(1) == y).double().mean().item()

    def stop(self):
        done, p = self.history, self.p
        if not done or len(done) >= p["epochs"]:
            return ""
        if p["target_accuracy"] and done[-1]["test_accuracy"] >= p["target_accuracy"]:
            return f"the test accuracy {done[-1]['test_accuracy']:.4f} reached its target {p['target_accuracy']:g}"
        idle = len(done) - 1 - min(range(len(done)), key=lambda i: done[i]["test_loss"])
        return f"the test loss has not become better for {idle} epochs" if p["early_stop"] and idle >= p["early_stop"] else ""

    def steps(self):
        return self.steps_before + (len(self.history) - self.resumed) * self.per_epoch

    def save(self, path):
        state, weights = {}, self.net.weights
        of = [self.optimiser.state.get(w) for w in weights.values()]
        if all(of):
            keys = ("exp_avg", "exp_avg_sq") if self.p["optimiser"] == "adam" else ("momentum_buffer",)
            state = {part: dict(zip(weights, (s[key] for s in of))) for part, key in zip(("first", "second"), keys) if of[0].get(key) is not None}
        params = {k: v for k, v in self.p.items() if v is not None}
        training = {"params": params, "optimiser": self.p["optimiser"], "steps": self.steps(), "history": self.history}
        return save(path, self.net, self.mean, self.scale, self.names, training, state)

    def checkpoint(self, last):
        folder, every = self.job.checkpoint_dir, self.p["checkpoint_every"]
        if folder and not last and every and len(self.history) % every == 0:
            self.save(os.path.join(folder, FILE))
            self.clock.end("checkpoint")

    def finish(self, stopped):
        job, last = self.job, self.history[-1]
        with tempfile.TemporaryDirectory() as scratch:
            path = os.path.join(job.output_dir or scratch, FILE)
            size = self.save(path)
            back = load(path)[0]
        self.clock.end("save")
        logits = self.evaluate()[0]
        at, found, error = compare(back, self.test.x, logits)
        right = float((found == self.test.labels[at]).mean())
        digest = checksum(np.concatenate([w.detach().numpy().ravel() for w in back.weights.values()]))
        self.clock.end("verify")
        steps = (len(self.history) - self.resumed) * self.per_epoch
        more = {
            "net": self.net.words(), "weights": sum(w.numel() for w in back.weights.values()), "samples": len(self.x), "test_samples": len(self.test.x),
            "epochs": len(self.history), "steps": self.steps(), "loss": last["loss"], "accuracy": last["accuracy"], "test_loss": last["test_loss"],
            "test_accuracy": last["test_accuracy"], "recomputed_accuracy": right, "recomputed_samples": len(at), "file_bytes": size, "history": self.history,
        }
        if stopped:
            more["stopped"] = stopped
        if self.resumed:
            more["resumed_from_epoch"] = self.resumed
        if job.output_dir:
            more["file"] = FILE
        rate = steps / self.clock.seconds("kernel") if steps else 0
        return outcome(job, self.clock, f"the saved model, read back, on {len(at)} test samples by numpy in float64; largest difference of a logit, relative to the largest",
                       error, TOLERANCE, rate, "steps/s", digest, **more)


def _scaling(s):
    """Mean and one over the deviation, input by input; of pictures one for all."""
    x = s.x.astype(np.float64)
    mean, square = x.mean(0), (x * x).mean(0)
    if s.height > 1:
        mean, square = np.full_like(mean, mean.mean()), np.full_like(mean, square.mean())
    deviation = np.sqrt(np.maximum(square - mean * mean, 0))
    ok = (deviation > 1e-6 * np.abs(mean)) & (deviation > 1e-20)
    return mean.astype(np.float32), np.where(ok, 1 / np.where(ok, deviation, 1), 1).astype(np.float32)


# ---- infer ----

_models = {}  # by path, time and size: a warm runner loads them once


def _model(job, ref):
    path = ref
    if ref == "sample":
        path = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../internal/workload/infer/sample.safetensors")
        if not os.path.exists(path):
            raise turno.Failed("model: the sample is not beside this runner; use the native engine for it, or a path")
    else:
        path = find(job, ref)
    try:
        with open(path, "rb") as file:
            key = hashlib.sha256(file.read()).hexdigest() + job.device
    except OSError as e:
        raise turno.Failed(f"model: {e}") from None
    cached = key in _models
    _models[key] = _models.pop(key, None) or load(path, device_of(job))
    while len(_models) > 4:
        del _models[next(iter(_models))]
    return _models[key], cached


def infer(job, model: Annotated[Path, "sample, the path of a model that train saved, or job:ID for that of a train job."] = "sample",
          data: Annotated[Path, "digits for pictures that turno draws, or the path of a CSV or IDX file."] = DRAWN,
          labels: Annotated[Optional[Path], "Path of the labels, for an IDX file, to tell the accuracy."] = None,
          label_column: Annotated[Optional[Path], "Of a CSV: the label's column."] = None,
          samples: Annotated[int, turno.Between(0, 300_000), "How many at most; 0 takes 10000 digits, or all that the files hold."] = 0,
          batch: Annotated[int, turno.Between(1, 4096), "Samples that go through the net at once."] = 64,
          repeat: Annotated[int, turno.Between(1, 1_000_000), "How often all samples go through the net."] = 1,
          seed: Annotated[int, turno.Between(0, 2**53 - 1), "Decides the digits; none of them was seen in training."] = 0,
          library: Library = "auto") -> dict:
    "classes samples with a trained neural net"
    check_library(library)
    clock = Clock(job)
    (net, mean, scale, names, _, _), cached = _model(job, model)
    clock.end("load")
    inputs = net.config["height"] * net.config["width"]
    if data == DRAWN:
        s = draw(seed, 3, samples or 10000)
    elif data.lower().endswith((".png", ".jpg", ".jpeg")) or os.path.isdir(data):
        raise turno.Failed("data: pictures as files are for the native engine")
    else:
        s = read(find(job, data), labels and find(job, labels), label_column, names, samples, inputs)
    if s.x.shape[1] != inputs:
        raise turno.Failed(f"data: samples of {s.x.shape[1]} numbers, the model takes {inputs}")
    x = (s.x - mean) * scale
    clock.end("setup")
    logits, times = _forward(job, net, x, batch, repeat)
    clock.end("kernel")
    at, _, error = compare(net, x, logits)
    digest = checksum(logits)
    clock.end("verify")
    more = _predictions(job, s, logits, names)
    clock.end("save")
    times = np.sort(times[1:] if len(times) > 1 else times)
    more.update(net=net.words(), model_cached=cached, samples=len(x), batch=batch, latency_ms={
        **{f"p{q}": float(times[max(0, math.ceil(q / 100 * len(times)) - 1)]) for q in (50, 95, 99)}, "batches": len(times)})
    return outcome(job, clock, f"{len(at)} samples by numpy in float64; largest difference of a logit, relative to the largest", error, TOLERANCE,
                   len(x) * repeat / clock.seconds("kernel"), "samples/s", digest, **more)


def _forward(job, net, x, batch, repeat):
    """Logits of all samples, and the milliseconds that each batch took."""
    source, times, parts = torch.from_numpy(x).to(net.device), [], []
    count = math.ceil(len(x) / batch)
    with torch.no_grad():
        for turn in range(repeat):
            parts = []
            for b in range(count):
                began = time.perf_counter()
                parts.append(net(source[b * batch:(b + 1) * batch]).cpu())  # the copy waits for a GPU
                times.append(1000 * (time.perf_counter() - began))
                job.progress((turn + b / count) / repeat, "infer")
    return torch.cat(parts).numpy(), np.array(times)


def _predictions(job, s, logits, names):
    """Writes a line for each sample, and gives what the output holds of them."""
    wide = logits.astype(np.float64)
    wide -= wide.max(1, keepdims=True)
    found, sure = logits.argmax(1), 1 / np.exp(wide).sum(1)

    def name(i):
        return names[i] if names and i < len(names) else str(i)

    first = []
    rows = [("sample", "file", "label", "predicted", "confidence")]
    for i, (guess, confidence) in enumerate(zip(found.tolist(), sure.tolist())):
        label = "" if s.labels is None else name(int(s.labels[i]))
        rows.append((i, "", label, name(guess), f"{confidence:.6f}"))
        if i < 10:
            first.append({"sample": i, **({"label": label} if label else {}), "predicted": name(guess), "confidence": confidence})
    out = {"first": first}
    if s.labels is not None:
        out["accuracy"] = float((found == s.labels).mean())
    if job.output_dir:
        out["file"] = "predictions.csv"
        with open(os.path.join(job.output_dir, out["file"]), "w", newline="") as file:
            csv.writer(file, lineterminator="\n").writerows(rows)
    return out
