"""LLVM makes vectors of float32 of every loop over a map, for the processor that the tests run on or are compiled for.

Its cost model decides that anew for each loop, and decides otherwise where a map is read only on a condition; and Numba
widens a loop to float64 where one number of several is not said to be float32.
"""

from __future__ import annotations

import importlib.util
import re
import sys

import pytest

numba = pytest.importorskip("numba")
types = numba.types

from mmpose_ssn.ops import numba_kernels  # noqa: E402

LOOPS = {
    "shift_channels": {"_shift_map", "_copy"},
    "shift_channels_backward": {"_unshift_map", "_copy"},
    "gate_channels": {"_shift_map", "_copy", "_gate_map", "_multiply"},
    "gate_channels_backward": {
        *("_shift_map", "_unshift_map", "_copy", "_gate_map_and_slope", "_into_shift_and_gate", "_into_logits"),
    },
}


@pytest.fixture
def kernels(monkeypatch, tmp_path):
    """The kernels as a module of its own, nothing of which is compiled yet."""
    monkeypatch.setattr(numba.config, "CACHE_DIR", str(tmp_path))
    spec = importlib.util.spec_from_file_location("fresh_kernels", numba_kernels.__file__)
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, "fresh_kernels", module)
    spec.loader.exec_module(module)
    return module


def arguments(kernel, maps):
    """Types of a kernel's arguments for maps of a type."""
    offsets, sums, table = types.float32[:, ::1], types.float64[:, ::1], types.int32[::1]
    rooms, shape = types.float32[::1], types.UniTuple(types.int64, 4)
    tail = (shape, types.int64, types.int64)
    return {
        "shift_channels": (maps, maps, offsets, table, maps, *tail),
        "shift_channels_backward": (maps, maps, maps, offsets, sums, table, maps, *tail),
        "gate_channels": (maps, maps, maps, types.boolean, offsets, table, maps, rooms, *tail, types.int64),
        "gate_channels_backward": (
            *(maps, maps, maps, maps, maps, types.boolean),
            *(offsets, sums, table, maps, rooms, *tail, types.int64),
        ),
    }[kernel]


@pytest.mark.parametrize("dtype", ["float32", "uint16"])
@pytest.mark.parametrize("kernel", LOOPS)
def test_every_loop_over_a_map_stores_vectors_of_float32(kernel, dtype, kernels):
    getattr(kernels, kernel).compile(arguments(kernel, getattr(types, dtype)[::1]))
    for name in LOOPS[kernel]:
        loop = getattr(kernels, name)
        assert loop.signatures
        for signature in loop.signatures:
            code = loop.inspect_llvm(signature)
            assert re.search(r"store <(4|8|16|32) x (float|i16|i32)>", code), (name, signature)
            assert not re.search(r"@(expf?|log1?pf?)\(", code), (name, signature)
            assert not re.search(r"x double>|float64", f"{code} {signature}"), (name, signature)
