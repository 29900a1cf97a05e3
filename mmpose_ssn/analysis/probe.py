"""A look into one feature shifting module of a network at work: its intermediate maps, and what they have to do with
the heatmaps.

The network itself is not changed. While a probe runs it, hooks put
:meth:`~mmpose_ssn.models.FeatureShiftingModule.intermediates` in the place of the module's fused operators, its
normalisations evaluate, and its parameters take no gradients; afterwards everything is as it was.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from mmpose_ssn.models import FeatureShiftingModule, IntermediateMaps

FloatArray = npt.NDArray[np.float64]

Predict = Callable[[Tensor], Tensor]
"""What makes heatmaps [B, M, h, w] of images [B, C, H, W]."""


def shifting_modules(network: nn.Module) -> dict[str, FeatureShiftingModule]:
    """The inserted feature shifting modules of a network by their names in it, in the order of registration."""
    named = network.named_modules()
    return {name: one for name, one in named if isinstance(one, FeatureShiftingModule) and one.inserted}


def predictor_heatmaps(estimator: Any, predictor: str) -> Predict:
    """How an MMPose estimator with our head makes the heatmaps of one of its predictors.

    Args:
        estimator: Pose estimator whose head is a :class:`mmpose_ssn.plugin.head.StagePredictorsHead`.
        predictor: Name of a predictor, such as ``"E1"`` (silence: predictor-of-the-analyses).

    Returns:
        Function of preprocessed images [B, 3, H, W] that returns the heatmaps [B, M, H / 4, W / 4].

    Raises:
        ValueError: If the head has no such predictor.
    """
    predictors = estimator.head.stage_predictors
    if predictor not in predictors.names:
        raise ValueError(f"unknown predictor {predictor!r}, expected one of {', '.join(predictors.names)}")

    def heatmaps(images: Tensor) -> Tensor:
        predicted: Tensor = predictors(estimator.extract_feat(images), [predictor])[predictor]
        return predicted

    return heatmaps


def last_module_before(network: nn.Module, images: Tensor, predict: Predict | None = None) -> str:
    """The feature shifting module that stands right before what makes the heatmaps: that of the paper's analyses,
    FSM3, where E1 makes them (Section 4.1; silence: fsm3-of-a-small-network).

    Of the modules from which the heatmaps are reached without passing another one, it is the one that runs last.

    Args:
        network: Network with at least one inserted module.
        images: Images that the network takes, [B, C, H, W]; one is enough.
        predict: What makes the heatmaps, by default the network itself.

    Returns:
        Name of the module in the network.

    Raises:
        ValueError: If the heatmaps depend on no module.
    """
    outputs: dict[str, Tensor] = {}

    def cut(name: str) -> Callable[..., Tensor]:
        def hook(module: nn.Module, arguments: Any, output: Tensor) -> Tensor:
            outputs.pop(name, None)  # the last run counts
            outputs[name] = output.detach().requires_grad_()
            return outputs[name]

        return hook

    with evaluating(network), ExitStack() as hooks:
        for name, module in shifting_modules(network).items():
            hooks.enter_context(_removed(module.register_forward_hook(cut(name))))
        heatmaps = (predict or network)(images.detach())
    found: tuple[Tensor | None, ...] = ()
    if heatmaps.requires_grad:
        found = torch.autograd.grad(heatmaps.sum(), list(outputs.values()), allow_unused=True)
    reached = [name for name, gradient in zip(outputs, found, strict=False) if gradient is not None]
    if not reached:
        known = ", ".join(shifting_modules(network)) or "none"
        raise ValueError(f"the heatmaps depend on no inserted feature shifting module; the network has {known}")
    return reached[-1]


class Probe:
    """One module of a network, to be looked at while the network runs.

    Args:
        network: Any module that holds feature shifting modules. It is run in evaluation mode, whatever its mode is.
        module: Name of the module in the network, such as ``"backbone.fsms.layer1_2"``.
        predict: What makes heatmaps [B, M, h, w] of images and runs the module once; by default the network itself.

    Attributes:
        fsm: The module.

    Raises:
        ValueError: If the network has no inserted feature shifting module of that name.

    Example:
        >>> network = nn.Sequential(FeatureShiftingModule(3, 8), nn.Conv2d(3, 17, 1))
        >>> heatmaps, maps = Probe(network, "0").run(torch.rand(2, 3, 32, 24))
        >>> maps.shifted.shape
        torch.Size([2, 8, 32, 24])
    """

    def __init__(self, network: nn.Module, module: str, predict: Predict | None = None) -> None:
        known = shifting_modules(network)
        if module not in known:
            raise ValueError(
                f"unknown module {module!r}, expected an inserted feature shifting module of the network: "
                f"{', '.join(known) or 'it has none'}"
            )
        self.network, self.module, self.fsm = network, module, known[module]
        self._predict: Predict = predict or network

    @property
    def offsets(self) -> FloatArray:
        """Offsets [K, 2], (dx, dy) in pixels of the module's map; zeros for a module that shifts nothing."""
        offsets = self.fsm.offsets
        if offsets is None:
            return np.zeros((self.fsm.reduce.out_channels, 2))
        return offsets.detach().cpu().numpy().astype(np.float64)

    @property
    def windows(self) -> FloatArray:
        """Window positions [K, 2], (x, y) in pixels of the module's map: where each channel reads, relative to where
        it writes. They are minus the offsets (Eq. 4 and Section 4.1, "origin-inversed").
        """
        return 0.0 - self.offsets  # no negative zeros

    def run(self, images: Tensor) -> tuple[Tensor, IntermediateMaps]:
        """Run the network, and keep what leads from the module's input to the heatmaps.

        Args:
            images: Images that the network takes, [B, C, H, W].

        Returns:
            Heatmaps [B, M, h, w], and the module's maps, to which ``torch.autograd.grad`` gives the gradients. The
            graph begins at the module's input.

        Raises:
            ValueError: If the network does not run the module exactly once, or makes no heatmaps of four dimensions.
        """
        seen: list[IntermediateMaps] = []

        def open_up(module: nn.Module, arguments: tuple[Tensor, ...], output: Tensor) -> Tensor:
            seen.append(self.fsm.intermediates(arguments[0].detach().requires_grad_()))
            return seen[-1].output

        with evaluating(self.network), _removed(self.fsm.register_forward_hook(open_up)):
            heatmaps = self._predict(images.detach())
        if len(seen) != 1:
            raise ValueError(f"expected that the module {self.module!r} runs once, it ran {len(seen)} times")
        if heatmaps.dim() != 4:
            raise ValueError(f"expected heatmaps of shape [B, M, h, w], got {list(heatmaps.shape)}")
        return heatmaps, seen[0]

    def reach(self, images: Tensor, *, hold_attention: bool = False) -> IntermediateMaps:
        """Run the network up to the module and no further, and keep what leads from the images to its maps.

        Args:
            images: Images that the network takes, [B, C, H, W]. If they require a gradient, the graph begins at them,
                and else at the module's input.
            hold_attention: True takes the attention of this module, and of all that run before it, for constants.

        Raises:
            ValueError: If the network does not run the module.
        """

        def stop(module: nn.Module, arguments: tuple[Tensor, ...]) -> None:
            raise _Reached(arguments[0])

        def hold(module: FeatureShiftingModule, arguments: tuple[Tensor, ...], output: Tensor) -> Tensor:
            return module.intermediates(arguments[0], hold_attention=True).output

        with evaluating(self.network), ExitStack() as hooks:
            hooks.enter_context(_removed(self.fsm.register_forward_pre_hook(stop)))
            for other in shifting_modules(self.network).values() if hold_attention and images.requires_grad else ():
                hooks.enter_context(_removed(other.register_forward_hook(hold)))
            try:
                self._predict(images)
            except _Reached as reached:
                x = reached.x if images.requires_grad else reached.x.detach().requires_grad_()
                return self.fsm.intermediates(x, hold_attention=hold_attention)
        raise ValueError(f"expected that the network runs the module {self.module!r}, it did not")


@contextmanager
def evaluating(network: nn.Module) -> Iterator[None]:
    """Evaluate a network with gradients to what it computes and none to its parameters, and leave it as it was."""
    modes = {module: module.training for module in network.modules()}
    learned = [parameter for parameter in network.parameters() if parameter.requires_grad]
    network.eval()
    for parameter in learned:
        parameter.requires_grad_(False)
    try:
        with torch.inference_mode(False), torch.enable_grad():
            yield
    finally:
        for module, mode in modes.items():
            module.training = mode
        for parameter in learned:
            parameter.requires_grad_()


@contextmanager
def _removed(handle: Any) -> Iterator[None]:
    """Remove a hook at the end."""
    try:
        yield
    finally:
        handle.remove()


class _Reached(Exception):
    """The probed module, whose input is x, has been reached."""

    def __init__(self, x: Tensor) -> None:
        super().__init__("the probed module")
        self.x = x
