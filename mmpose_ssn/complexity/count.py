"""Counts what a network costs by watching the operations that it really dispatches, on shapes alone.

The policy ``conv-macs + elementwise`` (a plain one, which fits the FLOPs that the paper prints for its ten networks):

- MACs: multiply-accumulates of convolutions, and of matrix products, which none of the paper's networks has.
- ops: MACs, plus one for every other arithmetic operation at inference: a convolution's bias 1 per output element;
  normalisation 2 (folded scale and shift); ReLU, add, multiply, divide, square, softplus, sigmoid and its relatives,
  clamping, max pool 1 per output element; spatial sum or mean 1 per input element; a norm 2 (square, sum); softmax 3
  (exponential, sum, division); bilinear resize 7 per output element; the shift 7 (4 products, 3 sums), whichever back
  end computes it; deformable convolution 8 per tap, channel and position (the same, and its mask). What only moves
  data, such as a concatenation or a nearest-neighbour resize, is free.
- MMPose's FLOPs: MACs, biases, normalisation and ReLU, which is what MMPose's tables print under that name
  (``published.yaml``): additions, other activations and resizes are missing there.

An operation that the policy does not name raises: nothing is left out silently.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode

POLICY = "conv-macs + elementwise"

_PER_OUTPUT_ELEMENT = {
    "native_group_norm": 2,
    "native_batch_norm": 2,
    "_native_batch_norm_legit_no_training": 2,
    "cudnn_batch_norm": 2,
    "native_layer_norm": 2,
    "relu": 1,
    "relu_": 1,
    "hardtanh_": 1,  # ReLU6
    "hardsigmoid_": 1,
    "hardswish_": 1,
    "silu_": 1,
    "clamp": 1,
    "clamp_": 1,
    "add": 1,
    "add_": 1,
    "mul": 1,
    "div": 1,
    "pow": 1,
    "softplus": 1,
    "sigmoid": 1,
    "_softmax": 3,
    "_safe_softmax": 3,
    "max_pool2d_with_indices": 1,
    "upsample_bilinear2d": 7,
    "shift": 7,
}
_PER_INPUT_ELEMENT = {"sum": 1, "mean": 1, "_adaptive_avg_pool2d": 1, "linalg_vector_norm": 2}
_MATRIX_PRODUCTS = {"mm", "bmm"}
_FREE = {
    "clamp_min",  # guards one number a channel against underflow
    "_cuda_version",  # asked by torchvision
    # names data
    *(
        "empty",
        "zeros",
        "squeeze",
        "detach",
        "expand",
        "view",
        "_unsafe_view",
        "unsqueeze",
        "transpose",
        "t",
        "permute",
    ),
    *("split", "split_with_sizes", "unbind"),
    # moves data
    *("clone", "cat", "upsample_nearest2d"),
}
_MMPOSE = {"bias", "native_batch_norm", "native_group_norm", "native_layer_norm", "relu", "relu_", "hardtanh_"}


class UncountedOperation(NotImplementedError):
    """A network dispatched an operation that the counting policy does not name."""


@dataclass(frozen=True)
class Complexity:
    """What a network costs at inference, for one image.

    Attributes:
        params: Number of trainable parameters.
        macs: Number of multiply-accumulates of convolutions and matrix products.
        ops: Number of operations under :data:`POLICY`.
        mmpose_flops: What MMPose's tables print as FLOPs.
    """

    params: int
    macs: int
    ops: int
    mmpose_flops: int


def count(forward: Callable[[Tensor], Any], modules: Iterable[nn.Module], input_shape: tuple[int, ...]) -> Complexity:
    """Count what ``forward`` dispatches for an input of ``input_shape`` [B, C, H, W], and the parameters of
    ``modules``.

    The modules are moved to the meta device and to evaluation mode: give networks made for counting. Nothing is
    computed.

    Raises:
        UncountedOperation: If the policy lacks an operation; the message names it.
    """
    modules = [module.eval().to("meta") for module in modules]
    with torch.no_grad(), _Counter() as counter:
        forward(torch.empty(input_shape, device="meta"))
    parameters = {id(p): p.numel() for module in modules for p in module.parameters() if p.requires_grad}
    return Complexity(
        params=sum(parameters.values()),
        macs=counter.macs,
        ops=counter.macs + sum(counter.others.values()),
        mmpose_flops=counter.macs + sum(counter.others[name] for name in _MMPOSE),
    )


class _Counter(TorchDispatchMode):
    def __init__(self) -> None:
        super().__init__()
        self.macs = 0
        self.others: Counter[str] = Counter()

    def __torch_dispatch__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        result = func(*args, **(kwargs or {}))
        name = func._schema.name.split("::")[1]
        output = result[0] if isinstance(result, tuple) else result
        if name == "convolution":
            weight, bias = args[1], args[2]
            positions = output.shape[0] * math.prod(output.shape[2:])
            # weight is [out, in / groups, h, w], or [in, out / groups, h, w] where it is transposed: its size counts
            # the same taps.
            self.macs += weight.numel() * (math.prod(args[0].shape[2:]) * args[0].shape[0] if args[6] else positions)
            self.others["bias"] += output.numel() if bias is not None else 0
        elif name == "deform_conv2d":
            weight, positions = args[1], output.shape[0] * math.prod(output.shape[2:])
            self.macs += weight.numel() * positions
            # Every tap reads each channel between four pixels, as the shift does, and weighs it by its mask.
            self.others[name] += 8 * args[0].shape[1] * math.prod(weight.shape[2:]) * positions
        elif name in _MATRIX_PRODUCTS:
            self.macs += output.numel() * args[0].shape[-1]
        elif name in _PER_OUTPUT_ELEMENT:
            self.others[name] += _PER_OUTPUT_ELEMENT[name] * output.numel()
        elif name in _PER_INPUT_ELEMENT:
            self.others[name] += _PER_INPUT_ELEMENT[name] * args[0].numel()
        elif name not in _FREE:
            raise UncountedOperation(
                f"the counting policy {POLICY!r} does not name the operation {func}: add it to {__name__}"
            )
        return result
