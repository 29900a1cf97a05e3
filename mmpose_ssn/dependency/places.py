"""Where a feature shifting module looks from a mark: the places that its channels read, and the weight of each."""

from __future__ import annotations

import numpy as np
import torch

from mmpose_ssn.dependency.network import DependencyNetwork
from mmpose_ssn.dependency.task import Batch


@torch.no_grad()
def places(network: DependencyNetwork, batch: Batch) -> tuple[np.ndarray, np.ndarray] | None:
    """The places and weights of the module's channels; None for a module that shifts no channels.

    A channel that moves its content by an offset reads at minus the offset (Eq. 5). Its weight is the product of the
    norms of its incoming and outgoing 1x1 weights, and of its gate's mean at the marks: by how much a change of what
    stands there can change the logit.

    Returns:
        [K, 2] (x, y) in pixels relative to the reading pixel, and [K] weights that sum to 1.
    """
    module = network.module
    if module.offsets is None or len(module.offsets) != module.reduce.out_channels:  # an active convolution's are taps
        return None
    incoming = module.reduce.weight.flatten(1).norm(dim=1)
    outgoing = module.expand.weight.flatten(1).norm(dim=0)
    weights = incoming * outgoing
    if module.attention is not None:
        training = network.training
        features = network.eval().features(torch.from_numpy(batch.images))
        network.train(training)
        x, y = torch.from_numpy(batch.marks).unbind(-1)
        gates = module.attention(features)[torch.arange(len(features))[:, None], :, y, x]
        weights = weights * gates.mean((0, 1))
    return -module.offsets.numpy().astype(np.float64), (weights / weights.sum()).numpy().astype(np.float64)


def mass_within(where: np.ndarray, weights: np.ndarray, displacement: tuple[int, int], radius: float = 1.0) -> float:
    """The share of the weights [K] whose places [K, 2] lie within ``radius`` pixels of the displacement."""
    return float(weights[_distances(where, displacement) <= radius].sum() / weights.sum())


def nearest(where: np.ndarray, displacement: tuple[int, int]) -> float:
    """Distance of the nearest of the places [K, 2] from the displacement, in pixels."""
    return float(_distances(where, displacement).min())


def _distances(where: np.ndarray, displacement: tuple[int, int]) -> np.ndarray:
    return np.asarray(np.linalg.norm(where - np.asarray(displacement), axis=1))
