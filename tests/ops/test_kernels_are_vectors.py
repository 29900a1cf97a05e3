"""LLVM makes vectors of every loop over a map, for the processor that the tests run on or are compiled for.

Its cost model decides that anew for each loop, and decides otherwise where a map is read only on a condition.
"""

from __future__ import annotations

import re

import pytest

numba = pytest.importorskip("numba")
types = numba.types

from mmpose_ssn.ops import numba_kernels as kernels  # noqa: E402

INTEGER, REAL, FLOAT32 = types.int64, types.float32, types.float32[::1]
VIEW = types.Tuple((INTEGER, INTEGER, INTEGER, types.int32, types.int32, types.int32, types.int32))
WEIGHTS, TABLE = types.UniTuple(REAL, 4), types.int32[::1]


def loops(maps):
    """Arguments of every loop for maps of a type."""
    return {
        "_shift_map": (maps, INTEGER, maps, INTEGER, INTEGER, INTEGER, TABLE, VIEW, WEIGHTS),
        "_unshift_map": (maps, INTEGER, maps, INTEGER, maps, INTEGER, INTEGER, TABLE, VIEW, REAL, REAL),
        "_copy": (maps, INTEGER, maps, INTEGER, INTEGER),
        "_gate_map": (maps, INTEGER, INTEGER, FLOAT32, INTEGER),
        "_gate_map_and_slope": (maps, INTEGER, INTEGER, FLOAT32, FLOAT32, INTEGER),
        "_multiply": (FLOAT32, FLOAT32, REAL, maps, INTEGER, INTEGER),
        "_into_shift_and_gate": (maps, INTEGER, FLOAT32, REAL, FLOAT32, INTEGER, FLOAT32, INTEGER),
        "_into_logits": (FLOAT32, REAL, FLOAT32, REAL, maps, INTEGER, INTEGER),
    }


@pytest.mark.parametrize("dtype", ["float32", "uint16"])
@pytest.mark.parametrize("name", loops(FLOAT32))
def test_every_loop_over_a_map_stores_vectors(name, dtype):
    kernel = getattr(kernels, name)
    signature = loops(getattr(types, dtype)[::1])[name]
    fresh = numba.njit(**kernels._OPTIONS | {"fastmath": kernel.targetoptions["fastmath"]})(kernel.py_func)
    fresh.compile(signature)
    code = fresh.inspect_llvm(signature)
    assert re.search(r"store <\d+ x (float|i16|i32)>", code)
    if "gate_map" in name:
        assert not re.search(r"call [^\n]*@(expf?|log1pf?)\(", code)  # the exponential is arithmetic, in lanes
