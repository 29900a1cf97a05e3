"""One published file, and what it puts below a data root."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath


@dataclass(frozen=True)
class Published:
    """One published file: an archive, or a file that is used as it is.

    Attributes:
        file: Name of the file; that of an archive ends in ``.zip``.
        addresses: Addresses of the file, in the order in which they are tried.
        size: Size of the file in bytes; None where nobody has published it.
        sha256: SHA-256 of the file in hexadecimal; None where nobody has published one.
        files: Names of the files that it puts below the data root, with the SHA-256 of each; None where nobody has
            published one.
        folder: Name of the one folder that its members lie in, or at least its photos; empty for a file that is no
            archive.
        photos: Number of photos that it puts into that folder.
        photo: Regular expression of a photo's name in that folder.
        unpacked: Greatest size of all that it puts below the data root, in bytes.
        top: Name of a folder that holds all of it and nothing else. Then members may leave this folder out, others than
            those above may be in the archive and stay there, and what a user has is looked for in this folder alone,
            as its files share their names with those of other archives. Empty where none of this holds.
        by_hand: Page from which a person can fetch it where the addresses fail.
    """

    file: str
    addresses: tuple[str, ...]
    size: int | None
    sha256: str | None
    files: Mapping[str, str | None] = field(default_factory=dict)
    folder: str = ""
    photos: int = 0
    photo: str = r"[0-9]{12}\.jpg"
    unpacked: int = 0
    top: str = ""
    by_hand: str = ""

    @property
    def is_archive(self) -> bool:
        """Whether it is an archive."""
        return self.file.endswith(".zip")

    def missing(self, root: Path) -> list[str]:
        """Names of what it puts below a data root and is not there."""
        lacking = [name for name in self.files if not (root / name).is_file()]
        found = len(photos_in(root / self.folder)) if self.photos else 0
        if found < self.photos:
            lacking.append(f"{self.folder}/ ({found:,} of {self.photos:,} photos)")
        return lacking

    def own(self, root: Path, have: Path | None) -> dict[str, Path]:
        """A user's own paths of all that it puts below a data root, by their names there; empty where one is missing.

        Args:
            root: Data root.
            have: Folder with what the user has, or None.
        """
        if have is None:
            return {}
        places = {}
        for name in [*self.files, *([self.folder] if self.photos else [])]:
            candidates = [have / name]
            if not self.top:
                candidates += [have / Path(name).name, have / "images" / name]
            own = [place for place in candidates if place.exists() and place.resolve() != (root / name).resolve()]
            if not own:
                return {}
            places[name] = own[0]
        return places

    def target(self, member: str) -> str | None:
        """Name below the data root of an archive's member; None for one that stays in the archive.

        Raises:
            ValueError: If it does not belong in the archive. No absolute name and no ``..`` passes.
        """
        name = member if not self.top or member.startswith(f"{self.top}/") else f"{self.top}/{member}"
        if name in self.files or (self.photos and re.fullmatch(rf"{re.escape(self.folder)}/{self.photo}", name)):
            return name
        if self.top:
            stays = not member.startswith("/") and ".." not in PurePosixPath(member).parts
        else:
            others = "" if self.photos else r"[A-Za-z0-9_-]+\.json"
            stays = re.fullmatch(rf"{re.escape(self.folder)}/{others}", member) is not None
        if not stays:
            raise ValueError(f"it has the member {member!r}, which does not belong in it")
        return None


def photos_in(folder: Path) -> list[os.DirEntry[str]]:
    """The photos in a folder, none where there is no such folder."""
    if not folder.is_dir():
        return []
    with os.scandir(folder) as entries:
        return [entry for entry in entries if entry.name.endswith(".jpg")]
