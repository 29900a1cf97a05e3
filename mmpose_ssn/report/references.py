"""Rows that the paper does not have: our controls and the mean pose, by the names that a table shows."""

from __future__ import annotations

from mmpose_ssn.variants import CONTROLS, MEAN_POSE

_NAMES = {
    "lite-k256-frozen": "3Block + 3FSM, K = 256, offsets frozen at random",
    MEAN_POSE: "Mean pose in the box",
}

REFERENCES = {variant: _NAMES.get(variant, variant) for variant in (*CONTROLS, MEAN_POSE)}
"""Their names by id, in the order in which they are shown."""

PLACE = "not in the paper"
"""Where the paper prints them."""
