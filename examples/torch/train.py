"""Trains a net with PyTorch, and goes on where an earlier attempt of the job stopped.

    turno run --gpus 1 --retries 3 -- python3 examples/torch/train.py --epochs 20
    turno run --gpus 4 -- sh -c 'torchrun --nproc_per_node $TURNO_GPUS_PER_NODE --master_port $TURNO_MASTER_PORT examples/torch/train.py'
    turno run --cpus 2 -- sh -c 'python3 -m torch.distributed.run --nproc_per_node 2 --master_port $TURNO_MASTER_PORT examples/torch/train.py'

After each epoch everything that is needed to go on is in $TURNO_CKPT_DIR, which the job's further attempts find again; the model
ends in $TURNO_OUTPUT_DIR, which turno keeps: turno cp 42/model.pt . Without turno both are the folder "out". On a machine without a
GPU it trains on the CPU. Under torchrun each process takes one GPU, and gradients are averaged. Debian 12's PyTorch 1.13 on Python 3.11
has a torchrun that ends with "'NoneType' object has no attribute 'get'": add --redirects 9:1 --tee 9:1, which are about a process that there is not.
"""

import argparse
import os

import torch
from torch import nn
from torch.nn import functional as F


def samples(count, seed):
    """Points of four spirals, and which spiral each is of."""
    g = torch.Generator().manual_seed(seed)
    label = torch.randint(4, (count,), generator=g)
    along = torch.rand(count, generator=g)
    angle = 5 * along + label * torch.pi / 2 + 0.15 * torch.randn(count, generator=g)
    return torch.stack([along * angle.cos(), along * angle.sin()], 1), label


def save(path, state):
    """A crash leaves the old file or the new one."""
    torch.save(state, path + ".new")
    os.replace(path + ".new", path)


def main():
    p = argparse.ArgumentParser()
    p.add_argument("--epochs", type=int, default=10)
    p.add_argument("--samples", type=int, default=20_000)
    p.add_argument("--batch", type=int, default=256)
    p.add_argument("--stop-after", type=int, default=0, help="end with exit code 1 after so many epochs, to try what a crash does")
    o = p.parse_args()

    rank, world = int(os.environ.get("RANK", 0)), int(os.environ.get("WORLD_SIZE", 1))
    cuda = torch.cuda.is_available()
    device = torch.device("cuda", int(os.environ.get("LOCAL_RANK", 0))) if cuda else torch.device("cpu")
    if cuda:
        torch.cuda.set_device(device)
    if world > 1:
        torch.distributed.init_process_group("nccl" if cuda else "gloo")

    checkpoints, output = os.environ.get("TURNO_CKPT_DIR") or "out", os.environ.get("TURNO_OUTPUT_DIR") or "out"
    os.makedirs(checkpoints, exist_ok=True)
    os.makedirs(output, exist_ok=True)
    path = os.path.join(checkpoints, "checkpoint.pt")

    torch.manual_seed(0)
    net = nn.Sequential(nn.Linear(2, 128), nn.ReLU(), nn.Linear(128, 128), nn.ReLU(), nn.Linear(128, 4)).to(device)
    optimiser = torch.optim.Adam(net.parameters(), 1e-3)
    begin = 0
    if os.path.exists(path):
        state = torch.load(path, map_location=device)
        net.load_state_dict(state["net"])
        optimiser.load_state_dict(state["optimiser"])
        begin = state["epoch"]
        print(f"goes on after epoch {begin}")
    model = nn.parallel.DistributedDataParallel(net, [device] if cuda else None) if world > 1 else net

    x, y = (t.to(device) for t in samples(o.samples, 1))
    test_x, test_y = (t.to(device) for t in samples(4_000, 2))
    print(f"process {rank} of {world} on {torch.cuda.get_device_name(device) if cuda else 'the CPU'}")
    for epoch in range(begin, o.epochs):
        # The order depends on the epoch alone: an attempt that goes on comes to the same net.
        order = torch.randperm(len(x), generator=torch.Generator().manual_seed(1000 + epoch)).to(device)[rank::world]
        for batch in order.split(o.batch // world):
            optimiser.zero_grad(set_to_none=True)
            F.cross_entropy(model(x[batch]), y[batch]).backward()
            optimiser.step()
        if rank == 0:
            with torch.no_grad():
                accuracy = (net(test_x).argmax(1) == test_y).float().mean().item()
            save(path, {"net": net.state_dict(), "optimiser": optimiser.state_dict(), "epoch": epoch + 1})
            print(f"epoch={epoch + 1} accuracy={accuracy:.4f}", flush=True)
        if o.stop_after and epoch + 1 - begin >= o.stop_after:
            raise SystemExit(1)
    if rank == 0:
        save(os.path.join(output, "model.pt"), net.state_dict())
    if world > 1:
        torch.distributed.destroy_process_group()


if __name__ == "__main__":
    main()
