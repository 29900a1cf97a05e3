"""One array of numbers from a MATLAB file; whatever the file holds, this reads no memory but the file's own.

SciPy's ``loadmat`` reads more kinds of files, but a damaged one can take the process down (a bus error within a few
hundred random changes of a byte, SciPy 1.17.1), and joints come from archives whose digest nobody has published.

Format: MathWorks, MAT-File Format, chapter "Level 5 MAT-File Format".
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt

_MATRIX, _COMPRESSED = 14, 15
_NUMBERS = {1: "i1", 2: "u1", 3: "i2", 4: "u2", 5: "i4", 6: "u4", 7: "f4", 9: "f8", 12: "i8", 13: "u8"}
_HEADER = 128  # its last two bytes say in which order numbers are stored
_MOST = 1 << 26  # bytes that a compressed variable may have: LSPET's joints take 3.4 MB


def matlab_array(file: Path, name: str) -> npt.NDArray[np.float64]:
    """Read an array of real numbers from a file of MATLAB's versions 5 to 7.

    Args:
        file: Path of the file.
        name: Name of the variable.

    Returns:
        The array, in the shape that MATLAB shows.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If the file is damaged or of another version, or has no such array.
    """
    content = file.read_bytes()
    order = {b"IM": "<", b"MI": ">"}.get(content[_HEADER - 2 : _HEADER])
    try:
        if order is None:
            raise ValueError("it does not begin as one")
        for kind, data in _elements(content[_HEADER:], order):
            if kind == _COMPRESSED:
                kind, data = next(_elements(zlib.decompressobj().decompress(data, _MOST), order))
            if kind != _MATRIX:
                continue
            _flags, (_, shape), (_, label), (number, values) = list(_elements(data, order))[:4]
            if label == name.encode():
                array = np.frombuffer(values, order + _NUMBERS[number]).astype(np.float64)
                return array.reshape(np.frombuffer(shape, f"{order}i4"), order="F")
    except (ValueError, KeyError, StopIteration, struct.error, zlib.error) as error:
        raise ValueError(
            f"{file}: expected a MATLAB file, version 5 to 7, with numbers in {name!r}; {error}"
        ) from error
    raise ValueError(f"{file}: expected a MATLAB file with an array {name!r}; it has none of that name")


def _elements(content: bytes, order: str) -> Iterator[tuple[int, bytes]]:
    """The data elements of a file or of a matrix: kind and bytes of each."""
    at = 0
    while at < len(content):
        kind, size = struct.unpack_from(f"{order}II", content, at)
        start = at + 8
        if kind >> 16:  # a small one: kind and size share a word, and up to four bytes follow in the same eight
            kind, size, start = kind & 0xFFFF, kind >> 16, at + 4
        end = start + size
        if end > len(content):
            raise ValueError(f"an element ends at byte {end}, of {len(content)}")
        yield kind, content[start:end]
        at = end if kind == _COMPRESSED else -(-end // 8) * 8
