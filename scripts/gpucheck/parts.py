"""What gpu-check tries, part by part. Each part is given where to leave what it
finds, and leaves it as it finds it: a part that is cut short keeps what it has."""
import datetime, json, os, shutil, statistics, subprocess, sys, threading, time

from gpucheck.check import Cut

# Seconds for each part, in this order: what only a GPU can tell comes first.
# Together with the start and the end they are less than eight minutes. What a
# part leaves over, the next ones may use.
BUDGETS = {"workloads": 130, "torch": 50, "faults": 25, "warm": 12, "telemetry": 12, "kernels": 10, "small jobs": 40,
           "commands": 40, "runner": 35, "speed-up": 30, "sanitizer": 60}

# Kernels as PTX, for machines without NVRTC.
PTX = """.version 6.0
.target sm_70
.address_size 64
.visible .entry f(.param .u64 f_param_0) {
  .reg .b64 %rd<3>; .reg .f32 %f<2>; .reg .pred %p<2>;
  ld.param.u64 %rd1, [f_param_0];
BODY
  ret;
}
"""
ILLEGAL = PTX.replace("BODY", "  add.s64 %rd2, %rd1, 4398046511104;\n  mov.f32 %f1, 0f3F800000;\n  st.global.f32 [%rd2], %f1;")
ENDLESS = PTX.replace("BODY", "again:\n  ld.volatile.global.f32 %f1, [%rd1];\n  setp.eq.f32 %p1, %f1, 0f00000000;\n  @%p1 bra again;")


def workloads(c, out):
    """Every workload at three sizes and in every dtype, with cuBLAS and without.
    What is compared with PyTorch comes first."""
    big, real = not c.small, c.device == "gpu"
    threads = ("--cpus", str(max(1, min(8, (os.cpu_count() or 1) // 2))))  # to fill and to verify

    def one(name, kind, params):
        out[name] = c.good(name, c.run(kind, params, *threads))

    def matmul(n):
        for dtype in ("bfloat16", "tf32", "float32", "float16", "float64") if real else ("float32", "float64"):
            for library in ("auto", "own") if real else ("auto",):
                if dtype == "float64" and n > 4096:
                    continue  # 1 TFLOP in float64 takes seconds on most cards
                one("matmul %d %s %s" % (n, dtype, library), "matmul",
                    {"m": n, "k": n, "n": n, "dtype": dtype, "repeat": 20 if big else 2, **({"library": library} if real else {})})

    sizes = (8192, 1024, 255) if big else (96, 64, 33)
    matmul(sizes[0])
    for n in (1 << 28, 1000003, 1) if big else (100003, 1000, 1):
        for dtype in ("float32", "float64"):
            one("vecadd %d %s" % (n, dtype), "vecadd", {"n": n, "dtype": dtype, "repeat": 20 if big else 2})
    for side in (4096, 1000, 61) if big else (61, 31, 7):
        for operation in ("blur", "sharpen", "edges", "grayscale"):
            one("image %d %s" % (side, operation), "image", {"operation": operation, "synthetic": {"width": side, "height": side, "count": 3 if big else 1}})
    for model in ("mlp", "conv"):
        for batch in (64, 256, 1024) if big else (16,):
            p = {"model": model, "batch": batch, "epochs": 3}
            if not big:
                p.update(hidden=[8], samples=200, test_samples=50, epochs=1, **({"channels": [2]} if model == "conv" else {}))
            one("train %s %d" % (model, batch), "train", p)
    for batch in (1024, 64, 1) if big else (64,):
        one("infer %d" % batch, "infer", {"batch": batch, "samples": 10000 if big else 100})
    for n in sizes[1:]:
        matmul(n)


def torch(c, out):
    """PyTorch on the same device; judge.py makes shares of it."""
    script = os.path.join(c.here, "scripts", "gpucheck", "torch_side.py")
    p = subprocess.Popen([sys.executable, "-B", script] + ["--small"] * c.small, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    killer = threading.Timer(max(1, c.left_of_part()), p.kill)
    killer.start()
    try:
        said = []
        drain = threading.Thread(target=lambda: said.append(p.stderr.read()))
        drain.start()
        for line in p.stdout:
            out.update(json.loads(line))
        code = p.wait()
        drain.join()
    finally:
        killer.cancel()
        p.kill()
    if c.left_of_part() <= 0:
        raise Cut()
    if code != 0:
        raise RuntimeError("PyTorch: " + said[0][-500:])


def kernels(c, out):
    """The examples, compiled here where NVRTC is, and the answer of saxpy."""
    with open(os.path.join(c.here, "examples", "cuda", "saxpy.cu")) as f:
        source = f.read()
    for n in (1, 1000, 1 << (24 if not c.small else 12)):
        p = {"source": source, "kernel": "saxpy", "grid": [(n + 255) // 256], "check": True, "repeat": 5, "arguments": [
            {"type": "float32", "value": 2}, {"type": "buffer", "bytes": 4 * n, "fill": "random"},
            {"type": "buffer", "bytes": 4 * n, "fill": "index", "output": "y.bin"}, {"type": "int32", "value": n}]}
        j = c.run("kernel", p)
        if "libnvrtc" in c.message(j):
            out["not done"] = c.message(j)
            return
        out["saxpy %d" % n] = c.good("kernel saxpy %d" % n, j)
    j = c.run("kernel", {"source": 'extern "C" __global__ void f(int n) {\n  m = 1;\n}', "kernel": "f", "arguments": []})
    if j["reason"] != "SetupFailed" or "source.cu(2)" not in c.message(j):
        c.fail("a compile error with its line", c.message(j))


def faults(c, out):
    """Each ends its own job alone; judge.py looks at how soon the next succeeds."""
    one = [{"type": "buffer", "bytes": 1024}]
    files = {}
    for name, text in (("illegal", ILLEGAL), ("endless", ENDLESS)):
        files[name] = os.path.join(c.home, name + ".ptx")
        with open(files[name], "w") as f:
            f.write(text)
    for name, want, params, flags in (
            ("illegal address", "GpuFault", {"file": files["illegal"], "kernel": "f", "arguments": one, "block": [1]}, ()),
            ("endless loop", "Timeout", {"file": files["endless"], "kernel": "f", "arguments": one, "block": [1]}, ("--time", "2s", "--grace", "1s")),
            ("out of memory", "GpuOOM", {"file": files["illegal"], "kernel": "f", "arguments": [{"type": "buffer", "bytes": 1 << 40}]}, ())):
        j = c.run("kernel", params, *flags)
        if j["state"] != "failed" or j["reason"] != want:
            c.fail(name, "%s %s: %s" % (j["state"], j["reason"], c.message(j)))
        began = time.monotonic()
        after = c.run("vecadd", {"n": 1000})
        took = time.monotonic() - began
        c.good("the job after: " + name, after)
        out[name] = {"reason": j["reason"], "message": c.message(j), "next_job_seconds": took}


def warm(c, out):
    """A 256 by 256 product, end to end inside the worker, beside a cold Python."""
    times, n = [], 256 if not c.small else 32
    stamp = lambda t: datetime.datetime.fromisoformat(t[:26].rstrip("Z") + "+00:00").timestamp()
    c.run("matmul", {"m": n, "k": n, "n": n})  # the child starts, the driver compiles
    for _ in range(10 if c.small else 50):
        a = c.run("matmul", {"m": n, "k": n, "n": n})["attempts"][-1]
        times.append(1e3 * (stamp(a["ended_at"]) - stamp(a["started_at"])))
        ordered = sorted(times)
        out.update(jobs=len(times), p50_ms=statistics.median(times), p95_ms=ordered[int(.95 * len(ordered))])
    for name, code in [("cold_python_ms", "pass")] + [("cold_torch_ms", "import torch; torch.zeros(256, 256, device='cuda') @ torch.zeros(256, 256, device='cuda')")] * c.has_torch:
        began = time.monotonic()
        if subprocess.run([sys.executable, "-c", code], capture_output=True, timeout=max(1, c.left_of_part())).returncode == 0:
            out[name] = 1e3 * (time.monotonic() - began)


def small(c, out):
    """Many small jobs through one warm child, and the device's memory before and after."""
    count = 10000 if not c.small else 100
    used = lambda: [g.get("status", {}).get("memory_used_bytes") for g in c.gpus()]
    c.run("vecadd", {"n": 256})
    time.sleep(2.5)  # the next look at the device
    out.update(memory_before=used())
    began = time.monotonic()
    j = c.wait(c.submit("vecadd", {"n": 256}, "--array", "0-%d" % (count - 1)))
    out.update(jobs=count, seconds=time.monotonic() - began)
    out["jobs_per_second"] = count / out["seconds"]
    if j["state"] != "succeeded":
        c.fail("small jobs", "%s %s" % (j["state"], j["reason"]))
    time.sleep(2.5)
    out.update(memory_after=used())
    grown = [b - a for a, b in zip(out["memory_before"], out["memory_after"]) if a is not None and b is not None]
    if grown:
        out["growth_bytes"] = max(grown)


def telemetry(c, out):
    """A job of some seconds keeps how its device was."""
    w = c.out("workloads")
    n = 1024 if not c.small else 64
    rate = (w.get("matmul %d float32 own" % n) or {}).get("rate") or (5000.0 if not c.small else 0.05)
    repeat = max(20, min(100000, int(5 * rate * 1e9 / (2 * n ** 3))))
    j = c.run("matmul", {"m": n, "k": n, "n": n, "library": "own", "repeat": repeat})
    c.good("a job of some seconds", j)
    use = (j["attempts"][-1].get("result", {}).get("gpus") or [{}])[0]
    out.update(use)
    if use.get("looks", 0) < 2 or use.get("utilisation_peak_percent", 0) < 50 or use.get("joules", 0) <= 0:
        c.fail("how the device was, kept with the attempt", use)


def commands(c, out):
    """A command sees its own devices, as programs look for them."""
    code = "import os; print(os.environ['CUDA_VISIBLE_DEVICES'], os.environ['CUDA_DEVICE_ORDER'], os.environ['TURNO_GPUS_PER_NODE'])"
    flags = ("--gpus", "1") if c.device == "gpu" else ()
    r = c.turno("run", *flags, "--", sys.executable, "-c", code)
    out["environment"] = r.stdout.strip()
    if r.returncode != 0 or len(r.stdout.split()) < 3 and c.device == "gpu" and not c.simulated:
        c.fail("turno run --gpus 1", (r.stdout + r.stderr)[-500:])
    if not c.has_torch:
        out["torch"] = "PyTorch is not installed: its example was not run"
        return
    r = c.turno("run", *flags, "--", sys.executable, "-c", "import torch; print(torch.cuda.device_count())")
    if r.returncode != 0 or r.stdout.strip() != "1":
        c.fail("PyTorch sees the one device", (r.stdout + r.stderr)[-500:])
    for arguments in (["examples/torch/train.py"], ["-m", "torch.distributed.run", "--standalone", "--nproc_per_node", "1", "examples/torch/train.py"]):
        words = [os.path.join(c.here, a) if a.startswith("examples") else a for a in arguments]
        r = c.turno("run", *flags, "--", sys.executable, *words, "--epochs", "3")
        if r.returncode != 0:
            c.fail(" ".join(arguments), (r.stdout + r.stderr)[-500:])
        out[" ".join(arguments)] = r.stdout.strip().splitlines()[-1:]


def runner(c, out):
    """turno's workloads on PyTorch, in a warm child of its own."""
    if not c.has_torch:
        out["not done"] = "PyTorch is not installed"
        return
    while not any(r.get("state") == "ready" for n in c.nodes() for r in n["machine"].get("runners", [])):
        if c.left_of_part() < 5:
            raise RuntimeError("the runner did not start: %r" % [n["machine"].get("runners") for n in c.nodes()])
        time.sleep(0.5)
    jobs = [("matmul", {"m": 1000, "k": 700, "n": 900, "dtype": d}) for d in ("float32", "float64", "tf32", "float16", "bfloat16")]
    jobs += [("vecadd", {"n": 1000003}), ("image", {"operation": "blur", "synthetic": {"width": 1000, "height": 700}}),
             ("train", {"epochs": 2, "samples": 4000, "test_samples": 1000}), ("infer", {"samples": 2000})]
    for kind, p in jobs:
        name = ("torch %s %s" % (kind, p.get("dtype", ""))).strip()
        out[name] = c.good(name, c.run(kind, p, "--engine", "torch"))


def speedup(c, out):
    """The same jobs on the CPU, from the queue's own results."""
    jobs = (("matmul", {"m": 2048, "k": 2048, "n": 2048, "repeat": 3}), ("vecadd", {"n": 1 << 25, "repeat": 5}),
            ("image", {"operation": "blur", "synthetic": {"width": 2048, "height": 2048, "count": 2}}),
            ("train", {"model": "conv", "batch": 256, "epochs": 2, "samples": 4000, "test_samples": 500}), ("infer", {"batch": 256, "samples": 4000}))
    if c.small:
        jobs = (("matmul", {"m": 64, "k": 64, "n": 64}), ("infer", {"samples": 50}))
    for kind, p in jobs:
        rates = out.setdefault(kind, {})
        for device in dict.fromkeys(("cpu", c.device)):
            flags = ("--cpus", str(max(1, (os.cpu_count() or 1) // 2)))
            got = c.good("%s on %s" % (kind, device), c.run(kind, p, *flags, device=device), device=device)
            rates[device] = got and got["rate"]
        if rates.get("cpu") and rates.get("gpu"):
            rates["times"] = rates["gpu"] / rates["cpu"]


def sanitizer(c, out):
    """compute-sanitizer on each own kernel, by a runner of its own."""
    tool = shutil.which("compute-sanitizer") or shutil.which("/usr/local/cuda/bin/compute-sanitizer")
    if not tool:
        out["not done"] = "compute-sanitizer is not on this machine"
        return
    runs = [("matmul", {"m": 200, "k": 70, "n": 300, "dtype": d, "library": "own"}) for d in ("float32", "float64", "tf32", "float16", "bfloat16")]
    runs += [("vecadd", {"n": 10007, "dtype": d}) for d in ("float32", "float64")]
    runs += [("image", {"operation": o, "synthetic": {"width": 131, "height": 67, "count": 1}}) for o in ("blur", "sharpen", "edges", "grayscale")]
    train = {"hidden": [20], "samples": 70, "test_samples": 20, "batch": 32, "epochs": 1}
    runs += [("train", train), ("train", dict(train, model="conv", channels=[3, 5], optimiser="sgd")), ("infer", {"samples": 40, "batch": 16})]
    for check in ("memcheck", "racecheck", "synccheck", "initcheck"):
        out[check] = sanitize(c, tool, check, runs)
        out["found"] = out.get("found", 0) + len(out[check]["said"])
        if out[check]["said"] or out[check]["runs"] != len(runs):
            c.fail("compute-sanitizer " + check, out[check])


def sanitize(c, tool, check, runs):
    """One of its tools: the runs one after the other, and what it said."""
    log, gpu = os.path.join(c.home, check + ".log"), c.gpus()[0]["uuid"]
    with open(log + ".err", "w") as err:
        p = subprocess.Popen([tool, "--tool", check, "--log-file", log, "--error-exitcode", "99", c.o.turno, "runner", "compute"], text=True,
                             stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=err, env=dict(os.environ, CUDA_VISIBLE_DEVICES=gpu))
    killer = threading.Timer(max(1, c.left_of_part()), p.kill)
    killer.start()
    said, done = [], 0

    def ask():
        kind, params = runs[done]
        p.stdin.write(json.dumps({"run": {"key": "%d.1" % (done + 1), "type": kind, "params": params, "device": "gpu", "gpu": gpu, "threads": 2}}) + "\n")
        p.stdin.flush()

    try:
        ask()
        for line in p.stdout:
            if not line.startswith('{"done"'):
                continue
            if '"error":{' in line:
                said.append(line[:300])
            done += 1
            if done == len(runs):
                break
            ask()
        p.stdin.close()
        p.wait()
    except BrokenPipeError:
        said.append("the runner ended after %d of %d runs" % (done, len(runs)))
    finally:
        killer.cancel()
        p.kill()
    if os.path.exists(log):
        with open(log) as f:
            said += [l.strip() for l in f if "ERROR SUMMARY" in l and " 0 errors" not in l or "Invalid" in l or "Race reported" in l or "not supported" in l][:10]
    return {"exit": p.returncode, "runs": done, "said": said}
