"""What each of the networks that the paper's are compared with costs at full size, beside what MMPose prints of it."""

from __future__ import annotations

import functools
from collections.abc import Iterable
from dataclasses import dataclass
from importlib import resources
from typing import Any

import yaml
from mmengine.config import Config

from mmpose_ssn.complexity.count import POLICY, Complexity
from mmpose_ssn.complexity.full_size import count_network
from mmpose_ssn.networks import config_file, network, of_groups
from mmpose_ssn.paper import PrintedNumber


@dataclass(frozen=True)
class ZooFigures:
    """What MMPose prints of a network; None where it prints nothing.

    Attributes:
        params_m: Number of parameters in millions.
        flops_g: What it calls FLOPs, in billions: :attr:`mmpose_ssn.complexity.Complexity.mmpose_flops`.
        ap: AP on COCO val2017 in percent, of the checkpoint in its zoo.
        cost_source: Where MMPose prints the first two.
    """

    params_m: PrintedNumber | None
    flops_g: PrintedNumber | None
    ap: PrintedNumber | None
    cost_source: str | None


@dataclass(frozen=True)
class ComparedComplexity:
    """The counted cost of a baseline, or of an alternative to the modules, at full size.

    Attributes:
        name: Its short id.
        input_size: Height and width of its crops in pixels, such as ``256x192``.
        counted: Its cost as deployed.
        published: What MMPose prints; nothing of an alternative.
    """

    name: str
    input_size: str
    counted: Complexity
    published: ZooFigures

    @property
    def params_match(self) -> bool | None:
        """Whether the parameters, rounded to the printed digit, are the printed ones; None where none are printed."""
        printed = self.published.params_m
        return None if printed is None else printed.matches(self.counted.params / 1e6)

    @property
    def flops_match(self) -> bool | None:
        """The same for what MMPose calls FLOPs."""
        printed = self.published.flops_g
        return None if printed is None else printed.matches(self.counted.mmpose_flops / 1e9)

    def as_row(self) -> dict[str, Any]:
        """A row for a csv file; columns that ``complexity.csv`` has too are called the same."""
        published = self.published
        return {
            "network": self.name,
            "input_size": self.input_size,
            **{figure: getattr(self.counted, figure) for figure in ("params", "macs", "ops", "mmpose_flops")},
            "published_params_m": _text(published.params_m),
            "published_flops_g": _text(published.flops_g),
            "published_ap": _text(published.ap),
            "params_match": self.params_match,
            "flops_match": self.flops_match,
            "policy": POLICY,
        }


@functools.cache
def published_figures() -> dict[str, ZooFigures]:
    """What ``published.yaml`` holds, by baseline."""
    content = yaml.safe_load(resources.files("mmpose_ssn.complexity").joinpath("published.yaml").read_text("utf-8"))
    sources = content["sources"]
    return {
        name: ZooFigures(
            params_m=_printed(figures, "params_m"),
            flops_g=_printed(figures, "flops_g"),
            ap=_printed(figures, "ap"),
            cost_source=sources[figures["cost"]] if "cost" in figures else None,
        )
        for name, figures in content["networks"].items()
    }


def count_compared(names: Iterable[str] | None = None) -> list[ComparedComplexity]:
    """Count networks on the modules that their configs build, except those that need a package that is not installed.

    Args:
        names: Short ids of the networks; by default all baselines and alternatives.
    """
    counted = []
    for name in names or (*of_groups("baseline"), *of_groups("alternative")):
        if network(name).can_be_built:
            config = Config.fromfile(config_file(name))
            width, height = config.model.head.decoder.input_size
            published = published_figures().get(name, ZooFigures(None, None, None, None))
            counted.append(ComparedComplexity(name, f"{height}x{width}", count_network(config)[1], published))
    return counted


def _printed(figures: dict[str, str], key: str) -> PrintedNumber | None:
    return PrintedNumber(figures[key]) if key in figures else None


def _text(printed: PrintedNumber | None) -> str | None:
    return None if printed is None else printed.text
