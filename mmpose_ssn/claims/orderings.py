"""Which network does better than which, by the paper's Table 1, loaded from the YAML file beside this module."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from mmpose_ssn.checked_yaml import load_checked
from mmpose_ssn.paper.printed import PrintedNumber


@dataclass(frozen=True)
class Ordering:
    """The statement that one network does better than another, by their final predictors' mAP.

    Attributes:
        id: Short id of the ordering.
        higher: Short id of the network that is said to do better.
        lower: Short id of the other network.
        place: Where the paper prints or states the ordering, in our words.
        difference: Gap between the printed mAP on COCO val2017, in AP points; None for an ordering of ours.
        ours: Whether the ordering is ours, which the paper does not state.
    """

    id: str
    higher: str
    lower: str
    place: str
    difference: PrintedNumber | None = None
    ours: bool = False


def orderings() -> dict[str, Ordering]:
    """The orderings of Table 1, then ours, keyed by id in the order in which they are shown.

    Raises:
        jsonschema.ValidationError: If ``orderings.yaml`` does not fit ``orderings.schema.yaml``; the error names the
            field.
    """
    loaded = load_checked("mmpose_ssn.claims", "orderings")
    return {name: _ordering(name, fields) for name, fields in loaded.items()}


def _ordering(name: str, fields: dict[str, Any]) -> Ordering:
    printed = {"difference": PrintedNumber(fields["difference"])} if "difference" in fields else {}
    return Ordering(id=name, **{**fields, **printed})
