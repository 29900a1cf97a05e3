"""The drawn figures on disk: COCO keypoint annotations, PNG images, detector files, and a manifest with digests.

Image ``index`` of a split is a pure function of (VERSION, seed, split, index, image size). So a shorter split is the
beginning of a longer one, and an interrupted set is finished by drawing it again.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import multiprocessing
import os
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict
from functools import partial
from itertools import chain
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from tqdm import tqdm

from mmpose_ssn.datasets.drawn.coco_files import draw_image, header
from mmpose_ssn.datasets.drawn.spec import DESCRIPTION, DETECTED_SPLITS, SPLITS, VERSION, DrawnSpec
from mmpose_ssn.files import is_draft, write_together
from mmpose_ssn.workers import follow_parent

_REDRAW = "delete the directory and draw the set again"


def write(spec: DrawnSpec, out: str | os.PathLike[str], workers: int | None = None) -> Path:
    """Draws a set into a directory; returns at once where the set is complete already.

    ``spec.json`` is written first and ``manifest.json`` last, each in one step: a directory with a manifest holds a
    complete set, one with a spec alone holds a part of one, which the next call draws anew. A second call at the same
    time waits for the first.

    Args:
        spec: Set to draw.
        out: Directory of the set, made where it is missing; it must be empty or hold this very set or a part of it.
        workers: Number of processes; by default one for each usable core.

    Returns:
        The path of the manifest.

    Raises:
        ValueError: If ``out`` holds another set or anything else, or if ``workers`` is below 1.
    """
    out = Path(out)
    if workers is not None and workers < 1:
        raise ValueError(f"got {workers} workers; expected at least 1")
    manifest = out / "manifest.json"
    if manifest.exists():  # needs no lock, so that a complete set may lie on read-only storage
        _refuse_another_set(out, spec)
        return manifest
    with _claimed(out, spec):
        if not manifest.exists():
            digests = _draw(spec, out, workers or len(os.sched_getaffinity(0)))
            _write_json(manifest, {**_identity(spec), "description": DESCRIPTION, "digests": digests})
    return manifest


def verify(out: str | os.PathLike[str]) -> None:
    """Computes every split's digest from the files on disk and compares it with the manifest's.

    Raises:
        FileNotFoundError: If there is no manifest (the set is incomplete), or if a file of the set is missing.
        ValueError: If a split's digest is not the manifest's.
    """
    out = Path(out)
    if not (out / "manifest.json").exists():
        raise FileNotFoundError(f"{out} has no manifest.json, so it holds no complete drawn set; draw it first")
    manifest = json.loads((out / "manifest.json").read_text())
    for split in SPLITS:
        expected, got = manifest["digests"][split], _digest_on_disk(out, split)
        if got != expected:
            raise ValueError(
                f"{out}: split {split!r} has digest {got}, the manifest says {expected}: "
                f"its images or labels were changed after drawing; {_REDRAW}"
            )


def annotation_file(out: Path, split: str) -> Path:
    """Path of a split's COCO annotations."""
    return out / "annotations" / f"person_keypoints_{split}.json"


def detection_file(out: Path, split: str) -> Path:
    """Path of a split's detector boxes."""
    return out / "detections" / f"{split}.json"


def _label_files(out: Path, split: str) -> list[Path]:
    """The JSON files of a split: its annotations and, for all splits but train, its detector file."""
    return [annotation_file(out, split), *([detection_file(out, split)] if split in DETECTED_SPLITS else [])]


def _identity(spec: DrawnSpec) -> dict[str, Any]:
    return {
        "generator": "mmpose_ssn.datasets.drawn",
        "version": VERSION,
        **asdict(spec),
        "image_size": list(spec.image_size),
    }


def _refuse_another_set(out: Path, spec: DrawnSpec) -> None:
    held, wanted = json.loads((out / "spec.json").read_text()), _identity(spec)
    differing = ", ".join(
        f"{key} {held.get(key)} instead of {wanted[key]}" for key in wanted if held.get(key) != wanted[key]
    )
    if differing:
        raise ValueError(f"{out} holds another drawn set ({differing}); delete that directory or choose another one")


@contextmanager
def _claimed(out: Path, spec: DrawnSpec) -> Iterator[None]:
    """Holds the directory for this set, alone; an error says why that is not possible."""
    out.mkdir(parents=True, exist_ok=True)
    with (out / ".lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        files = (path for path in out.rglob("*") if path.is_file() and path.name != ".lock" and not is_draft(path))
        if (out / "spec.json").exists():
            _refuse_another_set(out, spec)
        elif foreign := next(files, None):
            raise ValueError(
                f"{out} holds other files than a drawn set ({foreign}); choose an empty or a new directory"
            )
        else:
            _write_json(out / "spec.json", _identity(spec))
        for leftover in list(filter(is_draft, out.rglob(".*"))):  # of a killed call: nobody else writes here now
            leftover.unlink()
        yield


def _draw(spec: DrawnSpec, out: Path, workers: int) -> dict[str, str]:
    """Draws all splits and returns their digests."""
    tasks = [(split, index) for split, count in spec.counts.items() for index in range(count)]
    for split in SPLITS:
        for directory in (out / split, *(path.parent for path in _label_files(out, split))):
            directory.mkdir(exist_ok=True)
    with _mapper(min(workers, -(-len(tasks) // 32))) as mapper:
        drawn = mapper(partial(_draw_to_disk, spec, out), tasks)
        labels = dict(zip(tasks, tqdm(drawn, total=len(tasks), desc="drawing figures", unit="image"), strict=True))
    digests = {}
    for split, count in spec.counts.items():
        records = [labels[split, index] for index in range(count)]
        images, annotations = [record["image"] for record in records], [record["annotations"] for record in records]
        contents: list[Any] = [{**header(spec, split), "images": images, "annotations": list(chain(*annotations))}]
        if split in DETECTED_SPLITS:
            contents.append(list(chain(*(record["detections"] for record in records))))
        for path, content in zip(_label_files(out, split), contents, strict=True):
            _write_json(path, content)
        digests[split] = _digest((record["pixels"] for record in records), contents)
    return digests


@contextmanager
def _mapper(workers: int) -> Iterator[Any]:
    """An ordered ``map`` over processes, or the plain one for a single worker."""
    if workers == 1:
        yield map
        return
    # OpenCV's own threads do not survive a fork, and one process for each core leaves them no core to run on.
    threads = cv2.getNumThreads()
    cv2.setNumThreads(0)
    pool = ProcessPoolExecutor(workers, multiprocessing.get_context("fork"), follow_parent)
    try:
        yield partial(pool.map, chunksize=16)
    finally:
        pool.shutdown(cancel_futures=True)
        cv2.setNumThreads(threads)


def _draw_to_disk(spec: DrawnSpec, out: Path, task: tuple[str, int]) -> dict[str, Any]:
    split, index = task
    pixels, labels = draw_image(spec, split, index)
    ok, encoded = cv2.imencode(".png", pixels)
    if not ok:
        raise RuntimeError(f"OpenCV could not encode image {index} of split {split!r} as PNG")
    write_together({out / split / labels["image"]["file_name"]: encoded.tobytes()})
    return {**labels, "pixels": _pixel_digest(pixels)}


def _digest(pixel_digests: Iterable[str], contents: Sequence[Any]) -> str:
    """SHA-256 over the digests of a split's images, in order, and over the contents of its JSON files."""
    digest = hashlib.sha256()
    for pixel_digest in pixel_digests:
        digest.update(pixel_digest.encode())
    for content in contents:
        digest.update(json.dumps(content, sort_keys=True, separators=(",", ":")).encode())
    return digest.hexdigest()


def _pixel_digest(pixels: np.ndarray) -> str:
    """SHA-256 over decoded pixels, so that it does not depend on how PNG compresses them."""
    return hashlib.sha256(f"{pixels.shape} {pixels.dtype} ".encode() + pixels.tobytes()).hexdigest()


def _digest_on_disk(out: Path, split: str) -> str:
    contents = [json.loads(path.read_text()) for path in _label_files(out, split)]

    def pixel_digests() -> Iterator[str]:
        for image in tqdm(contents[0]["images"], desc=f"verifying {split}", unit="image"):
            path = out / split / image["file_name"]
            pixels = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
            if pixels is None:
                raise FileNotFoundError(f"{path} is missing or is no image; {_REDRAW}")
            yield _pixel_digest(pixels)

    return _digest(pixel_digests(), contents)


def _write_json(path: Path, value: Any) -> None:
    write_together({path: json.dumps(value) + "\n"})
