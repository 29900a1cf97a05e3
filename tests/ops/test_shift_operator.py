"""To PyTorch the shift is one operator, traceable on shapes alone, and it names what it got and expected when it
refuses.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys

import pytest
import torch
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.fx.experimental.proxy_tensor import make_fx

from mmpose_ssn.models import FeatureShiftingModule
from mmpose_ssn.ops import available_backends, gated_shift, shift

CASES = {
    "float32": lambda: torch.randn(2, 3, 4, 5),
    "bfloat16": lambda: torch.randn(2, 3, 4, 5, dtype=torch.bfloat16),
    "channels last": lambda: torch.randn(2, 3, 4, 5).to(memory_format=torch.channels_last),
    "empty batch": lambda: torch.randn(0, 3, 4, 5),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_opcheck_of_forward_and_backward(backend, case):
    x, offsets = case().requires_grad_(), torch.randn(3, 2, requires_grad=True)
    torch.library.opcheck(torch.ops.mmpose_ssn.shift.default, (x, offsets, backend))
    grad, x, offsets = torch.randn(x.shape).to(x.dtype), x.detach(), offsets.detach()
    torch.library.opcheck(torch.ops.mmpose_ssn.shift_backward.default, (grad, x, offsets, backend))


def test_fake_tensors_tell_shape_dtype_and_layout_without_computing(backend):
    with FakeTensorMode():
        x = torch.empty(1000, 4096, 512, 512, dtype=torch.bfloat16).to(memory_format=torch.channels_last)
        x.requires_grad_()
        offsets = torch.empty(4096, 2, requires_grad=True)
        shifted = shift(x, offsets, backend)
        assert (shifted.shape, shifted.dtype, shifted.is_contiguous()) == (x.shape, torch.bfloat16, True)
        grads = torch.autograd.grad(shifted.float().sum(), (x, offsets))
    assert [(g.shape, g.dtype) for g in grads] == [(x.shape, torch.bfloat16), (offsets.shape, torch.float32)]


def test_a_trace_sees_one_operation_whichever_back_end_computes_it(backend):
    graph = make_fx(lambda x, offsets: shift(x, offsets, backend))(torch.randn(1, 2, 3, 4), torch.randn(2, 2)).graph
    assert [node.target for node in graph.nodes if node.op == "call_function"] == [torch.ops.mmpose_ssn.shift.default]


def values_and_gradients(function, *tensors):
    leaves = [t.clone().requires_grad_() for t in tensors]
    value = function(*leaves)
    return [value.detach(), *torch.autograd.grad(value, leaves)]


@pytest.mark.skipif(
    not any(map(shutil.which, (os.environ.get("CXX", "g++"), "clang++"))), reason="inductor needs a C++ compiler"
)
@pytest.mark.parametrize("form", ["shift", "gated_shift"])
def test_inductor_compiles_it_into_its_neighbourhood(form, randn):
    operator = {"shift": shift, "gated_shift": lambda x, offsets: gated_shift(x, 2 * x, offsets)}[form]
    tensors = randn(2, 3, 6, 5), 2 * randn(3, 2)

    def loss(x, offsets):
        return (torch.relu(operator(torch.sin(x), offsets)) * x).sum()

    torch._dynamo.reset()
    compiled = torch.compile(loss, fullgraph=True, backend="inductor")
    got, expected = values_and_gradients(compiled, *tensors), values_and_gradients(loss, *tensors)
    for a, b in zip(got, expected, strict=True):
        torch.testing.assert_close(a, b)


@pytest.mark.parametrize("wanted", [(True, True), (True, False), (False, True), (False, False)], ids=str)
def test_a_result_needs_a_gradient_where_an_argument_does(wanted, randn):
    x, offsets = (t.requires_grad_(w) for t, w in zip((randn(1, 2, 3, 4), randn(2, 2)), wanted, strict=True))
    assert shift(x, offsets).requires_grad == any(wanted)
    assert gated_shift(x, x.detach(), offsets).requires_grad == any(wanted)
    with torch.no_grad():
        assert not shift(x, offsets).requires_grad


@pytest.mark.parametrize(
    ("x", "offsets", "backend_name", "named"),
    [
        (torch.zeros(3, 4, 5), torch.zeros(3, 2), "torch", ["[B, K, H, W]", "[3, 4, 5]"]),
        (torch.zeros(1, 1, 3, 4, 5), torch.zeros(1, 2), "torch", ["[B, K, H, W]", "[1, 1, 3, 4, 5]"]),
        (torch.zeros(1, 3, 4, 5), torch.zeros(4, 2), "torch", ["3 channels", "[3, 2]", "[4, 2]"]),
        (torch.zeros(1, 3, 4, 5), torch.zeros(3, 3), "torch", ["[3, 2]", "[3, 3]"]),
        (torch.zeros(1, 3, 4, 5), torch.zeros(6), "torch", ["[3, 2]", "[6]"]),
        (torch.zeros(1, 3, 4, 5).int(), torch.zeros(3, 2), "torch", ["floating point", "torch.int32"]),
        (torch.zeros(1, 3, 4, 5), torch.zeros(3, 2).long(), "torch", ["floating point", "torch.int64"]),
        (torch.zeros(1, 3, 4, 5), torch.zeros(3, 2), "cuda", ["'cuda'", "'torch'", "'reference'"]),
    ],
)
def test_a_refusal_names_what_was_got_and_what_was_expected(x, offsets, backend_name, named):
    with pytest.raises(ValueError, match=re.escape(named[0])) as refusal:
        shift(x, offsets, backend_name)
    assert all(part in str(refusal.value) for part in named)


def test_torch_and_reference_are_always_usable():
    assert {name: available_backends().get(name, "missing") for name in ("torch", "reference")} == {
        "torch": None,
        "reference": None,
    }


@pytest.mark.parametrize("form", ["shift", "gated_shift"])
def test_transforms_of_torch_func_give_autograds_gradients(form, randn):
    operator = {"shift": shift, "gated_shift": lambda x, offsets: gated_shift(x, 2 * x, offsets)}[form]
    x, offsets = randn(3, 2, 6, 5), 2 * randn(2, 2)

    def loss(x, offsets):
        return operator(x, offsets).square().sum()

    _, *expected = values_and_gradients(loss, x, offsets)
    for got, wanted in zip(torch.func.grad(loss, argnums=(0, 1))(x, offsets), expected, strict=True):
        torch.testing.assert_close(got, wanted)
    of_each = torch.func.vmap(torch.func.grad(lambda one: loss(one[None], offsets)))(x)
    torch.testing.assert_close(of_each, expected[0])


HIDDEN = """
import sys
sys.modules["numba"] = None
import torch
import mmpose_ssn.ops

image, expected = torch.load(sys.argv[1], weights_only=True)
traced = torch.jit.load(sys.argv[2])
torch.testing.assert_close(traced(image), expected)
exported = torch.export.load(sys.argv[3])
torch.testing.assert_close(exported.module()(image), expected)
"""


def test_traced_and_exported_graphs_run_where_there_is_no_numba(tmp_path):
    module = FeatureShiftingModule(4, 6).eval()
    image = torch.randn(1, 4, 5, 3)
    with torch.no_grad():
        torch.save((image, module(image)), tmp_path / "maps.pt")
        torch.jit.trace(module, image).save(tmp_path / "traced.pt")
        torch.export.save(torch.export.export(module, (image,)), tmp_path / "exported.pt2")
    files = [str(tmp_path / name) for name in ("maps.pt", "traced.pt", "exported.pt2")]
    done = subprocess.run([sys.executable, "-W", "ignore", "-c", HIDDEN, *files], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
