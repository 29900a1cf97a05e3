"""COCO annotations of Leeds Sports Pose, written beside its photos, and a manifest with digests.

The splits are fixed. LSP's first thousand photos are for training and its second for the test, as its authors have it;
LSPET's are for training, less a thousand to choose settings with, which ``tune.txt`` lists.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image
from tqdm import tqdm

from mmpose_ssn.datasets.leeds.archives import LSPET, PARTS, contents
from mmpose_ssn.datasets.leeds.joints import KEYPOINTS, LIMBS, read_joints
from mmpose_ssn.files import write_together

VERSION = "1.0"
"""Version of what is made of the published files. Whatever changes a label or a split must change it."""

SPLITS = ("train", "tune", "test")

PADDING = 0.1
"""Margin of a box around its joints, as a share of the longer side.

Joints end before the body does: by a hand, 0.108 of the stature, beyond the wrist, and by most of a foot, of 0.152,
beyond the ankle (Winter, Biomechanics and Motor Control of Human Movement, Figure 4.1). A share of the longer side
keeps somebody who stands upright, all joints in a line, from a box without width.
"""

AREA = 0.53
"""Area of a person as a share of the box, by which MMPose stands in for the outlines that a data set lacks
(``BaseCocoStyleDataset`` and ``MpiiDataset``); OKS takes the person's size from it."""

FIRST_OF_TEST = 1001
"""Number of the first photo of LSP that is for the test."""

_ID_OF_LSPET = 10_000  # its photo n has the id 10,000 + n, LSP's the id n


def annotation_file(root: Path, split: str) -> Path:
    """Path of a split's COCO annotations; the file names in it are relative to the data root."""
    return root / "annotations" / f"person_keypoints_{split}.json"


def tune_photos() -> frozenset[int]:
    """Numbers of the LSPET photos that settings are chosen with."""
    text = resources.files("mmpose_ssn.datasets.leeds").joinpath("tune.txt").read_text(encoding="utf-8")
    return frozenset(int(word) for line in text.splitlines() if not line.startswith("#") for word in line.split())


def annotate(root: Path, form: str) -> Path:
    """Write the annotations of all splits and, last, a manifest; equal files give equal bytes.

    A digest of the manifest is the SHA-256 over those of a split's photos, in order, and of its annotation file.

    Args:
        root: Data root with the unpacked files.
        form: Name of the folder with LSP's photos, one of ``FORMS``.

    Returns:
        Path of the manifest.

    Raises:
        FileNotFoundError: If a file is missing.
        ValueError: If there is no such form, or if the photos and the joints are not as published.
    """
    images: dict[str, list[dict[str, Any]]] = {split: [] for split in SPLITS}
    people: dict[str, list[dict[str, Any]]] = {split: [] for split in SPLITS}
    digests = {split: hashlib.sha256() for split in SPLITS}
    bar = tqdm(
        _photos(root, form),
        total=sum(published.photos for published in contents(form)),
        desc="annotating",
        unit="photo",
        delay=5,
        mininterval=1,
    )
    for split, image_id, name, joints in bar:
        file = root / name
        digests[split].update(hashlib.sha256(file.read_bytes()).digest())
        size = _size(file)
        images[split].append({"id": image_id, "file_name": name, "width": size[0], "height": size[1]})
        people[split].append(_person(image_id, file, joints, size))
    annotated = {split: {**_header(split), "images": images[split], "annotations": people[split]} for split in SPLITS}
    return _write(root, annotated, digests, lsp=form)


def limit(root: Path, photos: int, out: Path) -> Path:
    """Make a data root of a few photos of each split, spread evenly over it, for a run of the machinery.

    Args:
        root: Annotated data root, whose folders of photos are linked.
        photos: Greatest number of photos of a split.
        out: Data root to make.

    Returns:
        Path of its manifest.

    Raises:
        FileNotFoundError: If a file is missing.
        ValueError: If both data roots are the same.
    """
    if out.resolve() == root.resolve():
        raise ValueError(
            f"{out}: the few photos need a data root of their own; expected another folder than all of them"
        )
    annotated = {split: json.loads(annotation_file(root, split).read_text(encoding="utf-8")) for split in SPLITS}
    digests = {split: hashlib.sha256() for split in SPLITS}
    folders = set()
    for split, content in annotated.items():
        chosen = np.unique(np.linspace(0, len(content["images"]) - 1, photos).round().astype(int))
        content["images"] = [content["images"][index] for index in chosen]
        content["annotations"] = [content["annotations"][index] for index in chosen]  # one person a photo, in order
        for image in content["images"]:
            digests[split].update(hashlib.sha256((root / image["file_name"]).read_bytes()).digest())
            folders.add(Path(image["file_name"]).parts[0])
    out.mkdir(parents=True, exist_ok=True)
    for folder in folders:
        (out / folder).unlink(missing_ok=True)
        (out / folder).symlink_to((root / folder).resolve())
    form = json.loads((root / "manifest.json").read_text(encoding="utf-8"))["lsp"]
    return _write(out, annotated, digests, lsp=form, limit=photos)


def missing(root: Path, form: str) -> list[str]:
    """Names of what is missing below a data root: joints, folders that lack photos, annotations and the manifest.

    Args:
        root: Data root.
        form: Name of the folder with LSP's photos, one of ``FORMS``.
    """
    published = [name for part in contents(form) for name in part.missing(root)]
    made = [*(annotation_file(root, split) for split in SPLITS), root / "manifest.json"]
    return published + [str(file.relative_to(root)) for file in made if not file.is_file()]


def _write(root: Path, annotated: dict[str, dict[str, Any]], digests: dict[str, Any], **described: Any) -> Path:
    """Write the annotations of all splits, and a manifest with the digests of their photos completed by them."""
    texts = {split: json.dumps(content) + "\n" for split, content in annotated.items()}
    for split, text in texts.items():
        digests[split].update(hashlib.sha256(text.encode()).digest())
    manifest = {
        "generator": "mmpose_ssn.datasets.leeds",
        "version": VERSION,
        **described,
        "counts": {split: len(content["images"]) for split, content in annotated.items()},
        "digests": {split: digest.hexdigest() for split, digest in digests.items()},
    }
    files = {annotation_file(root, split): text for split, text in texts.items()}
    write_together({root / "manifest.json": json.dumps(manifest, indent=2) + "\n", **files})
    return root / "manifest.json"


def _photos(root: Path, form: str) -> Iterator[tuple[str, int, str, npt.NDArray[np.float64]]]:
    """Split, id, name below the data root, and joints [14, 3] of every photo, LSP's first."""
    tune = tune_photos()
    for part in (form, LSPET):
        extended, published = part == LSPET, PARTS[part]
        for index, joints in enumerate(read_joints(root / part / "joints.mat", published.photos, extended)):
            number = index + 1
            if extended:
                split = "tune" if number in tune else "train"
                yield split, _ID_OF_LSPET + number, f"{published.folder}/im{number:05d}.jpg", joints
            else:
                split = "test" if number >= FIRST_OF_TEST else "train"
                yield split, number, f"{published.folder}/im{number:04d}.jpg", joints


def _size(file: Path) -> tuple[int, int]:
    """Width and height of a photo, from its header."""
    try:
        with Image.open(file, formats=["JPEG"]) as photo:
            return photo.size
    except FileNotFoundError:
        raise
    except (OSError, Image.DecompressionBombError) as error:
        raise ValueError(f"{file}: expected a JPEG photo, as published; got something else ({error})") from error


def _person(image_id: int, file: Path, joints: npt.NDArray[np.float64], size: tuple[int, int]) -> dict[str, Any]:
    """COCO's record of the one person who is annotated in a photo.

    Args:
        image_id: Id of the photo, and of the record: 1 or more, as pycocotools takes 0 for "unmatched".
        file: Path of the photo, for messages.
        joints: Joints, [14, 3], in pixels of the photo, with COCO's visibility.
        size: Width and height of the photo in pixels.
    """
    # Up to either border, since nobody says whether MATLAB's pixel 1 or pixel 0 is the first.
    inside = ((joints[:, :2] >= 0) & (joints[:, :2] <= size)).all(axis=1)
    labelled = inside & (joints[:, 2] > 0)
    if labelled.sum() < 2:
        raise ValueError(
            f"{file}: got {labelled.sum()} labelled joints within the photo; expected at least 2, to put a box around: "
            "the photos and joints.mat do not belong together"
        )
    places = joints[labelled, :2]
    low, high = places.min(axis=0), places.max(axis=0)
    margin = PADDING * (high - low).max()
    low, high = np.clip([low - margin, high + margin], 0, size).round(3)
    box = [*low.tolist(), *(high - low).round(3).tolist()]
    keypoints = [
        number
        for (x, y, visibility), is_labelled in zip(joints.round(3).tolist(), labelled, strict=True)
        for number in ((x, y, int(visibility)) if is_labelled else (0, 0, 0))
    ]
    return {
        "id": image_id,
        "image_id": image_id,
        "category_id": 1,
        "bbox": box,
        "area": round(AREA * box[2] * box[3], 3),
        "iscrowd": 0,
        "keypoints": keypoints,
        "num_keypoints": int(labelled.sum()),
    }


def _header(split: str) -> dict[str, Any]:
    """Entries of a split's annotation file besides images and annotations."""
    limbs = [[KEYPOINTS.index(joint) + 1 for joint in limb] for limb in LIMBS]
    category = {"supercategory": "person", "id": 1, "name": "person", "keypoints": KEYPOINTS, "skeleton": limbs}
    return {
        "info": {"description": f"Leeds Sports Pose, split {split}", "version": VERSION},
        "licenses": [],
        "categories": [category],
    }
