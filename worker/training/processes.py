"""Processes that train one network together, as torchrun starts them: who is who, and what they tell each other.

Each makes its part of a batch; DistributedDataParallel takes the mean of their gradients. The first one speaks and
writes. Alone, everything here does nothing.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from datetime import timedelta
from uuid import uuid4

import torch
import torch.distributed as dist
from torch import nn
from torch.nn.parallel import DistributedDataParallel

#: The others wait while the first one measures, which may take a while.
PATIENCE = timedelta(hours=6)


@dataclass(frozen=True)
class Processes:
    """rank: which one this is, of `count`; device: its own."""

    rank: int = 0
    count: int = 1
    device: str = "cpu"

    @property
    def first(self) -> bool:
        return self.rank == 0

    def sums(self, values: list[float]) -> list[float]:
        """Each value's sum over the processes; all must ask."""
        if self.count == 1:
            return values
        shared = torch.tensor(values, dtype=torch.float64, device=self.device)
        dist.all_reduce(shared)
        return shared.tolist()

    def firsts(self, value: float) -> float:
        """The first process's value; all must ask."""
        return self.sums([value if self.first else 0.0])[0]

    def wrap(self, network: nn.Module, some_unused: bool) -> nn.Module:
        """The network with gradients that are the mean of all processes'.

        some_unused: whether a step may leave parameters out, as a head whose data set is not in the batch.
        """
        if self.count == 1:
            return network
        return DistributedDataParallel(network, find_unused_parameters=some_unused)


ALONE = Processes()


def kept_apart(network: nn.Module, apart: bool) -> AbstractContextManager:
    """Where gradients are only added up, as there is more of the batch to come."""
    return network.no_sync() if apart and isinstance(network, DistributedDataParallel) else nullcontext()


@contextmanager
def joined(device: str) -> Iterator[Processes]:
    """The processes that torchrun started, this one's device chosen; ALONE where it did not."""
    if "TORCHELASTIC_RUN_ID" not in os.environ:
        yield Processes(device=device)
        return
    if device.startswith("cuda"):
        device = f"cuda:{os.environ['LOCAL_RANK']}"
        torch.cuda.set_device(device)
    store, rank, count = next(dist.rendezvous("env://", timeout=PATIENCE))
    backend = "nccl" if device.startswith("cuda") else "gloo"
    dist.init_process_group(
        backend, store=_of_this_attempt(store, rank, count), rank=rank, world_size=count, timeout=PATIENCE
    )
    try:
        yield Processes(rank, count, device)
    finally:
        dist.destroy_process_group()


def _of_this_attempt(store: dist.Store, rank: int, count: int) -> dist.Store:
    """A part of torchrun's store that holds nothing yet.

    torchrun keeps one store when it starts processes again (seen with torch 2.13), and who reads there what a dead one
    wrote waits for it. So the first process makes up a name, and each other one uses it once the first has answered
    to what that one made up.
    """
    own = uuid4().hex
    if rank == 0:
        store.set("mocap", own)
        for other in range(1, count):
            store.set(f"mocap/{own}/{other}/heard", store.get(f"mocap/{own}/{other}"))
        return dist.PrefixStore(own, store)
    while True:
        attempt = store.get("mocap").decode()  # perhaps that of a dead process, who will not answer
        store.set(f"mocap/{attempt}/{rank}", own)
        heard, until = f"mocap/{attempt}/{rank}/heard", time.monotonic() + 1
        while time.monotonic() < until:
            if store.check([heard]) and store.get(heard).decode() == own:
                return dist.PrefixStore(attempt, store)
            time.sleep(0.05)
