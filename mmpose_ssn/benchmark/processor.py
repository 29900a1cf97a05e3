"""Which instructions of this processor are used, and how to use those of a lesser one alone."""

from __future__ import annotations

import os
import platform
import re
from collections.abc import Mapping

_TORCH = {
    "AVX2": {"ATEN_CPU_CAPABILITY": "avx2", "ONEDNN_MAX_CPU_ISA": "AVX2", "MKL_ENABLE_INSTRUCTIONS": "AVX2"},
    "SSE": {"ATEN_CPU_CAPABILITY": "default", "ONEDNN_MAX_CPU_ISA": "SSE41", "MKL_ENABLE_INSTRUCTIONS": "SSE4_2"},
}


LESSER = ("x86-64-v2", "x86-64-v3", "haswell")
"""Processors, by LLVM's names, that any current one can stand in for: SSE4.2 alone, AVX2, and a real one with AVX2."""


def as_processor(name: str) -> Mapping[str, str]:
    """Environment in which Numba compiles for one of :data:`LESSER`."""
    return {"NUMBA_CPU_NAME": name, "NUMBA_CPU_FEATURES": ""}


def instruction_set() -> str:
    """What Numba's vectors are here: ``"AVX-512"``, ``"AVX2"`` (AVX too), ``"SSE"``; on other machines their name."""
    from numba import float32, njit, void

    @njit(void(float32[::1], float32[::1]), error_model="numpy")
    def add_positive(to, values):  # type: ignore[no-untyped-def]
        for i in range(to.size):
            if values[i] > 0:
                to[i] += values[i]

    (assembly,) = add_positive.inspect_asm().values()
    for name, register in (("AVX-512", r"%k[1-7]|%zmm"), ("AVX2", "%ymm"), ("SSE", "%xmm")):
        if re.search(register, assembly):
            return name
    return platform.machine()


def restrict_torch(instructions: str) -> None:
    """Have PyTorch use no more than these instructions too; to be called before PyTorch computes anything."""
    os.environ.update(_TORCH.get(instructions, {}))
