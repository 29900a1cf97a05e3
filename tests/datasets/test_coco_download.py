"""COCO is downloaded, resumed, checked and unpacked from a server on this machine that can misbehave in many ways."""

from __future__ import annotations

import fcntl
import hashlib
import io
import json
import multiprocessing
import os
import random
import shutil
import stat
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from mmpose_ssn.__main__ import main
from mmpose_ssn.datasets.coco import Published, get
from mmpose_ssn.datasets.coco import parts as parts_of_coco
from mmpose_ssn.datasets.published.download import download

if TYPE_CHECKING:
    from tests.datasets.conftest import Server

PHOTOS = {f"val2017/{number:012d}.jpg": random.Random(number).randbytes(20_000) for number in range(6)}
LABELS = {
    f"annotations/person_keypoints_{split}2017.json": json.dumps({"of": split}).encode() for split in ("train", "val")
}
CAPTIONS = {"annotations/captions_val2017.json": b"{}"}
DETECTIONS = json.dumps([{"score": 0.5}] * 500).encode()


def zipped(members: dict[str, bytes], compression: int = zipfile.ZIP_STORED) -> bytes:
    with zipfile.ZipFile(stream := io.BytesIO(), "w", compression) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return stream.getvalue()


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def serve(server: Server, name: str, content: bytes, **described: object) -> Published:
    """Put a file on the server and describe it as published."""
    server.files[name], server.versions[name] = content, f'"{sha256(content)}"'
    return Published(name, (server.address(name),), len(content), sha256(content), **described)


def val2017(server: Server, content: bytes | None = None, **changes: object) -> Published:
    archive = zipped(PHOTOS) if content is None else content
    described = {"folder": "val2017", "photos": len(PHOTOS), "unpacked": 150_000, **changes}
    return serve(server, "val2017.zip", archive, **described)


def annotations(server: Server) -> Published:
    digests = {name: sha256(content) for name, content in LABELS.items()}
    archive = zipped(LABELS | CAPTIONS, zipfile.ZIP_DEFLATED)
    return serve(server, "annotations.zip", archive, files=digests, folder="annotations", unpacked=10_000)


def detections(server: Server) -> Published:
    return serve(server, "boxes.json", DETECTIONS, files={"person_detection_results/boxes.json": sha256(DETECTIONS)})


def below(root: Path, *folders: str) -> dict[str, bytes]:
    """All files in folders below a root, drafts and partial ones too."""
    files = (file for folder in folders for file in (root / folder).glob("**/*"))
    return {str(file.relative_to(root)): file.read_bytes() for file in files if file.is_file()}


def write(root: Path, files: dict[str, bytes]) -> Path:
    for name, content in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(content)
    return root


# Downloading one file


def test_broken_download_goes_on_and_only_the_rest_is_sent(server: Server, tmp_path: Path) -> None:
    content = random.Random(0).randbytes(300_000)
    serve(server, "a.zip", content)
    server.breaks = [100_000, 50_000]
    download(server.address("a.zip"), tmp_path / "a.zip", len(content), pauses=[0])
    assert (tmp_path / "a.zip").read_bytes() == content
    assert server.asked == [("a.zip", None), ("a.zip", "bytes=100000-"), ("a.zip", "bytes=150000-")]
    assert server.sent == len(content)
    assert [file.name for file in tmp_path.iterdir()] == ["a.zip"]


def test_download_of_a_dead_process_goes_on(server: Server, tmp_path: Path) -> None:
    content = random.Random(0).randbytes(300_000)
    serve(server, "a.zip", content)
    server.breaks = [100_000]
    with pytest.raises(OSError, match="100,000 of 300,000 bytes"):
        download(server.address("a.zip"), tmp_path / "a.zip", len(content), pauses=[])
    assert not (tmp_path / "a.zip").exists()
    download(server.address("a.zip"), tmp_path / "a.zip", len(content), pauses=[])
    assert (tmp_path / "a.zip").read_bytes() == content and server.sent == len(content)


def test_server_that_ignores_ranges_is_asked_for_all(server: Server, tmp_path: Path) -> None:
    content = random.Random(0).randbytes(300_000)
    serve(server, "a.zip", content)
    server.breaks, server.ranges = [100_000], False
    download(server.address("a.zip"), tmp_path / "a.zip", len(content), pauses=[0])
    assert (tmp_path / "a.zip").read_bytes() == content and server.sent == 400_000


def test_server_that_names_no_version_is_asked_for_all(server: Server, tmp_path: Path) -> None:
    content = random.Random(0).randbytes(300_000)
    serve(server, "a.zip", content)
    server.versions["a.zip"] = 'W/"weak"'
    server.breaks = [100_000]
    download(server.address("a.zip"), tmp_path / "a.zip", len(content), pauses=[0])
    assert (tmp_path / "a.zip").read_bytes() == content
    assert server.asked == [("a.zip", None)] * 2


def test_file_that_changed_between_two_tries_is_not_mixed(server: Server, tmp_path: Path) -> None:
    old, new = (random.Random(seed).randbytes(300_000) for seed in (0, 1))
    serve(server, "a.zip", old)
    server.breaks = [100_000]
    with pytest.raises(OSError, match="broke off"):
        download(server.address("a.zip"), tmp_path / "a.zip", len(old), pauses=[])
    serve(server, "a.zip", new)
    download(server.address("a.zip"), tmp_path / "a.zip", len(new), pauses=[])
    assert (tmp_path / "a.zip").read_bytes() == new


@pytest.mark.parametrize("said", [299_999, 300_001, 15])
def test_another_length_is_refused_before_a_byte_is_taken(server: Server, tmp_path: Path, said: int) -> None:
    serve(server, "a.zip", bytes(300_000))
    server.length["a.zip"] = said
    with pytest.raises(ValueError, match=f"has {said} bytes, the published file has 300000"):
        download(server.address("a.zip"), tmp_path / "a.zip", 300_000, pauses=[0])
    assert list(tmp_path.iterdir()) == []


def test_more_than_was_said_is_refused(server: Server, tmp_path: Path) -> None:
    serve(server, "a.zip", bytes(3_000_000))
    server.length["a.zip"] = None
    with pytest.raises(ValueError, match="more than the published 300,000"):
        download(server.address("a.zip"), tmp_path / "a.zip", 300_000, pauses=[0])
    assert not (tmp_path / "a.zip").exists()


def test_less_than_was_said_is_never_taken_for_all(server: Server, tmp_path: Path) -> None:
    serve(server, "a.zip", bytes(299_990))
    server.length["a.zip"], server.ranges = 300_000, False
    with pytest.raises(OSError, match="gave up after 3 tries"):
        download(server.address("a.zip"), tmp_path / "a.zip", 300_000, pauses=[0, 0])
    assert not (tmp_path / "a.zip").exists()


def test_server_error_is_tried_again_and_a_refusal_is_not(server: Server, tmp_path: Path) -> None:
    serve(server, "a.zip", b"content")
    server.refusals = [503, 500]
    download(server.address("a.zip"), tmp_path / "a.zip", 7, pauses=[0, 0])
    assert (tmp_path / "a.zip").read_bytes() == b"content" and len(server.asked) == 3
    with pytest.raises(OSError, match="404"):
        download(server.address("b.zip"), tmp_path / "b.zip", 7, pauses=[0, 0])
    assert len(server.asked) == 4


# Putting COCO in place


def test_everything_is_laid_out_and_a_second_call_downloads_nothing(server: Server, tmp_path: Path) -> None:
    wanted = [annotations(server), val2017(server), detections(server)]
    assert get(wanted, tmp_path) == {}
    assert below(tmp_path, "annotations", "val2017", "person_detection_results") == {
        **LABELS,
        **PHOTOS,
        "person_detection_results/boxes.json": DETECTIONS,
    }
    shutil.rmtree(tmp_path / "downloads")
    assert get(wanted, tmp_path) == {}
    assert len(server.asked) == 3


def test_one_failure_does_not_keep_the_others_back(server: Server, tmp_path: Path) -> None:
    lost = replace(detections(server), addresses=(server.address("gone"),), by_hand="https://example.org/click")
    failures = get([lost, val2017(server)], tmp_path)
    assert list(failures) == ["boxes.json"]
    assert "404" in failures["boxes.json"] and "https://example.org/click" in failures["boxes.json"]
    assert str(tmp_path / "person_detection_results" / "boxes.json") in failures["boxes.json"]
    assert below(tmp_path, "val2017") == PHOTOS


def test_second_address_serves_where_the_first_has_a_page_instead(server: Server, tmp_path: Path) -> None:
    boxes = detections(server)
    serve(server, "quota", b"<html>too many users</html>")
    assert get([replace(boxes, addresses=(server.address("quota"), *boxes.addresses))], tmp_path) == {}
    assert below(tmp_path, "person_detection_results") == {"person_detection_results/boxes.json": DETECTIONS}


def test_file_with_another_digest_is_refused_and_deleted(server: Server, tmp_path: Path) -> None:
    archive = replace(val2017(server), sha256=sha256(b"another"))
    failures = get([archive], tmp_path)
    assert sha256(b"another") in failures["val2017.zip"] and "is published" in failures["val2017.zip"]
    assert below(tmp_path, "downloads", "val2017") == {}


def test_download_that_differs_from_the_recorded_one_is_refused(server: Server, tmp_path: Path) -> None:
    first = replace(val2017(server), sha256=None)
    assert get([first], tmp_path) == {}
    record = json.loads((tmp_path / "digests.json").read_text())
    assert record["val2017.zip"]["sha256"] == sha256(server.files["val2017.zip"])
    assert record["val2017.zip"]["source"] == "recorded at the first download"

    shutil.rmtree(tmp_path / "downloads")
    shutil.rmtree(tmp_path / "val2017")
    changed = {name: content[::-1] for name, content in PHOTOS.items()}
    failures = get([replace(val2017(server, zipped(changed)), sha256=None)], tmp_path)
    assert "recorded at the first download" in failures["val2017.zip"]
    assert below(tmp_path, "val2017", "downloads") == {}


def test_file_in_place_that_is_not_the_published_one_is_named(server: Server, tmp_path: Path) -> None:
    write(tmp_path, {**LABELS, "annotations/person_keypoints_val2017.json": b"{}"})
    failures = get([annotations(server)], tmp_path)
    assert "person_keypoints_val2017.json has the SHA-256" in failures["annotations.zip"]
    assert server.asked == []


# Damaged and hostile archives


def corrupted() -> bytes:
    """An archive of which one byte of a photo has changed."""
    content = bytearray(zipped(PHOTOS))
    content[content.find(PHOTOS["val2017/000000000003.jpg"]) + 10_000] ^= 1
    return bytes(content)


def linked() -> bytes:
    with zipfile.ZipFile(stream := io.BytesIO(), "w") as archive:
        for name, content in list(PHOTOS.items())[1:]:
            archive.writestr(name, content)
        link = zipfile.ZipInfo(next(iter(PHOTOS)))
        link.create_system, link.external_attr = 3, (stat.S_IFLNK | 0o777) << 16
        archive.writestr(link, "/etc/passwd")
    return stream.getvalue()


def with_stranger(name: str) -> bytes:
    return zipped({**PHOTOS, name: b"stranger"})


def bomb() -> bytes:
    return zipped({**PHOTOS, next(iter(PHOTOS)): bytes(10_000_000)}, zipfile.ZIP_DEFLATED)


@pytest.mark.parametrize(
    ("archive", "complaint"),
    [
        (corrupted(), "CRC-32"),
        (zipped(PHOTOS)[:-10_000], "not a zip file"),
        (b"no archive", "not a zip file"),
        (with_stranger("../outside.jpg"), "outside.jpg', which does not belong"),
        (with_stranger("val2017/../../outside.jpg"), "outside.jpg', which does not belong"),
        (with_stranger("/tmp/000000000009.jpg"), "does not belong"),
        (with_stranger("train2017/000000000009.jpg"), "does not belong"),
        (with_stranger("val2017/000000000009.jpg/"), "does not belong"),
        (with_stranger("val2017/.000000000009.jpg.part1"), "does not belong"),
        (linked(), "is a link"),
        (bomb(), "would unpack to 10,100,000 bytes; expected at most 150,000"),
        (zipped(dict(list(PHOTOS.items())[1:])), "has 5 photos; expected 6"),
        (with_stranger("val2017/000000000009.jpg"), "has 7 photos; expected 6"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_archive_that_is_not_as_published_is_refused(
    archive: bytes, complaint: str, server: Server, tmp_path: Path
) -> None:
    root = tmp_path / "inside" / "coco"
    failures = get([val2017(server, archive)], root)
    assert complaint in failures["val2017.zip"]
    assert all(content == PHOTOS[name] for name, content in below(root, "val2017").items())  # nothing else, no halves
    assert "CRC-32" in complaint or not (root / "val2017").exists()
    assert [file.name for file in tmp_path.iterdir()] == ["inside"]


def test_annotations_that_lack_a_file_are_refused(server: Server, tmp_path: Path) -> None:
    lacking = {**annotations(server).files, "annotations/person_keypoints_tune2017.json": None}
    failures = get([replace(annotations(server), files=lacking)], tmp_path)
    assert "lacks annotations/person_keypoints_tune2017.json" in failures["annotations.zip"]
    assert below(tmp_path, "annotations") == {}


def die_in_the_third_photo(archive: Path, described: Published, root: Path) -> None:
    from mmpose_ssn.datasets.published import unpack

    copied = []

    def copy(source: io.BufferedIOBase, stream: io.BufferedIOBase, length: int) -> None:
        copied.append(stream)
        stream.write(source.read(5_000 if len(copied) == 3 else -1))
        if len(copied) == 3:
            stream.flush()
            os._exit(1)

    unpack.shutil.copyfileobj = copy
    unpack.unpack(archive, described, root)


def test_killed_unpacking_goes_on_and_halves_never_count(server: Server, tmp_path: Path) -> None:
    described = val2017(server)
    archive = write(tmp_path, {"downloads/val2017.zip": server.files["val2017.zip"]}) / "downloads" / "val2017.zip"
    process = multiprocessing.get_context("fork").Process(
        target=die_in_the_third_photo, args=(archive, described, tmp_path)
    )
    process.start()
    process.join()
    assert described.missing(tmp_path) == ["val2017/ (2 of 6 photos)"]
    left = below(tmp_path, "val2017")
    assert len(left) == 3  # two photos, and the half that does not count

    untouched = tmp_path / "val2017" / "000000000000.jpg"
    before = untouched.stat().st_ino
    assert get([described], tmp_path) == {}
    assert below(tmp_path, "val2017") == PHOTOS
    assert untouched.stat().st_ino == before
    assert server.asked == []


def test_half_a_photo_of_another_program_is_written_anew(server: Server, tmp_path: Path) -> None:
    half, changed, *_ = PHOTOS
    write(tmp_path, {half: PHOTOS[half][:5_000], changed: bytes(len(PHOTOS[changed]))})
    assert get([val2017(server)], tmp_path) == {}
    assert below(tmp_path, "val2017") == PHOTOS


# What the user has already


def test_own_unpacked_files_are_linked(server: Server, tmp_path: Path) -> None:
    have = write(tmp_path / "have", {**LABELS, "boxes.json": DETECTIONS})
    write(have / "images", PHOTOS)
    root = tmp_path / "coco"
    wanted = [annotations(server), val2017(server), detections(server)]
    assert get(wanted, root, have) == {}
    assert all(not published.missing(root) for published in wanted)
    assert (root / "val2017").resolve() == have / "images" / "val2017"
    assert (root / "person_detection_results" / "boxes.json").resolve() == have / "boxes.json"
    assert server.asked == []


def test_own_files_are_copied_where_the_file_system_has_no_links(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*arguments: object, **options: object) -> None:
        raise PermissionError("no links here")

    monkeypatch.setattr(Path, "symlink_to", refuse)
    have, root = write(tmp_path / "have", {**LABELS, **PHOTOS}), tmp_path / "coco"
    assert get([annotations(server), val2017(server)], root, have) == {}
    shutil.rmtree(have)
    assert below(root, "annotations", "val2017") == LABELS | PHOTOS
    assert server.asked == []


def test_own_archive_is_unpacked_where_it_lies(server: Server, tmp_path: Path) -> None:
    described = val2017(server)
    have, root = write(tmp_path / "have", {"val2017.zip": server.files["val2017.zip"]}), tmp_path / "coco"
    assert get([described], root, have) == {}
    assert below(root, "val2017") == PHOTOS and not (root / "downloads").exists()
    assert server.asked == []


@pytest.mark.parametrize(
    ("own", "complaint"),
    [
        ({"val2017.zip": b"short"}, "has 5 bytes, the published file"),
        ({"val2017.zip": bytes(len(zipped(PHOTOS)))}, "is published"),
        (dict(list(PHOTOS.items())[1:]), "has 5 photos that are not empty, expected 6"),
        ({**PHOTOS, "val2017/000000000003.jpg": b""}, "has 5 photos that are not empty, expected 6"),
    ],
)
def test_own_files_that_are_not_whole_are_refused_and_left_alone(
    own: dict[str, bytes], complaint: str, server: Server, tmp_path: Path
) -> None:
    have, root = write(tmp_path / "have", own), tmp_path / "coco"
    assert complaint in get([val2017(server)], root, have)["val2017.zip"]
    assert below(have, ".") == own
    assert not (root / "val2017").exists() and server.asked == []


# Room, other processes, the command


def test_too_little_room_is_said_before_anything_is_fetched(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    archive = val2017(server, unpacked=7_000_000_000)
    usage = shutil._ntuple_diskusage(total=8_000_000_000, used=2_000_000_000, free=6_000_000_000)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage)
    with pytest.raises(OSError, match=r"has 6.0 GB free; COCO needs 7.0 GB more, 0.0 to download and 7.0 unpacked"):
        get([archive], tmp_path)
    assert server.asked == []
    write(tmp_path, {name: PHOTOS[name] for name in list(PHOTOS)[1:]})  # 1/6 is still to be unpacked
    assert get([archive], tmp_path) == {}


def test_two_processes_do_not_write_into_one_root(server: Server, tmp_path: Path) -> None:
    with (tmp_path / ".lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_SH)  # only somebody who wants it alone is kept out
        with pytest.raises(OSError, match="another process"):
            get([val2017(server)], tmp_path)
    assert server.asked == []


def test_the_command_downloads_what_is_missing_and_names_what_it_could_not_get(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    parts = {
        "annotations": (annotations(server),),
        "train2017": (),
        "val2017": (val2017(server),),
        "detections": (replace(detections(server), addresses=(server.address("gone"),)),),
    }
    monkeypatch.setattr(parts_of_coco, "PARTS", parts)
    root, out = tmp_path / "coco", tmp_path / "coco.json"
    call = ["coco", "--root", str(root), "--download", "--out", str(out)]
    assert main([*call, "--only", "val2017"]) == 0
    assert [name for name, _ in server.asked] == ["val2017.zip"]

    out.unlink()
    assert main(call) == 1
    message = capsys.readouterr().err
    assert "lacks person_detection_results/boxes.json" in message and "By hand" in message
    assert not out.exists()

    assert main([*call, "--have", str(write(tmp_path / "have", {"boxes.json": DETECTIONS}))]) == 0
    assert json.loads(out.read_text())["files"] == {
        **{name: f"sha256:{sha256(content)}" for name, content in LABELS.items()},
        "person_detection_results/boxes.json": f"sha256:{sha256(DETECTIONS)}",
    }
