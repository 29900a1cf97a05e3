"""Definition of ``torch.library`` operators with as little overhead around each call as possible.

``torch.library.custom_op`` checks and wraps every call, which takes a tenth of the time of a shift of small maps with
its gradients. Here an operator consists of its schema, one function for all devices, one for shapes alone, and either a
backward or the refusal of one. This is all that tracing, ``torch.compile`` and ``opcheck`` ask for. ``torch.func``
wants an ``autograd.Function`` of another form, which takes more time and is used there alone.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

_library = torch.library.Library("mmpose_ssn", "FRAGMENT")


def define(
    schema: str,
    compute: Callable[..., Any],
    shapes: Callable[..., Any],
    gradients: Callable[..., tuple[Tensor | None, ...]] | None = None,
) -> Callable[..., Any]:
    """Register ``mmpose_ssn::<schema>``.

    Args:
        schema: Schema of the operator: its name, arguments and results. The last argument is no tensor; every other one
            is a tensor or None.
        compute: Function that computes the results on every device. It must neither change its arguments nor return one
            of them.
        shapes: Function of the same arguments, as fake tensors, that returns results of the right shape and dtype
            alone.
        gradients: Function that is called with the gradient by the only output and all arguments; it returns one
            gradient, or None, for each argument but the last. Without it, backward through the operator raises
            RuntimeError.

    Returns:
        The operator, to be called like ``compute``. Transforms of ``torch.func`` work through this function, and not
        through ``torch.ops``.
    """
    name = schema.partition("(")[0]
    _library.define(schema, tags=(torch.Tag.pt2_compliant_tag,))
    operator = getattr(torch.ops.mmpose_ssn, name).default

    def gradients_of(ctx: Any, *grad: Tensor) -> tuple[Tensor | None, ...]:
        if gradients is None:
            raise RuntimeError(f"mmpose_ssn::{name} has no derivative")
        return *gradients(*grad, *ctx.saved_tensors, ctx.last), None

    class Transformable(torch.autograd.Function):
        generate_vmap_rule = True
        backward = staticmethod(gradients_of)

        @staticmethod
        def forward(*arguments: Any) -> Any:
            return operator(*arguments)

        @staticmethod
        def setup_context(ctx: Any, inputs: tuple[Any, ...], output: Any) -> None:
            ctx.save_for_backward(*inputs[:-1])
            ctx.last = inputs[-1]

    class Differentiable(torch.autograd.Function):
        backward = staticmethod(gradients_of)

        @staticmethod
        def forward(ctx: Any, *arguments: Any) -> Any:
            ctx.save_for_backward(*arguments[:-1])
            ctx.last = arguments[-1]
            with torch._C._AutoDispatchBelowAutograd():
                return operator(*arguments)

    def differentiate(*arguments: Any) -> Any:
        if torch.is_grad_enabled() and any(tensor is not None and tensor.requires_grad for tensor in arguments[:-1]):
            return Differentiable.apply(*arguments)
        with torch._C._AutoDispatchBelowAutograd():
            return operator(*arguments)

    _library.impl(name, compute, "CompositeExplicitAutograd")
    _library.impl(name, differentiate, "Autograd")
    torch.library.register_fake(f"mmpose_ssn::{name}", shapes, lib=_library)

    def call(*arguments: Any) -> Any:
        if not torch.compiler.is_compiling() and torch._C._are_functorch_transforms_active():
            return Transformable.apply(*arguments)
        return operator(*arguments)

    return call
