"""Download of a file over HTTP: a broken download goes on where it stopped, and a file of another length is refused."""

from __future__ import annotations

import re
import sys
import time
from collections.abc import Sequence
from http.client import HTTPException, HTTPResponse
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import Request, urlopen

from tqdm import tqdm

import mmpose_ssn
from mmpose_ssn.files import write_together

PAUSES = (2.0, 10.0, 30.0)
"""Seconds before each new try. After a try that brought bytes they begin anew: a long download survives many breaks."""

_SILENCE = 60.0  # seconds without a byte after which a connection counts as broken
_CHUNK = 1 << 20


def download(address: str, file: Path, size: int | None, pauses: Sequence[float] = PAUSES) -> None:
    """Fetch a file; what has arrived is kept in ``file`` + ``.part`` until all is there, whatever happens.

    Args:
        address: HTTP or HTTPS address of the file.
        file: Path to write it at; its folder is made where it is missing.
        size: Length of the file in bytes; None takes the one that the server says.
        pauses: Seconds before each new try after one that brought nothing.

    Raises:
        OSError: If the server refuses, or if one try more than there are pauses brought nothing.
        ValueError: If the server has a file of another length, or if nobody says one.
    """
    file.parent.mkdir(parents=True, exist_ok=True)
    partial = partial_of(file)
    waits = iter(pauses)
    while True:
        before = _length(partial)
        try:
            _go_on(address, partial, size)
            break
        except (OSError, HTTPException) as error:
            if isinstance(error, HTTPError) and error.code < 500 and error.code not in (408, 416, 429):
                raise OSError(f"{address}: the server answers {error.code} {error.reason}") from error
            if _length(partial) > before:
                waits = iter(pauses)
            wait = next(waits, None)
            if wait is None:
                whole = "an unknown number of" if size is None else f"{size:,}"
                raise OSError(
                    f"{address}: {error}; gave up after {len(pauses) + 1} tries that brought nothing. What has arrived "
                    f"is kept ({_length(partial):,} of {whole} bytes), the same command goes on from there"
                ) from error
            tqdm.write(f"{file.name}: {error}; trying again in {wait:g} s", file=sys.stderr)
            time.sleep(wait)
    partial.replace(file)
    _version_of(partial).unlink(missing_ok=True)


def partial_of(file: Path) -> Path:
    """Path of the beginning of a file until the rest has arrived."""
    return file.with_name(f"{file.name}.part")


def _version_of(partial: Path) -> Path:
    return partial.with_name(f"{partial.name}.version")


def _length(file: Path) -> int:
    return file.stat().st_size if file.exists() else 0


def _go_on(address: str, partial: Path, size: int | None) -> None:
    """Fetch what is still missing, or all of it where the server cannot give a rest or has changed the file."""
    version = _version_of(partial)
    have = _length(partial) if version.exists() else 0
    if have == size:  # killed after the last byte
        return
    headers = {"User-Agent": f"mmpose-ssn/{mmpose_ssn.__version__}", "Accept-Encoding": "identity"}
    if have:
        headers |= {"Range": f"bytes={have}-", "If-Range": version.read_text(encoding="utf-8")}
    try:
        response = urlopen(Request(address, headers=headers), timeout=_SILENCE)
    except HTTPError as error:
        if error.code == 416:  # the file has become shorter than what is here
            partial.unlink(missing_ok=True)
        raise
    with response:
        if response.status != 206:
            have = 0
        size = _checked_length(address, response, have, size)
        if not have:
            _start(partial, response)
        # The default interval would fill a log file with a line every tenth of a second, for hours.
        bar = tqdm(total=size, initial=have, desc=partial.stem, unit="B", unit_scale=True, delay=5, mininterval=1)
        with bar, partial.open("ab") as stream:
            while chunk := response.read(_CHUNK):
                have += len(chunk)
                if have > size:
                    raise ValueError(f"{address}: the server sends more than the published {size:,} bytes")
                stream.write(chunk)
                bar.update(len(chunk))
    if have < size:
        raise ConnectionError(f"the connection broke off after {have:,} of {size:,} bytes")


def _checked_length(address: str, response: HTTPResponse, start: int, size: int | None) -> int:
    """The file's length, after the server's, where it says one, has been compared with the published one, before a byte
    is written.
    """
    said = response.headers.get("Content-Range" if start else "Content-Length")
    if start and not re.match(rf"bytes {start}-", said or ""):
        raise ValueError(f"{address}: asked for the bytes from {start} on, the server sends {said or 'unnamed ones'}")
    total = (said or "").rpartition("/")[2]
    if size is None:
        if not total.isdigit():
            raise ValueError(f"{address}: the server says no length, and none is published; fetch the file by hand")
        return int(total)
    if total not in ("", "*", str(size)):
        raise ValueError(
            f"{address}: the server has {total} bytes, the published file has {size}; it is another file, or a page"
        )
    return size


def _start(partial: Path, response: HTTPResponse) -> None:
    """Discard what is there, and note the version of the file to come: without it the rest could never be asked for."""
    tag = response.headers.get("ETag", "")
    strong = tag if tag.startswith('"') else ""  # weak tags are not for ranges: RFC 9110, section 13.1.5
    validator = strong or response.headers.get("Last-Modified", "")
    partial.unlink(missing_ok=True)  # before the version: old bytes must never pass for the new version's
    _version_of(partial).unlink(missing_ok=True)
    if validator:
        write_together({_version_of(partial): validator})
