"""The Triton kernels in Triton's interpreter, on small shapes: the same values, gradients and borders as the reference.

The interpreter is chosen before Triton is imported, hence the process of its own.
"""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

pytest.importorskip("triton")

PROGRAM = """
import torch
from mmpose_ssn.ops import shift
from mmpose_ssn.ops.shift import choose_backend

generator = torch.Generator().manual_seed(0)
whole = torch.tensor([[1.0, -2.0], [0.0, 40.0], [-1.0, 1.0]])
cases = [(2, 3, 5, 7), (1, 2, 1, 6), (2, 2, 4, 1), (1, 2, 1, 1), (1, 2, 20, 17), (0, 2, 3, 3)]
for shape in cases:
    x, grad = (torch.randn(shape, generator=generator) for _ in range(2))
    assert choose_backend(x, "triton") == "triton"
    for offsets in (2 * torch.randn(shape[1], 2, generator=generator), whole[: shape[1]]):
        results = []
        for backend in ("triton", "reference"):
            leaf, by = x.clone().requires_grad_(), offsets.clone().requires_grad_()
            out = shift(leaf, by, backend)
            out.backward(grad)
            results.append((out.detach(), leaf.grad, by.grad))
        for got, expected in zip(*results):
            torch.testing.assert_close(got, expected, rtol=1e-5, atol=1e-5)
x = torch.ones(1, 3, 4, 4)
offsets = torch.tensor([[float("inf"), 0.0], [float("nan"), 0.0], [0.0, -float("inf")]])
out = shift(x, offsets, "triton")
assert (out[0, 0] == 0).all() and out[0, 1].isnan().all() and (out[0, 2] == 0).all()
half = torch.randn(1, 2, 6, 5, generator=generator).bfloat16()
offsets = torch.tensor([[0.5, -0.25], [1.75, 2.0]])
torch.testing.assert_close(shift(half, offsets, "triton"), shift(half, offsets, "reference"), rtol=2**-7, atol=1e-6)
print("agrees")
"""


def test_agrees_with_the_reference_in_the_interpreter() -> None:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        env={**os.environ, "TRITON_INTERPRET": "1", "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip().endswith("agrees")


def test_is_not_chosen_unless_named() -> None:
    import torch

    from mmpose_ssn.ops.shift import choose_backend

    assert choose_backend(torch.zeros(1, 1, 1, 1, device="meta")) == "torch"
