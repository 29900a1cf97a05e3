"""Which back end computes a shift, and what must not change its result: strides, threads and processes."""

from __future__ import annotations

import multiprocessing
import warnings
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import torch

from mmpose_ssn.ops import available_backends, numba_cpu, shift
from mmpose_ssn.ops.shift import ENVIRONMENT_VARIABLE, choose_backend

needs_numba = pytest.mark.skipif(
    available_backends()["numba"] is not None, reason=f"numba: {available_backends()['numba']}"
)


@needs_numba
@pytest.mark.parametrize(
    ("dtype", "expected"),
    [(torch.float32, "numba"), (torch.bfloat16, "numba"), (torch.float64, "torch"), (torch.float16, "torch")],
)
def test_the_fastest_that_takes_the_map_is_chosen(dtype, expected, monkeypatch):
    monkeypatch.delenv(ENVIRONMENT_VARIABLE, raising=False)
    assert choose_backend(torch.zeros(1, 1, 2, 2, dtype=dtype)) == expected
    assert choose_backend(torch.zeros(1, 1, 2, 2, dtype=dtype, device="meta")) == "torch"


def test_the_environment_chooses_where_the_argument_does_not(monkeypatch):
    x = torch.zeros(1, 1, 2, 2)
    monkeypatch.setenv(ENVIRONMENT_VARIABLE, "reference")
    assert choose_backend(x) == "reference"
    assert choose_backend(x, "torch") == "torch"
    monkeypatch.setenv(ENVIRONMENT_VARIABLE, "abacus")
    with pytest.raises(ValueError, match="unknown shift back end 'abacus', expected 'auto' or one of"):
        choose_backend(x)


def test_a_missing_back_end_gives_way_with_a_single_warning(monkeypatch, randn):
    from mmpose_ssn.ops.shift import _warn_once

    monkeypatch.setattr(numba_cpu, "missing", lambda: "not on this machine")
    _warn_once.cache_clear()
    x, offsets = randn(1, 2, 4, 4), randn(2, 2)
    with pytest.warns(UserWarning, match="not on this machine.*'torch' takes its place") as caught:
        first, second = shift(x, offsets, "numba"), shift(x, offsets, "numba")
    assert len(caught) == 1
    assert torch.equal(first, shift(x, offsets, "torch"))
    assert torch.equal(first, second)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert torch.equal(shift(x, offsets), first)  # nobody asked for it: nothing to warn of


@pytest.fixture(params=[(67, 40, 50), (67, 41, 39), (17, 83, 51)], ids=str)
def large(request, randn, monkeypatch):
    """Enough for several threads to share, as little as it is; neither channels nor positions divide evenly."""
    monkeypatch.setattr(numba_cpu, "_LEAST_WORK", 1 << 12)
    shape = 2, *request.param
    return randn(*shape), 5 * randn(shape[1], 2), randn(*shape)


def gradients(x, offsets, grad, backend="numba"):
    x, offsets = x.clone().requires_grad_(), offsets.clone().requires_grad_()
    out = shift(x, offsets, backend)
    out.backward(grad)
    return out.detach(), x.grad, offsets.grad


@needs_numba
def test_threads_change_no_bit(large):
    torch.set_num_threads(1)
    alone = gradients(*large)
    for threads in (2, 3):
        torch.set_num_threads(threads)
        assert all(torch.equal(a, b) for a, b in zip(alone, gradients(*large), strict=True))


@needs_numba
def test_callers_side_by_side_change_no_bit(large):
    torch.set_num_threads(2)
    expected = gradients(*large)
    with ThreadPoolExecutor(4) as callers:
        results = [callers.submit(gradients, *large) for _ in range(12)]
        for result in results:
            assert all(torch.equal(a, b) for a, b in zip(expected, result.result(), strict=True))


@needs_numba
@pytest.mark.parametrize("layout", ["channels last", "slice", "broadcast"])
def test_strides_change_no_bit(large, layout):
    x, offsets, grad = large
    strided = {
        "channels last": lambda x: x.to(memory_format=torch.channels_last),
        "slice": lambda x: torch.cat([x, x], dim=3)[..., : x.shape[3]],
        "broadcast": lambda x: x[:1, :, :1].expand_as(x),
    }[layout]
    x = strided(x)
    assert not x.is_contiguous()
    contiguous = gradients(x.contiguous(), offsets, strided(grad).contiguous())
    out = shift(x, offsets, "numba")
    assert torch.equal(out, contiguous[0])
    grads = torch.ops.mmpose_ssn.shift_backward(strided(grad), x, offsets, "numba")
    assert all(torch.equal(a, b) for a, b in zip(grads, contiguous[1:], strict=True))


def _shift_in_child(large, queue):
    torch.set_num_threads(2)
    queue.put(shift(large[0], large[1], "numba").numpy())


@needs_numba
def test_a_forked_process_shifts_like_its_parent(large):
    torch.set_num_threads(2)
    expected = shift(large[0], large[1], "numba")  # the parent's threads are running now
    context = multiprocessing.get_context("fork")
    queue = context.Queue()
    child = context.Process(target=_shift_in_child, args=(large, queue))
    child.start()
    got = queue.get(timeout=60)
    child.join(timeout=60)
    assert child.exitcode == 0
    assert (got == expected.numpy()).all()


@needs_numba
@pytest.mark.parametrize("size", [(1, 1), (1, 6), (3, 5), (4, 3), (7, 16), (4, 17)], ids=str)
@pytest.mark.parametrize("channels", [1, 7, 8, 9, 17])
@pytest.mark.parametrize("dtype", [np.float32, np.uint16], ids=["float32", "bfloat16"])
def test_each_block_of_channels_writes_its_own_maps_and_nothing_else(dtype, channels, size):
    from mmpose_ssn.ops import numba_kernels as kernels

    shape, count, untouched = (2, channels, *size), 2 * channels * size[0] * size[1], 12345
    table, generator = kernels.positions(*size), np.random.default_rng(0)
    offsets = generator.normal(0, 3, (channels, 2)).astype(np.float32)
    # bfloat16's bits of 1 to 2; and whatever is read beyond the maps is not a number
    values = {
        np.float32: lambda: generator.normal(size=count),
        np.uint16: lambda: generator.integers(16256, 16384, count),
    }
    nan = {np.float32: np.nan, np.uint16: 0x7FC0}[dtype]
    edge = np.full(kernels.padded(size[0] * size[1]) + 2 * kernels.margin(*size), nan, dtype)
    room = np.full(3 * kernels.padded(size[0] * size[1]) + edge.size, np.nan, np.float32)
    x, logits, grad = (values[dtype]().astype(dtype) for _ in range(3))
    by_offsets = np.full((channels, 2), untouched, np.float64)

    def buffers(number):
        whole = [np.full(count + 64, untouched, dtype) for _ in range(number)]
        return whole, [one[32 : 32 + count] for one in whole]

    def check(whole, first, last):
        for one in whole:
            assert (one[:32] == untouched).all() and (one[32 + count :] == untouched).all()
            written = (one[32 : 32 + count].reshape(shape) != untouched).any((0, 2, 3))
            assert written[first:last].all() and not written[:first].any() and not written[last:].any()

    for first in range(0, channels, kernels.BLOCK):
        part = first, min(first + kernels.BLOCK, channels)
        whole, (out,) = buffers(1)
        kernels.shift_channels(x, out, offsets, table, edge, shape, *part)
        check(whole, *part)
        whole, (grad_x,) = buffers(1)
        kernels.shift_channels_backward(grad, x, grad_x, offsets, by_offsets, table, edge, shape, *part)
        check(whole, *part)
        for moving in (True, False):
            whole, (out,) = buffers(1)
            kernels.gate_channels(x, logits, out, moving, offsets, table, edge, room, shape, *part, 0)
            check(whole, *part)
            whole, (grad_x, grad_logits) = buffers(2)
            kernels.gate_channels_backward(
                *(grad, x, logits, grad_x, grad_logits, moving, offsets, by_offsets, table, edge, room, shape),
                *(*part, 0),
            )
            check(whole, *part)
        assert np.isfinite(by_offsets[first : part[1]]).all()
