"""Getting published files: from what the user has already, else by download; both are checked."""

from __future__ import annotations

import fcntl
import json
import re
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from tqdm import tqdm

from mmpose_ssn.datasets.published.download import PAUSES, download, partial_of
from mmpose_ssn.datasets.published.published_file import Published, photos_in
from mmpose_ssn.datasets.published.unpack import unpack
from mmpose_ssn.files import draft, sha256, write_together

DOWNLOADS = "downloads"
"""Folder below the data root for the archives; it can be deleted when all is in place."""

RECORD = "digests.json"
"""File below the data root with the SHA-256 of everything that was got."""


def get(
    what: str, wanted: Sequence[Published], root: Path, have: Path | None = None, pauses: Sequence[float] = PAUSES
) -> dict[str, str]:
    """Put published files in place below a data root, and compare what is there with the published digests.

    A file that fails does not keep the others back. After a killed call, the same call goes on where it stopped.

    Args:
        what: Name of the data set, for messages.
        wanted: Files to put in place.
        root: Data root, made where it is missing.
        have: Folder with what the user has already: archives, which are read where they are, or unpacked files and
            folders of photos, which are linked (copied where the file system has no links).
        pauses: Seconds before each new try of a download.

    Returns:
        Reason why a file could not be put in place, by the file's name; empty where all files are in place.

    Raises:
        OSError: If the disk has too little room, or if another process is at work in this root.
        ValueError: If ``have`` is no folder.
    """
    if have and not have.is_dir():
        raise ValueError(f"got {have} as the folder of what is there already; expected a folder")
    failures = {}
    with _claimed(what, root):
        lacking = [published for published in wanted if published.missing(root)]
        _refuse_too_little_room(what, lacking, root, have)
        record = _Record(root / RECORD)
        for published in wanted:
            try:
                if published in lacking:
                    _put(published, root, have, record, pauses)
                for name, digest in published.files.items():
                    record.hold(name, root / name, digest)
            except (OSError, ValueError) as error:
                failures[published.file] = str(error)
    return failures


@contextmanager
def _claimed(what: str, root: Path) -> Iterator[None]:
    root.mkdir(parents=True, exist_ok=True)
    with (root / ".lock").open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise OSError(f"another process is getting {what} into {root}; wait for its end") from error
        yield


class _Record:
    """Record of the files that were got, with the SHA-256 of each; it is written after every file."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._entries = json.loads(file.read_text(encoding="utf-8")) if file.exists() else {}

    def hold(self, name: str, file: Path, published: str | None) -> None:
        """Compare a file with its digest, and record it."""
        self.keep(name, self.compare(name, file, published), published)

    def compare(self, name: str, file: Path, published: str | None) -> str:
        """Compare a file with its published digest or, where there is none, with that of its first download.

        Returns:
            Its digest. An archive's is kept after unpacking: a page sent in place of one must never become the first.
        """
        got = _digest(file)
        expected = published or self._entries.get(name, {}).get("sha256", got)
        if got != expected:
            by = "is published" if published else f"{self._file} has recorded at the first download"
            raise ValueError(f"{file} has the SHA-256 {got}, but {expected} {by}; it is damaged or another file")
        return got

    def keep(self, name: str, digest: str, published: str | None) -> None:
        """Record a file's digest."""
        source = "published" if published else "recorded at the first download"
        self._entries[name] = {"sha256": digest, "source": source}
        write_together({self._file: json.dumps(self._entries, indent=2) + "\n"})


def _digest(file: Path) -> str:
    bar = tqdm(
        total=file.stat().st_size, desc=f"checking {file.name}", unit="B", unit_scale=True, delay=5, mininterval=1
    )
    with bar:
        return sha256(file, bar.update)


def _put(published: Published, root: Path, have: Path | None, record: _Record, pauses: Sequence[float]) -> None:
    if own := published.own(root, have):
        for name, place in own.items():
            if name in published.files:
                record.compare(name, place, published.files[name])
            else:
                _refuse_other_photos(place, published)
            _take(place, root / name)
        return
    if not published.is_archive:
        (name,) = published.files
        _fetch(published, name, root / name, record, pauses)
        return
    archive = _archive(published, root, have)
    if archive.exists():
        digest = _compared(archive, published, record)
    else:
        digest = _fetch(published, published.file, archive, record, pauses)
    unpack(archive, published, root)
    record.keep(published.file, digest, published.sha256)


def _archive(published: Published, root: Path, have: Path | None) -> Path:
    """Path of the archive: the user's own where there is one, else the download's, which need not exist yet."""
    own = have / published.file if have else None
    return own if own and own.is_file() else root / DOWNLOADS / published.file


def _compared(archive: Path, published: Published, record: _Record) -> str:
    if published.size is not None and (size := archive.stat().st_size) != published.size:
        raise ValueError(
            f"{archive} has {size:,} bytes, the published file {published.size:,}; delete it, or complete it yourself"
        )
    return record.compare(published.file, archive, published.sha256)


def _refuse_other_photos(folder: Path, published: Published) -> None:
    found = sum(
        bool(re.fullmatch(published.photo, photo.name)) and photo.stat().st_size > 0 for photo in photos_in(folder)
    )
    if found != published.photos:
        raise ValueError(
            f"{folder} has {found:,} photos that are not empty, expected {published.photos:,}; "
            "complete it, or take it out of the folder of what is there already"
        )


def _fetch(published: Published, name: str, file: Path, record: _Record, pauses: Sequence[float]) -> str:
    """Download a file, and return its digest, compared with the one that ``name`` has in the record."""
    reasons = []
    for address in published.addresses:
        try:
            download(address, file, published.size, pauses)
            return record.compare(name, file, published.sha256)
        except ValueError as error:
            file.unlink(missing_ok=True)  # else it would be taken for the published one the next time
            reasons.append(str(error))
        except OSError as error:
            reasons.append(str(error))
    raise OSError(
        f"{'; '.join(reasons)}. By hand: fetch {published.file} from {published.by_hand} and put it at {file}"
    )


def _take(own: Path, target: Path) -> None:
    """Link what the user has, file by file into a folder that exists already; copy it where links are not possible."""
    if target.is_dir():
        for file in tqdm(list(own.iterdir()), desc=f"taking {own}", unit="file", delay=5, mininterval=1):
            if not (target / file.name).exists():
                _take(file, target / file.name)
        return
    try:
        with draft(target) as unfinished:
            unfinished.symlink_to(own.resolve(), target_is_directory=own.is_dir())
    except OSError:
        if own.is_dir():
            target.mkdir()
            _take(own, target)
        else:
            with draft(target) as unfinished:
                shutil.copyfile(own, unfinished)


def _refuse_too_little_room(what: str, lacking: Sequence[Published], root: Path, have: Path | None) -> None:
    to_download = to_unpack = 0
    for published in lacking:
        if published.own(root, have):
            continue
        archive = _archive(published, root, have)
        partial = partial_of(archive)
        if not archive.exists():
            to_download += (published.size or published.unpacked) - (partial.stat().st_size if partial.exists() else 0)
        done = len(photos_in(root / published.folder)) / published.photos if published.photos else 0
        to_unpack += round(published.unpacked * (1 - done))
    free = shutil.disk_usage(root).free
    if to_download + to_unpack > free:
        raise OSError(
            f"{root} has {free / 1e9:.1f} GB free; {what} needs {(to_download + to_unpack) / 1e9:.1f} GB more, "
            f"{to_download / 1e9:.1f} to download and {to_unpack / 1e9:.1f} unpacked; make room or take another folder"
        )
