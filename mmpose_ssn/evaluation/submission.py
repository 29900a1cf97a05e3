"""Detections as COCO's evaluation server takes them for test-dev2017: checked entry by entry, cut down, and zipped.

Fields: https://cocodataset.org/#format-results. Names of file and archive: https://cocodataset.org/#upload. At most 20
detections an image: https://cocodataset.org/#keypoints-eval. None of these pages gives a limit of size; five uploads a
day are allowed (https://cocodataset.org/#guidelines).
"""

from __future__ import annotations

import io
import json
import re
import sys
import zipfile
from collections import defaultdict
from collections.abc import Collection, Container, Sequence
from typing import Any

from tqdm import tqdm

FIELDS = ("image_id", "category_id", "keypoints", "score")
"""The fields that an entry has, and no others: of an entry with a ``bbox``, pycocotools takes the box for its area,
which moves AP (M) and AP (L).
"""

MAX_DETECTIONS = 20
"""Number of detections of one image that the server looks at."""

_PERSON = 1
_NUMBERS = 3 * 17  # COCO's keypoints, as its server takes no others
_DECIMALS = 2


def file_name(name: str) -> str:
    """The server's name for a results file, without ``.json`` or ``.zip``.

    Args:
        name: Name of the method: letters, digits, dots and hyphens, as underscores separate the parts of the file's
            name.

    Raises:
        ValueError: If the name has anything else in it.
    """
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9.-]*", name):
        raise ValueError(f"the name is {name!r}; expected letters, digits, dots and hyphens, as in ssn-384x288")
    return f"person_keypoints_test-dev2017_{name}_results"


def check(detections: Any, image_ids: Container[int], also: Collection[str] = ()) -> None:
    """Refuse what the server would refuse or misread.

    Args:
        detections: Content of a results file.
        image_ids: Ids of all images of the split.
        also: Fields that an entry may have beside :data:`FIELDS`.

    Raises:
        ValueError: If an entry is wrong; the message names the first such entry by its place in the list, from 0, and
            says what is wrong with it.
    """
    if not isinstance(detections, list):
        raise ValueError(f"expected a JSON list of detections, got {type(detections).__name__}")
    if not detections:
        raise ValueError("the list of detections is empty, which pycocotools cannot load")
    for number, detection in enumerate(tqdm(detections, desc="check", unit=" detections", delay=5, leave=False)):
        if wrong := _wrong(detection, image_ids, also):
            raise ValueError(f"detection {number} {wrong}")


def submission(detections: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Cut checked detections down to what the server looks at, image by image and best score first.

    Of each image the best :data:`MAX_DETECTIONS` stay; the evaluation ranks by score and ignores the rest, so no figure
    changes. The visibility flags are not read and become 1, as COCO recommends. Coordinates are rounded to a hundredth
    of a pixel: COCO recommends whole pixels, which cost 0.3 AP points on drawn figures, and rounding to a tenth makes
    the file only a tenth smaller. Scores stay as they are, as rounding could make ties of them.

    Args:
        detections: The checked detections, each with at least :data:`FIELDS`; (x, y) in pixels of the image.
    """
    of_image: dict[int, list[dict[str, Any]]] = defaultdict(list)
    for detection in detections:
        of_image[detection["image_id"]].append(detection)
    return [
        {**{field: detection[field] for field in FIELDS}, "keypoints": _rounded(detection["keypoints"])}
        for image in of_image.values()
        for detection in sorted(image, key=lambda detection: -detection["score"])[:MAX_DETECTIONS]
    ]


def encode(detections: Sequence[dict[str, Any]]) -> bytes:
    """The JSON of a results file, one detection a line."""
    progress = tqdm(detections, desc="encode", unit=" detections", delay=5, leave=False)
    lines = (json.dumps(detection, separators=(",", ":"), allow_nan=False) for detection in progress)
    return ("[\n" + ",\n".join(lines) + "\n]\n").encode("utf-8")


def archive(file: str, content: bytes) -> bytes:
    """A zip archive of one file; the same content makes the same bytes at any time."""
    entry = zipfile.ZipInfo(file)
    entry.external_attr = 0o644 << 16  # else unzip would write a file that nobody may read
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as packed:
        packed.writestr(entry, content, compress_type=zipfile.ZIP_DEFLATED)
    return buffer.getvalue()


def _wrong(detection: Any, image_ids: Container[int], also: Collection[str]) -> str | None:
    """What is wrong with one entry, to be said after its number, or None."""
    if not isinstance(detection, dict):
        return f"is a {type(detection).__name__}, expected an object with {', '.join(FIELDS)}"
    if missing := [field for field in FIELDS if field not in detection]:
        return f"lacks {', '.join(missing)}"
    if extra := sorted(set(detection) - {*FIELDS, *also}):
        return f"has the fields {', '.join(extra)}, expected {', '.join(FIELDS)} alone"
    image_id, category_id, keypoints, score = (detection[field] for field in FIELDS)
    if type(image_id) is not int:
        return f"has image_id {image_id!r}, expected an integer"
    if image_id not in image_ids:
        return f"has image_id {image_id}, which is not an image of this split: were the results made for another one?"
    if type(category_id) is not int or category_id != _PERSON:
        return f"has category_id {category_id!r}, expected {_PERSON}, person"
    if not isinstance(keypoints, list) or len(keypoints) != _NUMBERS:
        size = len(keypoints) if isinstance(keypoints, list) else type(keypoints).__name__
        return f"has keypoints of {size}, expected a list of {_NUMBERS} numbers: x, y, v of 17 keypoints"
    for place, value in enumerate(keypoints):
        if not _is_finite_number(value):
            return f"has {value!r} as {'xyv'[place % 3]} of keypoint {place // 3}, expected a finite number"
    if not _is_finite_number(score):
        return f"has the score {score!r}, expected a finite number"
    return None


def _is_finite_number(value: Any) -> bool:
    """Whether a value from JSON is a number, not true or false, and fits into a finite float."""
    return type(value) in (int, float) and abs(value) <= sys.float_info.max


def _rounded(keypoints: Sequence[float]) -> list[float]:
    return [1 if place % 3 == 2 else round(value, _DECIMALS) for place, value in enumerate(keypoints)]
