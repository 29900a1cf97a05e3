"""Every claim of the paper that counting decides, counted on the full-size networks, without weights or training."""

from __future__ import annotations

import functools
import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from enum import Enum
from itertools import zip_longest
from typing import Any, Generic, TypeVar

import torch
from mmengine.config import Config
from mmengine.hub import get_config
from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode
from torchvision.ops import DeformConv2d
from tqdm import tqdm

from mmpose_ssn.claims import Claim, claims
from mmpose_ssn.complexity.count import POLICY, Complexity, count
from mmpose_ssn.complexity.full_size import build_network, count_network
from mmpose_ssn.models import Bottleneck, FeatureShiftingModule
from mmpose_ssn.networks import config_file
from mmpose_ssn.paper import Layer, PrintedNumber, formulas, supplement

Module = TypeVar("Module", bound=nn.Module)


class Relation(Enum):
    """How a counted figure is held against its bound."""

    DIGITS = "equal to printed digits"
    ROUNDING = "equal, but for rounding, to"
    AT_MOST = "at most"
    AT_LEAST = "at least"
    ABOVE = "above"


@dataclass(frozen=True)
class CountedClaim:
    """A claim and the figure that decides it.

    Attributes:
        claim: The claim.
        counted: The figure in the claim's unit; of several that must all fit, the one that fits worst.
        relation: How it is held against :attr:`bound`.
        how: What was counted, in a few words.
        arranged: Whether the parts that the figure adds up also stand where the claim has them.
    """

    claim: Claim
    counted: float
    relation: Relation
    how: str
    arranged: bool = True

    @property
    def bound(self) -> PrintedNumber | float:
        """What the figure is held against: the printed value where it is to equal that, else the claim's margin."""
        if self.relation in (Relation.DIGITS, Relation.ROUNDING):
            return _printed(self.claim)
        return self.claim.bound

    @property
    def holds(self) -> bool:
        """Whether the claim holds; a gap of printed figures may be off by the rounding of each."""
        return (
            self.arranged
            and {
                Relation.DIGITS: lambda: _printed(self.claim).matches(self.counted),
                Relation.ROUNDING: lambda: abs(self.counted - float(_printed(self.claim))) <= self.claim.delta,
                Relation.AT_MOST: lambda: self.counted <= self.claim.bound,
                Relation.AT_LEAST: lambda: self.counted >= self.claim.bound,
                Relation.ABOVE: lambda: self.counted > self.claim.bound,
            }[self.relation]()
        )

    def as_row(self) -> dict[str, Any]:
        """A row of ``cost-claims.csv``."""
        return {
            "id": self.claim.id,
            "counted": self.counted,
            "unit": self.claim.unit,
            "relation": self.relation.value,
            "bound": str(self.bound) if isinstance(self.bound, PrintedNumber) else f"{self.bound:g}",
            "holds": self.holds,
            "how": self.how,
            "policy": POLICY,
        }


def full_size(network: str) -> Config:
    """The config of a network of a cost claim at its full size, as the paper has it.

    Args:
        network: A network's short id, or ``simplebaseline-r101`` for MMPose's own at the 384x288 of Table 3.

    Raises:
        ValueError: If there is no such network.
    """
    if network == "simplebaseline-r101":
        return get_config("mmpose::body_2d_keypoint/topdown_heatmap/coco/td-hm_res101_8xb32-210e_coco-384x288.py")
    return Config.fromfile(config_file(network))


def counted_claims(
    config: Callable[[str], Config] = full_size, costs: Mapping[str, Complexity] | None = None
) -> list[CountedClaim]:
    """Count every claim with ``decided_by: cost``, in the ledger's order.

    Args:
        config: Function that gives the config of a network by its name.
        costs: Costs of whole networks that have been counted already, by the network's name; the others are counted.

    Raises:
        LookupError: If nobody has written how to count a claim; the message names it.
    """
    networks = _Networks(config, costs or {})
    claimed = [claim for claim in claims().values() if claim.decided_by == "cost"]
    return [_counted(claim, networks) for claim in tqdm(claimed, "count", unit="claim", delay=5, leave=False)]


@dataclass(frozen=True)
class _Passed(Generic[Module]):
    """A module that an image passes, its name in the network, and the shape [B, C, H, W] of the map that it gets."""

    name: str
    module: Module
    shape: tuple[int, ...]


class _Networks:
    """The networks by name; each is built, counted and given an image when that is first asked for."""

    def __init__(self, config: Callable[[str], Config], costs: Mapping[str, Complexity]) -> None:
        self._costs = dict(costs)
        self._config = functools.cache(config)
        self._built = functools.cache(lambda name: _build(self._config(name)))
        self._passed = functools.cache(lambda name, kind: _passed(*self._built(name), kind))

    def cost(self, name: str) -> Complexity:
        """What a network costs with all its predictors."""
        if name not in self._costs:
            self._costs[name], _ = count_network(self._config(name))
        return self._costs[name]

    def modules(self, *names: str) -> list[_Passed[FeatureShiftingModule]]:
        """The feature shifting modules that an image passes in these networks."""
        return [one for name in names for one in self._passed(name, FeatureShiftingModule)]

    def blocks(self, name: str) -> list[_Passed[Bottleneck]]:
        """The Bottleneck blocks that an image passes."""
        return list(self._passed(name, Bottleneck))

    def layers(self, name: str) -> list[Layer]:
        """The layers that an image passes, in the words of the supplement's table."""
        return _layers(*self._built(name))


_FIGURES = {("parameters", "M"): ("params", 1e6), ("FLOPs", "G"): ("ops", 1e9)}
_RELATIONS = {"point": Relation.DIGITS, "difference": Relation.DIGITS, "ordering": Relation.ABOVE}
_LITE = ("lite-k256", "lite-k512")


def _counted(claim: Claim, networks: _Networks) -> CountedClaim:
    if claim.id in _OWN_COUNTS:
        return _OWN_COUNTS[claim.id](claim, networks)
    printed = claim.kind == "ordering" or claim.value is not None
    if claim.kind in _RELATIONS and (claim.quantity, claim.unit) in _FIGURES and claim.contrast and printed:
        return _weighted_sum(claim, networks)
    raise LookupError(
        f"nobody counts the claim {claim.id!r} ({claim.kind}, {claim.quantity}): write its count in {__name__}"
    )


def _weighted_sum(claim: Claim, networks: _Networks) -> CountedClaim:
    figure, unit = _FIGURES[claim.quantity, claim.unit]
    counted = sum(weight * getattr(networks.cost(name), figure) for name, weight in claim.contrast.items()) / unit
    relation = _RELATIONS[claim.kind]
    if relation is Relation.DIGITS and claim.derived:
        relation = Relation.ROUNDING
    what = {"params": "trainable parameters", "ops": "operations"}[figure]
    terms = " less ".join(sorted(claim.contrast, key=lambda name: -claim.contrast[name]))
    return CountedClaim(claim, counted, relation, f"{what} of {terms}")


def _cheaper_than_simplebaseline(claim: Claim, networks: _Networks) -> CountedClaim:
    counted = _weighted_sum(claim, networks)
    return replace(counted, how=f"{counted.how}, under one policy; SimpleBaseline's printed FLOPs are another policy's")


def _against_formula(
    claim: Claim, networks: _Networks, parameters: Callable[[FeatureShiftingModule], int], how: str
) -> CountedClaim:
    """The largest deviation of ``parameters`` from the printed formula, over the modules of four networks."""
    formula = formulas()[claim.id]
    modules = [one.module for one in networks.modules("ssn", "ssn-k256", *_LITE)]
    gap = max(abs(parameters(module) - formula.evaluate(**_symbols(module))) for module in modules)
    sizes = len({tuple(_symbols(module).values()) for module in modules})
    return CountedClaim(claim, gap, Relation.AT_MOST, f"largest deviation from the formula at {sizes} (C, K): {how}")


def _of_a_module(module: FeatureShiftingModule) -> int:
    c, k = _symbols(module).values()
    return _parameters(module) - (2 * k + c) - 2 * c  # the biases and the BN that the formula leaves out


def _of_an_active_convolution(module: FeatureShiftingModule) -> int:
    c, k = _symbols(module).values()
    with torch.device("meta"):
        positions = nn.Parameter(torch.empty(k, 2))
        return _parameters(nn.Conv2d(c, c, (1, k), bias=False)) + positions.numel()


def _of_a_deformable_convolution(module: FeatureShiftingModule) -> int:
    c, k = _symbols(module).values()
    with torch.device("meta"):
        regressor = nn.Conv2d(c, 2 * k, 1, bias=False)
        return _parameters(DeformConv2d(c, c, (1, k), bias=False)) + _parameters(regressor)


def _as_light_as_a_convolution(claim: Claim, networks: _Networks) -> CountedClaim:
    """The modules' cost over that of the 3x3 convolutions in the blocks that follow them, and over that of dense ones
    of all C channels.
    """
    blocks = {one.name.rpartition("layer")[2].replace(".", "_"): one for one in networks.blocks("ssn")}
    own, following, dense = [], [], []
    for one in networks.modules("ssn"):
        block = blocks[one.name.rpartition("layer")[2]]  # both end in the stage and the number of the block
        convolution, channels = block.module.conv2, one.shape[1]
        whole = nn.Conv2d(channels, channels, 3, padding=1, bias=False, device="meta")
        own.append(count(one.module, [one.module], one.shape))
        following.append(count(convolution, [convolution], (1, convolution.in_channels, *block.shape[2:])))
        dense.append(count(whole, [whole], one.shape))

    def ratios(others: list[Complexity]) -> list[float]:
        return [sum(getattr(c, f) for c in own) / sum(getattr(c, f) for c in others) for f in ("params", "ops")]

    (parameters, operations), (of_dense, operations_of_dense) = ratios(following), ratios(dense)
    how = (
        f"{len(own)} modules over the 3x3 convolutions of the Bottleneck blocks that follow: {parameters:.2f} times "
        f"the parameters, {operations:.2f} the operations; over dense 3x3 convolutions of all C channels "
        f"{of_dense:.2f} and {operations_of_dense:.2f}"
    )
    return CountedClaim(claim, max(parameters, operations), Relation.AT_MOST, how)


def _much_smaller(claim: Claim, networks: _Networks) -> CountedClaim:
    assert claim.subject and claim.reference
    larger, smaller = networks.cost(claim.subject), networks.cost(claim.reference)
    parameters, operations = larger.params / smaller.params, larger.ops / smaller.ops
    how = f"{claim.subject} over {claim.reference}: {parameters:.3f} parameters, {operations:.3f} operations"
    return CountedClaim(claim, min(parameters, operations), Relation.AT_LEAST, how)


def _cheaper_than_active_and_deformable(claim: Claim, networks: _Networks) -> CountedClaim:
    fsm, *others = (
        formulas()[f"{name}-parameters"] for name in ("fsm", "active-convolution", "deformable-convolution")
    )
    sizes = [_symbols(one.module) for one in networks.modules("ssn")]
    gap = min(other.evaluate(**size) - fsm.evaluate(**size) for size in sizes for other in others)
    return CountedClaim(
        claim, gap, Relation.ABOVE, f"smallest surplus of either over a module, by the formulas, {len(sizes)} modules"
    )


def _by_stage(claim: Claim, found: Sequence[_Passed[Any]], claimed: tuple[int, ...]) -> CountedClaim:
    """The number of parts that were found, and whether each stage has its claimed number of them."""
    stages = Counter(re.findall(r"layer(\d+)", " ".join(one.name for one in found)))
    each = tuple(count for _, count in sorted(stages.items()))
    how = f"passed by an image, by stage: {', '.join(map(str, each))}"
    return CountedClaim(claim, len(found), Relation.DIGITS, how, arranged=each == claimed)


def _shifting_channels(claim: Claim, found: Sequence[_Passed[FeatureShiftingModule]], how: str) -> CountedClaim:
    return _farthest(claim, [_symbols(one.module)["K"] for one in found], how)


def _lite_blocks_and_modules(claim: Claim, networks: _Networks) -> CountedClaim:
    numbers = [len(found) for name in _LITE for found in (networks.blocks(name), networks.modules(name))]
    return _farthest(claim, numbers, f"blocks and modules passed by an image, in {' and '.join(_LITE)}")


def _farthest(claim: Claim, numbers: list[int], how: str) -> CountedClaim:
    """The number that is farthest from the printed one; 0 where there are none."""
    farthest = max(numbers, key=lambda number: abs(number - float(_printed(claim))), default=0)
    return CountedClaim(claim, farthest, Relation.DIGITS, how)


def _lite_layers(claim: Claim, networks: _Networks) -> CountedClaim:
    table = supplement()
    differing = max(sum(a != b for a, b in zip_longest(table, networks.layers(name))) for name in _LITE)
    how = f"layers unlike the table's {len(table)} in type, window, stride or output, in {' and '.join(_LITE)}"
    return CountedClaim(claim, differing, Relation.AT_MOST, how)


_OWN_COUNTS: dict[str, Callable[[Claim, _Networks], CountedClaim]] = {
    "fsm-parameters": functools.partial(
        _against_formula, parameters=_of_a_module, how="real modules, less their biases and BN"
    ),
    "active-convolution-parameters": functools.partial(
        _against_formula,
        parameters=_of_an_active_convolution,
        how="a PyTorch convolution of K positions and their (x, y)",
    ),
    "deformable-convolution-parameters": functools.partial(
        _against_formula,
        parameters=_of_a_deformable_convolution,
        how="torchvision's of K positions and a 1x1 convolution to their offsets",
    ),
    "fsm-as-light-as-a-convolution": _as_light_as_a_convolution,
    "fsm-cheaper-than-active-and-deformable": _cheaper_than_active_and_deformable,
    "bottleneck-blocks": lambda claim, networks: _by_stage(claim, networks.blocks("ssn"), (3, 4, 6, 3)),
    "modules": lambda claim, networks: _by_stage(claim, networks.modules("ssn"), (3, 3, 5, 2)),
    "shifting-channels": lambda claim, networks: _shifting_channels(
        claim, networks.modules("ssn")[1:], "K of each module of ssn after the first"
    ),
    "shifting-channels-of-the-first": lambda claim, networks: _shifting_channels(
        claim, networks.modules("ssn")[:1], "K of the first module of ssn"
    ),
    "shifting-channels-of-the-first-halved": lambda claim, networks: _shifting_channels(
        claim, networks.modules("ssn-k256")[:1], "K of the first module of ssn-k256"
    ),
    "lite-blocks-and-modules": _lite_blocks_and_modules,
    "lite-much-smaller": _much_smaller,
    "lite-layers": _lite_layers,
    "ssn-cheaper-than-simplebaseline-r101": _cheaper_than_simplebaseline,
}


def _printed(claim: Claim) -> PrintedNumber:
    if claim.value is None:
        raise ValueError(f"the claim {claim.id!r} has no printed value to be equal to")
    return claim.value


def _symbols(module: FeatureShiftingModule) -> dict[str, int]:
    return {"C": module.reduce.in_channels, "K": module.reduce.out_channels}


def _parameters(module: nn.Module) -> int:
    return sum(parameter.numel() for parameter in module.parameters())


def _build(config: Config) -> tuple[nn.Module, tuple[int, int, int, int]]:
    """A network on the meta device, ready to be given an image, and the shape [1, 3, H, W] of that image."""
    model, shape = build_network(config)
    return model.eval().to("meta"), shape


def _passed(model: nn.Module, shape: tuple[int, ...], kind: type[Module]) -> list[_Passed[Module]]:
    """The modules of one kind that an image of this shape passes, in this order."""
    passed: list[_Passed[Module]] = []

    def note(name: str, module: Module, inputs: tuple[Tensor, ...]) -> None:
        passed.append(_Passed(name, module, tuple(inputs[0].shape)))

    with ExitStack() as hooks:
        for name, module in model.named_modules():
            if isinstance(module, kind):
                hooks.enter_context(module.register_forward_pre_hook(functools.partial(note, name)))
        _predict(model, shape)
    return passed


def _layers(model: nn.Module, shape: tuple[int, int, int, int]) -> list[Layer]:
    """The layers that an image passes: a block or a module is one layer, all else is as it is dispatched."""
    layers = [Layer("input", None, None, shape[1:])]
    starts: list[int] = []

    def enter(*_: Any) -> None:
        starts.append(len(layers))

    def leave(module: nn.Module, _: Any, output: Tensor) -> None:
        channels, height, width = output.shape[1:]
        layers[starts.pop() :] = [Layer(_WHOLE[type(module)], None, None, (channels, height, width))]

    with ExitStack() as hooks:
        for module in model.modules():
            if type(module) in _WHOLE:
                hooks.enter_context(module.register_forward_pre_hook(enter))
                hooks.enter_context(module.register_forward_hook(leave))
        hooks.enter_context(_Recorder(layers))
        _predict(model, shape)
    return layers


def _predict(model: nn.Module, shape: tuple[int, ...]) -> None:
    with torch.no_grad():
        model.head.stage_predictors(model.extract_feat(torch.empty(shape, device="meta")))  # type: ignore[union-attr,operator]


_WHOLE: dict[type[nn.Module], str] = {FeatureShiftingModule: "FSM", Bottleneck: "Bottleneck"}
_FOLLOWS = {"native_group_norm": "GN", "native_batch_norm": "BN", "relu": "ReLU", "relu_": "ReLU"}


class _Recorder(TorchDispatchMode):
    """Appends each layer that is dispatched; normalisation and ReLU belong to the layer before them."""

    def __init__(self, layers: list[Layer]) -> None:
        super().__init__()
        self.layers = layers

    def __torch_dispatch__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        result = func(*args, **(kwargs or {}))
        name = func._schema.name.split("::")[1]
        output = result[0] if isinstance(result, tuple) else result
        size = tuple(output.shape[1:])
        if name == "convolution":
            self.layers.append(Layer("conv", args[1].shape[-1], args[3][0], size))
        elif name == "max_pool2d_with_indices":
            self.layers.append(Layer("max pool", args[1][0], args[2][0], size))
        elif name in _FOLLOWS:
            self.layers[-1] = replace(self.layers[-1], layer=f"{self.layers[-1].layer}-{_FOLLOWS[name]}", output=size)
        elif name != "empty":  # the image, and what a batch norm keeps for a training
            self.layers.append(Layer(name, None, None, size))
        return result
