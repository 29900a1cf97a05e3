"""What the paper asserts of networks without a figure: each of them differs from what it is
held against in its switch alone.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from mmengine.config import Config

from mmpose_ssn import paper
from mmpose_ssn.claims import claims
from mmpose_ssn.experiment.presets import load_preset
from mmpose_ssn.experiment.resolved_config import resolve
from mmpose_ssn.networks import network, of_groups

ASSERTED = of_groups("asserted")
Leaves = Callable[[Config], dict[str, Any]]
SWITCHES = {
    "ssn-post-shift-attention": {"model.backbone.fsm.attention_from": (None, "both")},
    "ssn-16-fsm": {"model.backbone.every_block": (None, True)},
    "ssn-no-delayed-insertion": {"insertion": (True, False)},
    "ssn-no-offset-decay": {"param_scheduler.1.gamma": (0.9, 1.0)},
    "ssn-gn-fsm": {"model.backbone.fsm.norm_groups": (None, 32)},
    "ssn-sigmoid": {"model.backbone.fsm.attention": ("softplus-l1", "sigmoid")},
    "lite-k256-softplus-l1": {"model.backbone.fsm.attention": ("sigmoid", "softplus-l1")},
}


def difference(preset: str, asserted: str, leaves: Leaves) -> dict[str, tuple[object, object]]:
    """Settings in which an asserted network differs; of the hooks, whether the insertion's is there."""
    sides = []
    for name in (network(asserted).against, asserted):
        config = resolve(load_preset(preset), name, 0, Path("d"))
        hooks = config.pop("custom_hooks")
        sides.append(leaves(config) | {"insertion": any(hook.type == "DelayedInsertionHook" for hook in hooks)})
    pairs = {key: (sides[0].get(key), sides[1].get(key)) for key in sides[0].keys() | sides[1].keys()}
    return {key: pair for key, pair in pairs.items() if pair[0] != pair[1] and key != "experiment.network"}


def test_the_papers_ledger_knows_the_same_networks() -> None:
    compared = {name for claim in claims().values() for name in claim.contrast}
    assert set(ASSERTED) == compared - {*paper.table1(), *paper.table3()} == set(SWITCHES)


@pytest.mark.parametrize("asserted", ASSERTED)
def test_at_full_size_the_switch_alone_differs(asserted: str, leaves: Leaves) -> None:
    assert difference("paper", asserted, leaves) == SWITCHES[asserted]


@pytest.mark.parametrize("asserted", ASSERTED)
def test_made_small_the_switch_alone_differs(asserted: str, leaves: Leaves) -> None:
    expected = dict(SWITCHES[asserted])
    if asserted == "ssn-gn-fsm":
        expected = {"model.backbone.fsm.norm_groups": (None, 4)}
    if asserted == "lite-k256-softplus-l1":
        expected = {"model.backbone.fsm.attention": ("sigmoid", "softplus-mean")}
    if asserted == "ssn-sigmoid":
        expected = {"model.backbone.fsm.attention": ("softplus-mean", "sigmoid")}
    assert difference("figures", asserted, leaves) == expected
