"""What PyTorch does on the same device, for gpu-check: a line of JSON for each
figure as soon as it is known, so that what was measured before the time ran out
is kept. Without PyTorch, or without a device, one line says so."""
import json, sys, time


def tell(name, value):
    print(json.dumps({name: value}), flush=True)


try:
    import torch
except ImportError as e:
    tell("missing", str(e))
    sys.exit()
if not torch.cuda.is_available():
    tell("missing", "torch sees no CUDA device")
    sys.exit()

SMALL = "--small" in sys.argv
ROUNDS = 20


def seconds(work):
    """The median of some rounds, by the device's clock."""
    for _ in range(3):
        work()
    times = []
    for _ in range(ROUNDS):
        a, b = torch.cuda.Event(enable_timing=True), torch.cuda.Event(enable_timing=True)
        a.record()
        work()
        b.record()
        b.synchronize()
        times.append(a.elapsed_time(b) / 1e3)
    return sorted(times)[len(times) // 2]


def matmul(n):
    for name, dtype, tf32 in (("bfloat16", torch.bfloat16, False), ("tf32", torch.float32, True), ("float32", torch.float32, False), ("float16", torch.float16, False)):
        torch.backends.cuda.matmul.allow_tf32 = tf32
        a, b = ((torch.rand(n, n, device="cuda") * 2 - 1).to(dtype) for _ in range(2))
        c = torch.empty(n, n, device="cuda", dtype=dtype)
        tell("matmul_%s_gflops" % name, 2 * n ** 3 / seconds(lambda: torch.matmul(a, b, out=c)) / 1e9)
    torch.backends.cuda.matmul.allow_tf32 = False


def copy(n):
    x = torch.rand(n, device="cuda")
    y = torch.empty_like(x)
    tell("copy_gbs", 2 * n * 4 / seconds(lambda: y.copy_(x)) / 1e9)


def blur(side):
    torch.backends.cudnn.allow_tf32 = False
    conv = torch.nn.functional.conv2d
    picture, whole = torch.rand(1, 3, side, side, device="cuda"), torch.rand(3, 1, 13, 13, device="cuda")
    row, column = torch.rand(3, 1, 1, 13, device="cuda"), torch.rand(3, 1, 13, 1, device="cuda")
    tell("blur_separable_mpixels", side * side / seconds(lambda: conv(conv(picture, row, padding=(0, 6), groups=3), column, padding=(6, 0), groups=3)) / 1e6)
    tell("blur_conv2d_mpixels", side * side / seconds(lambda: conv(picture, whole, padding=6, groups=3)) / 1e6)


def train(model, batch, rounds, samples):
    """turno's own train as people write it: eager, Adam, samples on the device,
    a fresh order."""
    n = torch.nn
    if model == "conv":
        net = n.Sequential(n.Conv2d(1, 16, 3, padding=1), n.ReLU(), n.MaxPool2d(2), n.Conv2d(16, 32, 3, padding=1), n.ReLU(), n.MaxPool2d(2), n.Flatten(),
                           n.Linear(1568, 128), n.ReLU(), n.Linear(128, 10))
    else:
        net = n.Sequential(n.Linear(784, 256), n.ReLU(), n.Linear(256, 10))
    net = net.cuda()
    data = torch.rand(*((samples, 1, 28, 28) if model == "conv" else (samples, 784)), device="cuda")
    label = torch.randint(10, (samples,), device="cuda")
    optimiser = torch.optim.Adam(net.parameters())

    def some(count):
        order = torch.randperm(samples, device="cuda")
        for i in range(count):
            at = order[i * batch % (samples - batch):][:batch]
            optimiser.zero_grad(set_to_none=True)
            n.functional.cross_entropy(net(data[at]), label[at]).backward()
            optimiser.step()
        torch.cuda.synchronize()

    some(20)
    began = time.perf_counter()
    some(rounds)
    tell("train_%s_%d_steps" % (model, batch), rounds / (time.perf_counter() - began))


tell("torch", torch.__version__)
tell("device", torch.cuda.get_device_name())
matmul(256 if SMALL else 8192)
copy(1 << 16 if SMALL else 1 << 28)
blur(256 if SMALL else 4096)
for model in ("mlp", "conv"):
    for batch in (64, 256, 1024):
        train(model, batch, 3 if SMALL else 300, 2000 if SMALL else 20000)
