"""Which instructions of this processor are used, and how to use only those of a lesser processor."""

from __future__ import annotations

import os
import platform
import re

_TORCH = {
    "AVX2": {"ATEN_CPU_CAPABILITY": "avx2", "ONEDNN_MAX_CPU_ISA": "AVX2", "MKL_ENABLE_INSTRUCTIONS": "AVX2"},
    "SSE": {"ATEN_CPU_CAPABILITY": "default", "ONEDNN_MAX_CPU_ISA": "SSE41", "MKL_ENABLE_INSTRUCTIONS": "SSE4_2"},
}


LESSER = ("x86-64-v2", "x86-64-v3", "haswell")
"""Processors, by LLVM's names, that any current x86-64 processor can stand in for: one with SSE4.2, two with AVX2."""

NATIVE = "native"
"""Name that stands for this machine's own processor."""

_NAME, _FEATURES = "NUMBA_CPU_NAME", "NUMBA_CPU_FEATURES"


def as_processor(name: str) -> dict[str, str]:
    """This process's environment, changed so that Numba compiles for one of :data:`LESSER`, or for :data:`NATIVE`."""
    environment = {key: value for key, value in os.environ.items() if key not in (_NAME, _FEATURES)}
    return environment if name == NATIVE else environment | {_NAME: name, _FEATURES: ""}


def is_this(name: str) -> bool:
    """Whether Numba compiles for this processor in this process."""
    return as_processor(name) == dict(os.environ)


def instruction_set() -> str:
    """Instruction set of Numba's vectors: ``"AVX-512"``, ``"AVX2"`` (AVX too), ``"SSE"``, else the machine's name."""
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
    """Have PyTorch too use no more than these instructions; to be called before PyTorch computes anything."""
    os.environ.update(_TORCH.get(instructions, {}))
