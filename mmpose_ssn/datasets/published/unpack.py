"""Unpacking of a published archive: only what it should hold is written, and a killed unpacking can be continued."""

from __future__ import annotations

import shutil
import stat
import zlib
from pathlib import Path
from zipfile import BadZipFile, ZipFile, ZipInfo

from tqdm import tqdm

from mmpose_ssn.datasets.published.published_file import Published
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
            for folder in {(root / name).parent for name in members}:
                _remove_drafts(folder)
            bar = tqdm(members.items(), desc=f"unpacking {archive.name}", unit="file", delay=5, mininterval=1)
            for name, member in bar:
                target = root / name
                if _is_whole(target, member):
                    continue
                with draft(target) as unfinished, opened.open(member) as source, unfinished.open("wb") as stream:
                    shutil.copyfileobj(source, stream, 1 << 20)
    except (BadZipFile, zlib.error, EOFError, NotImplementedError, ValueError) as error:
        raise ValueError(f"{archive} is damaged or not the published {published.file}: {error}; delete it") from error


def _checked(members: list[ZipInfo], published: Published) -> dict[str, ZipInfo]:
    """The members to write, by their names below the data root, after all have been checked."""
    wanted: dict[str, ZipInfo] = {}
    for member in members:
        name = published.target(member.filename)
        if name is None:
            continue
        if name in wanted:
            raise ValueError(f"it has {name} twice")
        if stat.S_IFMT(member.external_attr >> 16) not in (0, stat.S_IFREG):
            raise ValueError(f"its member {member.filename} is a link or a device")
        if member.flag_bits & 0x1:
            raise ValueError(f"its member {member.filename} is encrypted")
        wanted[name] = member
    if (total := sum(member.file_size for member in wanted.values())) > published.unpacked:
        raise ValueError(f"it would unpack to {total:,} bytes; expected at most {published.unpacked:,}")
    photos = len(wanted.keys() - published.files.keys())
    if photos != published.photos:
        raise ValueError(f"it has {photos:,} photos; expected {published.photos:,}")
    if absent := published.files.keys() - wanted.keys():
        raise ValueError(f"it lacks {', '.join(sorted(absent))}")
    return wanted


def _is_whole(target: Path, member: ZipInfo) -> bool:
    if not target.is_file() or target.stat().st_size != member.file_size:
        return False
    return zlib.crc32(target.read_bytes()) == member.CRC


def _remove_drafts(folder: Path) -> None:
    """Remove what a killed unpacking left half-written."""
    for file in folder.glob(".*"):
        if is_draft(file):
            file.unlink()
