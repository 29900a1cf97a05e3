"""What the tests of the networks share: numbers that are the same in every run, and normalisations with a history."""

from __future__ import annotations

import pytest
import torch
from torch import nn


@pytest.fixture(autouse=True)
def one_seed_and_one_thread():
    """Small maps lose time on more than one thread."""
    torch.manual_seed(0)
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture(scope="session")
def lived_in():
    """Give every normalisation non-trivial statistics, scale and shift, and evaluate, as after a training."""

    def settle(module):
        for child in module.modules():
            if isinstance(child, nn.BatchNorm2d | nn.GroupNorm):
                nn.init.uniform_(child.weight, 0.5, 1.5)
                nn.init.normal_(child.bias, std=0.3)
            if isinstance(child, nn.BatchNorm2d):
                nn.init.normal_(child.running_mean, std=0.3)
                nn.init.uniform_(child.running_var, 0.5, 2.0)
        return module.eval()

    return settle
