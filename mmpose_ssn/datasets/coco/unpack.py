"""Unpacking of a published archive: only what it should hold is written, and a killed unpacking can be continued."""

from __future__ import annotations

import re
import shutil
import stat
import zlib
from pathlib import Path
from zipfile import BadZipFile, ZipFile, ZipInfo

from tqdm import tqdm

from mmpose_ssn.datasets.coco.published import Published
from mmpose_ssn.files import draft, is_draft


def unpack(archive: Path, published: Published, root: Path) -> None:
    """Write the photos or the named files of an archive below a data root; files that are there and whole are left
    alone.

    Args:
        archive: Path of the archive.
        published: Published file that the archive must be.
        root: Data root.

    Raises:
        ValueError: If the archive is damaged or is not the published one. A member outside its folder, a link, members
            that are larger than expected, or another number of photos are refused before anything is written.
    """
    try:
        with ZipFile(archive) as opened:
            members = _checked(opened.infolist(), published)
            for folder in {(root / member.filename).parent for member in members}:
                _remove_drafts(folder)
            for member in tqdm(members, desc=f"unpacking {archive.name}", unit="file", delay=5, mininterval=1):
                target = root / member.filename
                if _is_whole(target, member):
                    continue
                with draft(target) as unfinished, opened.open(member) as source, unfinished.open("wb") as stream:
                    shutil.copyfileobj(source, stream, 1 << 20)
    except (BadZipFile, zlib.error, EOFError, NotImplementedError, ValueError) as error:
        raise ValueError(f"{archive} is damaged or not the published {published.file}: {error}; delete it") from error


def _checked(members: list[ZipInfo], published: Published) -> list[ZipInfo]:
    """The members to write, after all have been checked.

    Only plain names directly in the one folder pass, so that no absolute name and no ``..`` can.
    """
    kind = r"[0-9]{12}\.jpg" if published.photos else r"[A-Za-z0-9_-]+\.json"
    files = [member for member in members if member.filename != f"{published.folder}/"]
    seen: set[str] = set()
    for member in files:
        name = member.filename
        if not re.fullmatch(rf"{re.escape(published.folder)}/{kind}", name):
            raise ValueError(f"it has the member {name!r}, which does not belong in it")
        if name in seen:
            raise ValueError(f"it has {name} twice")
        if stat.S_IFMT(member.external_attr >> 16) not in (0, stat.S_IFREG):
            raise ValueError(f"its member {name} is a link or a device")
        if member.flag_bits & 0x1:
            raise ValueError(f"its member {name} is encrypted")
        seen.add(name)
    if (total := sum(member.file_size for member in files)) > published.unpacked:
        raise ValueError(f"it would unpack to {total:,} bytes; expected at most {published.unpacked:,}")
    if published.photos and len(files) != published.photos:
        raise ValueError(f"it has {len(files):,} photos; expected {published.photos:,}")
    if absent := set(published.files) - seen:
        raise ValueError(f"it lacks {', '.join(sorted(absent))}")
    return [member for member in files if published.photos or member.filename in published.files]


def _is_whole(target: Path, member: ZipInfo) -> bool:
    if not target.is_file() or target.stat().st_size != member.file_size:
        return False
    return zlib.crc32(target.read_bytes()) == member.CRC


def _remove_drafts(folder: Path) -> None:
    """Remove what a killed unpacking left half-written."""
    for file in folder.glob(".*"):
        if is_draft(file):
            file.unlink()
