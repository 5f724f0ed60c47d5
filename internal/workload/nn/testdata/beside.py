"""PyTorch's side of BenchmarkBesideTorch: the same nets, batch and optimiser, one thread.

Reads lines "mlp 100", trains that many steps on samples of its own, and answers with their seconds: by the clock, and of the
processor. Run it by: make bench-train
"""

import sys
import time

import torch
from torch import nn

torch.set_num_threads(1)
torch.set_flush_denormal(True)  # in PyTorch's favour
torch.manual_seed(1)

BATCH = 64


def make(name):
    if name == "mlp":
        net = nn.Sequential(nn.Linear(784, 256), nn.ReLU(), nn.Linear(256, 10))
        x = torch.randn(BATCH, 784)
    else:
        net = nn.Sequential(
            nn.Conv2d(1, 16, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
            nn.Conv2d(16, 32, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
            nn.Flatten(), nn.Linear(32 * 49, 128), nn.ReLU(), nn.Linear(128, 10))
        x = torch.randn(BATCH, 1, 28, 28)
    labels = torch.randint(0, 10, (BATCH,))
    optimiser, loss = torch.optim.Adam(net.parameters(), lr=0.001), nn.CrossEntropyLoss()

    def step():
        optimiser.zero_grad(set_to_none=True)
        loss(net(x), labels).backward()
        optimiser.step()

    return step


steps = {name: make(name) for name in ("mlp", "conv")}
print(torch.__version__, flush=True)
for line in sys.stdin:
    name, count = line.split()
    step = steps[name]
    wall, cpu = time.perf_counter(), time.process_time()
    for _ in range(int(count)):
        step()
    print(time.perf_counter() - wall, time.process_time() - cpu, flush=True)
