"""The paper's networks, our controls and MMPose's baselines by their short names, and where their configs lie."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import mmpose_ssn

_STEMS = {
    "backbone": "td-hm_cpn50-globalnet_1xb16-400k_coco-256x192",
    "backbone-esp": "td-hm_cpn50-globalnet-esp_1xb16-400k_coco-256x192",
    "ssn-wo-ca": "td-hm_ssn50-wo-ca_1xb16-400k_coco-256x192",
    "ssn-wo-shift": "td-hm_ssn50-wo-shift_1xb16-400k_coco-256x192",
    "ssn-wo-esp": "td-hm_ssn50-wo-esp_1xb16-400k_coco-256x192",
    "ssn-k256": "td-hm_ssn50-k256_1xb16-400k_coco-256x192",
    "ssn": "td-hm_ssn50_1xb16-400k_coco-256x192",
    "lite-k256": "td-hm_ssn-lite-k256_1xb16-400k_coco-256x192",
    "lite-k512": "td-hm_ssn-lite-k512_1xb16-400k_coco-256x192",
    "ssn-384x288": "td-hm_ssn50_1xb16-400k_coco-384x288",
}
_CONTROL_STEMS = {"lite-k256-frozen": "td-hm_ssn-lite-k256-frozen_1xb16-400k_coco-256x192"}
_ASSERTED_STEMS = {
    "ssn-post-shift-attention": "td-hm_ssn50-post-shift-attention_1xb16-400k_coco-256x192",
    "ssn-16-fsm": "td-hm_ssn50-16-fsm_1xb16-400k_coco-256x192",
    "ssn-no-delayed-insertion": "td-hm_ssn50-no-delayed-insertion_1xb16-400k_coco-256x192",
    "ssn-no-offset-decay": "td-hm_ssn50-no-offset-decay_1xb16-400k_coco-256x192",
    "ssn-gn-fsm": "td-hm_ssn50-gn-fsm_1xb16-400k_coco-256x192",
    "ssn-sigmoid": "td-hm_ssn50-sigmoid_1xb16-400k_coco-256x192",
    "lite-k256-softplus-l1": "td-hm_ssn-lite-k256-softplus-l1_1xb16-400k_coco-256x192",
}
_ALTERNATIVES = (
    "active",
    "conv3x3",
    "conv5x5",
    "conv7x7",
    "deformable",
    "depthwise31x31",
    "dilated3x3",
    "fsm-integer",
    "non-local",
    "squeeze-excitation",
)
_ALTERNATIVE_STEMS = {
    f"lite-k256-{kind}": f"td-hm_ssn-lite-k256-{kind}_1xb16-400k_coco-256x192" for kind in _ALTERNATIVES
}

VARIANTS = tuple(_STEMS)
"""All variants, in the order of the paper's Table 1, then Table 3's SSN at 384x288."""

MEAN_POSE = "mean-pose"
"""What stands among the variants for no network at all: the training people's mean pose in each box."""

CONTROLS = {"lite-k256-frozen": "lite-k256"}
"""Networks that the paper does not have, each with the variant that it is a control for.

``lite-k256-frozen`` keeps its random offsets where they start: what it lacks of ``lite-k256`` is what learning the
offsets brings.
"""

ASSERTED = {name: "lite-k256" if name.startswith("lite") else "ssn" for name in _ASSERTED_STEMS}
"""Networks that the paper speaks of and tabulates nowhere, each with the variant that it is held against."""

ALTERNATIVES = dict.fromkeys(_ALTERNATIVE_STEMS, "lite-k256")
"""Networks in which something else takes the modules' place at their budget, each with the variant that it is held
against.
"""

BASELINES = (
    "simplebaseline-r50",
    "simplebaseline-r101",
    "simplebaseline-r152",
    "hrnet-w32",
    "hourglass52",
    "mspn50",
    "vipnas-mbv3",
    "vipnas-r50",
    "litehrnet-18",
    "mobilenetv2",
    "shufflenetv2",
    "rtmpose-t",
    "rtmpose-s",
    "ipr-r50",
    "vitpose-s",
)
"""MMPose's networks that the paper's are compared with. Each is the file of that name in ``configs/baselines``."""

_PACKAGES = {"vitpose-s": "mmpretrain"}  # beside MMPose's own

OWN_RECIPE = "/own"
"""Follows the name of a baseline that was trained by its own recipe instead of the common one."""

REFERENCE = "ssn"
"""The network that the time of all others is compared with."""

HELD_AGAINST = (
    CONTROLS
    | ASSERTED
    | ALTERNATIVES
    | dict.fromkeys((f"{name}{recipe}" for name in BASELINES for recipe in ("", OWN_RECIPE)), "ssn")
)
"""The network of the paper that each other one is held against: its small form has about that one's budget."""


def run_name(network: str, recipe: str = "common") -> str:
    """The name of what a network and a recipe make together, which is the folder of its trainings too."""
    return network if recipe == "common" else f"{network}/{recipe}"


def missing_package(baseline: str) -> str | None:
    """The package that a baseline's network needs and that is not installed; None where nothing is missing."""
    package = _PACKAGES.get(baseline)
    return package if package is not None and importlib.util.find_spec(package) is None else None


def configs_folder() -> Path:
    """The folder of the MMPose configs: the installed wheel's own, or the checkout's."""
    package = Path(mmpose_ssn.__file__).parent
    for folder in (package / ".mim" / "configs", package.parent / "configs"):
        if (folder / "ssn").is_dir():
            return folder
    raise FileNotFoundError(
        f"no configs beside {package}: expected .mim/configs in it (a wheel) or configs/ next to it (a checkout)"
    )


def config_file(variant: str) -> Path:
    """Path of the full-size config of a variant, a control or a baseline.

    Raises:
        ValueError: If there is no such variant; names those that there are.
    """
    stems = _STEMS | _CONTROL_STEMS | _ASSERTED_STEMS | _ALTERNATIVE_STEMS
    if variant in BASELINES:
        return configs_folder() / "baselines" / f"{variant}.py"
    if variant not in stems:
        raise ValueError(f"unknown variant {variant!r}, expected one of: {', '.join((*stems, *BASELINES))}")
    return configs_folder() / "ssn" / f"{stems[variant]}.py"
