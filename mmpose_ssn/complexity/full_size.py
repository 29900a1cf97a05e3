"""What each of the paper's networks costs, whole and as deployed, beside what the paper prints."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from mmengine.config import Config
from torch import Tensor

from mmpose_ssn.complexity.count import POLICY, Complexity, count

if TYPE_CHECKING:
    from mmpose_ssn.paper import PaperRow


@dataclass(frozen=True)
class PapersComplexity:
    """The counted cost of a network of the paper at full size.

    Attributes:
        paper: The row that the paper prints for it.
        whole: Cost of the network with all its predictors, as it is trained and as the paper counts it.
        deployed: Cost of the same network with its final predictor alone.
    """

    paper: PaperRow
    whole: Complexity
    deployed: Complexity

    @property
    def params_match(self) -> bool:
        """Whether the parameters, rounded to the printed digit, are the printed ones."""
        return self.paper.params_m.matches(self.whole.params / 1e6)

    @property
    def flops_match(self) -> bool:
        """Whether the operations under :data:`POLICY`, rounded to the printed digit, are the printed FLOPs."""
        return self.paper.flops_g.matches(self.whole.ops / 1e9)

    def as_row(self) -> dict[str, Any]:
        """A row of ``complexity.csv``."""
        counted = {name: getattr(self.whole, name) for name in ("params", "macs", "ops")}
        counted |= {f"deployed_{name}": getattr(self.deployed, name) for name in ("params", "macs", "ops")}
        return {
            "network": self.paper.id,
            **counted,
            "paper_params_m": self.paper.params_m.text,
            "paper_flops_g": self.paper.flops_g.text,
            "params_match": self.params_match,
            "flops_match": self.flops_match,
            "policy": POLICY,
        }


def build_network(config: Config) -> tuple[Any, tuple[int, int, int, int]]:
    """A config's pose estimator on the meta device, without weights, and the shape [1, 3, H, W] of its image."""
    import mmpose.models  # noqa: F401  registers the pose estimators
    from mmengine.registry import DefaultScope
    from mmpose.registry import MODELS

    import mmpose_ssn.plugin  # noqa: F401  registers ours, which a resolved config has not yet imported

    with DefaultScope.overwrite_default_scope("mmpose"), torch.device("meta"):
        model = MODELS.build(config.model)
    width, height = config.model.head.decoder.input_size
    return model, (1, 3, height, width)


def count_network(config: Config | Path) -> tuple[Complexity, Complexity]:
    """Count the network of a config at its own input size, without weights: (whole, deployed).

    A network whose head is MMPose's own has one predictor, so that the two are the same.
    """
    model, shape = build_network(config if isinstance(config, Config) else Config.fromfile(config))

    def final(image: Tensor) -> Any:
        return model.head(model.extract_feat(image))

    if not hasattr(model.head, "stage_predictors"):
        deployed = count(final, [model], shape)
        return deployed, deployed
    predictors = model.head.stage_predictors
    whole = count(lambda image: predictors(model.extract_feat(image)), [model], shape)
    parts = [model.backbone, predictors.predictors[predictors.final]] + ([model.neck] if model.with_neck else [])
    deployed = count(final, parts, shape)
    return whole, deployed


def count_papers_networks() -> list[PapersComplexity]:
    """Count the paper's networks on the modules that their configs build."""
    # Here, so that a config of one's own is counted where what reads the paper's tables is not installed.
    from mmpose_ssn.networks import config_file, of_groups
    from mmpose_ssn.paper import table1

    printed = table1()
    return [PapersComplexity(printed[name], *count_network(config_file(name))) for name in of_groups("paper")]
