"""The paper's networks and our controls by their short names, and where their configs lie."""

from __future__ import annotations

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

VARIANTS = tuple(_STEMS)
"""All variants, in the order of the paper's Table 1, then Table 3's SSN at 384x288."""

MEAN_POSE = "mean-pose"
"""What stands among the variants for no network at all: the training people's mean pose in each box."""

CONTROLS = {"lite-k256-frozen": "lite-k256"}
"""Networks that the paper does not have, each with the variant that it is a control for.

``lite-k256-frozen`` keeps its random offsets where they start: what it lacks of ``lite-k256`` is what learning the
offsets brings.
"""


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
    """Path of a variant's full-size config.

    Raises:
        ValueError: If there is no such variant; names those that there are.
    """
    stems = _STEMS | _CONTROL_STEMS
    if variant not in stems:
        raise ValueError(f"unknown variant {variant!r}, expected one of: {', '.join(stems)}")
    return configs_folder() / "ssn" / f"{stems[variant]}.py"
