"""One cell: train on fresh pictures, score on held-out ones, and see where the offsets were and where they went."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import pandas as pd
import torch
import torch.nn.functional as F
from torch import Tensor

from mmpose_ssn.dependency.cells import Cell
from mmpose_ssn.dependency.network import DependencyNetwork, limit
from mmpose_ssn.dependency.places import mass_within, nearest, places
from mmpose_ssn.dependency.task import Batch, Task
from mmpose_ssn.models.alternatives import kind_of

BATCH_SIZE, TEST_IMAGES = 4, 256
RATE = 5e-3
"""Adam's rate of the weights. After a warm-up it falls to zero in a straight line, and so does that of positions."""
OFFSET_PATH = 94.0
"""Sum in pixels of Adam's rates for learned positions over a training: about how far a position can move. In the paper
it is 1e-3 at 9364 iterations an epoch, times 1 / (1 - 0.9) for the decay from epoch to epoch (Section 4, "Training").
"""
WARM_UP = 10


Result = tuple[dict[str, Any], pd.DataFrame]
"""A cell's line of ``dependency.csv``, and its channels' lines of ``dependency-offsets.csv``."""


def run(cell: Cell) -> Result:
    """Train and score one cell, on one thread.

    Returns:
        The cell's line, and the lines of its channels, which only a feature shifting module has. A channel's line gives
        the place (x, y) that it reads, in pixels relative to the mark, and its weight, each before and after the
        training.
    """
    threads = torch.get_num_threads()
    torch.set_num_threads(1)  # the cells run side by side, and sums depend on the number of threads
    try:
        return _run(cell)
    finally:
        torch.set_num_threads(threads)


def _run(cell: Cell) -> Result:
    task = Task(cell.distance, cell.seed)
    torch.manual_seed(cell.seed)
    network = DependencyNetwork(cell.kind, cell.shift_channels, cell.offset_std)
    test = task.batch("test", 0, TEST_IMAGES)
    before = places(network, test)
    _train(network, task, cell.iterations)
    network.eval()
    after = places(network, test)
    accuracy, loss = _score(network, test)
    match, (dx, dy) = network.match, task.displacement
    line: dict[str, Any] = {
        **asdict(cell),
        "title": kind_of(cell.kind).title,
        "limit": limit(cell.kind),
        "dx": dx,
        "dy": dy,
        "accuracy": accuracy,
        "loss": loss,
        "width": match.width,
        "params": match.cost.params,
        "params_ratio": match.params_ratio,
        "macs": match.cost.macs,
        "macs_ratio": match.macs_ratio,
    }
    if before is None or after is None:
        return line, pd.DataFrame()
    for when, (where, weights) in (("before", before), ("after", after)):
        line[f"nearest_{when}"] = nearest(where, task.displacement)
        line[f"mass_{when}"] = mass_within(where, weights, task.displacement)
    columns = {
        f"{name}_{when}": values
        for when, (where, weights) in (("before", before), ("after", after))
        for name, values in (("x", where[:, 0]), ("y", where[:, 1]), ("weight", weights))
    }
    return line, pd.DataFrame({**asdict(cell), "channel": range(len(before[1])), **columns})


def _train(network: DependencyNetwork, task: Task, iterations: int) -> None:
    positions = [p for p in [network.module.offsets] if p is not None and p.requires_grad]
    own = {id(p) for p in positions}
    weights = [p for p in network.parameters() if id(p) not in own and p.requires_grad]
    groups = [{"params": weights, "lr": RATE}, {"params": positions, "lr": 2 * OFFSET_PATH / iterations}]
    optimizer = torch.optim.Adam([group for group in groups if group["params"]])
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimizer, lambda done: min(1.0, (done + 1) / WARM_UP) * (1 - done / iterations)
    )
    for iteration in range(iterations):
        batch = task.batch("train", iteration, BATCH_SIZE)
        loss = F.binary_cross_entropy_with_logits(_logits(network, batch), torch.from_numpy(batch.labels))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()


@torch.no_grad()
def _score(network: DependencyNetwork, batch: Batch) -> tuple[float, float]:
    """Share of the marks whose class is right, and the mean loss."""
    logits, labels = _logits(network, batch), torch.from_numpy(batch.labels)
    right = (logits > 0) == (labels > 0.5)
    return right.float().mean().item(), F.binary_cross_entropy_with_logits(logits, labels).item()


def _logits(network: DependencyNetwork, batch: Batch) -> Tensor:
    """The network's logit at the centre of each mark, [n, 4]."""
    chunks = torch.from_numpy(batch.images).split(BATCH_SIZE)  # a non-local block needs memory for each
    maps = torch.cat([network(images) for images in chunks])
    x, y = torch.from_numpy(batch.marks).unbind(-1)
    return maps[torch.arange(len(maps))[:, None], y, x]
