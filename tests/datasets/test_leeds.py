"""Leeds Sports Pose from archives, folders or a server to annotations: tiny sets of both layouts, and the sample."""

from __future__ import annotations

import contextlib
import io
import json
import os
import stat
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from PIL import Image
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval
from scipy.io import loadmat, savemat

from mmpose_ssn.__main__ import main
from mmpose_ssn.datasets import leeds
from mmpose_ssn.datasets.drawn.random_stream import Stream
from mmpose_ssn.datasets.leeds import annotations, archives
from mmpose_ssn.datasets.leeds.joints import KEYPOINTS, LIMBS
from mmpose_ssn.datasets.leeds.matlab_array import matlab_array
from mmpose_ssn.networks import configs_folder

if TYPE_CHECKING:
    from tests.datasets.conftest import Server

LSP, LSPET = 6, 5
"""Photos of the tiny sets: LSP's 4 to 6 are its test, and LSPET's 2 and 4 are for tuning."""
SIZE = (60, 40)
SIGMAS = [0.089, 0.087, 0.107, 0.107, 0.087, 0.089, 0.062, 0.072, 0.079, 0.079, 0.072, 0.062, 0.079, 0.079]


@pytest.fixture
def tiny(monkeypatch: pytest.MonkeyPatch) -> None:
    """As many photos as the tiny sets have, and no address."""
    for name, part in archives.PARTS.items():
        photos = LSPET if name == archives.LSPET else LSP
        monkeypatch.setitem(archives.PARTS, name, replace(part, photos=photos, addresses=(), unpacked=50_000))
    monkeypatch.setattr(annotations, "FIRST_OF_TEST", 4)
    monkeypatch.setattr(annotations, "tune_photos", lambda: {2, 4})


def jpeg(number: int) -> bytes:
    Image.new("RGB", SIZE, (number, 0, 0)).save(stream := io.BytesIO(), "JPEG")
    return stream.getvalue()


def joints(photos: int) -> np.ndarray:
    """Places and third numbers, [photos, 14, 3], all within the photos."""
    random = np.random.default_rng(photos)
    places = random.uniform((5, 5), (SIZE[0] - 5, SIZE[1] - 5), (photos, 14, 2))
    return np.concatenate([places, np.zeros((photos, 14, 1))], axis=-1)


def matlab(array: np.ndarray) -> bytes:
    savemat(stream := io.BytesIO(), {"joints": array})
    return stream.getvalue()


def lsp_files(placed: np.ndarray | None = None) -> dict[str, bytes]:
    """What LSP's archive holds; its third number is 1 where a joint is occluded."""
    placed = joints(LSP) if placed is None else placed
    photos = {f"images/im{number:04d}.jpg": jpeg(number) for number in range(1, LSP + 1)}
    return {"joints.mat": matlab(placed.transpose(2, 1, 0)), "README.txt": b"LSP", **photos}


def lspet_files(placed: np.ndarray | None = None) -> dict[str, bytes]:
    """What LSPET's archive holds; its third number is 1 where a joint is visible."""
    if placed is None:
        placed = joints(LSPET)
        placed[..., 2] = 1
    photos = {f"images/im{number:05d}.jpg": jpeg(100 + number) for number in range(1, LSPET + 1)}
    return {"joints.mat": matlab(placed.transpose(1, 2, 0)), "README.txt": b"LSPET", **photos}


def folder(root: Path, name: str, files: dict[str, bytes]) -> Path:
    for file, content in files.items():
        (root / name / file).parent.mkdir(parents=True, exist_ok=True)
        (root / name / file).write_bytes(content)
    return root


def zipped(members: dict[str, bytes]) -> bytes:
    with zipfile.ZipFile(stream := io.BytesIO(), "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return stream.getvalue()


def unpacked(root: Path, **placed: np.ndarray) -> Path:
    folder(root, archives.LSP, lsp_files(placed.get("lsp")))
    return folder(root, archives.LSPET, lspet_files(placed.get("lspet")))


def read(root: Path) -> dict[str, dict]:
    return {split: json.loads(leeds.annotation_file(root, split).read_text()) for split in leeds.SPLITS}


def person(root: Path, image_id: int) -> dict:
    return next(one for split in read(root).values() for one in split["annotations"] if one["image_id"] == image_id)


# From joints to annotations


@pytest.mark.usefixtures("tiny")
def test_each_photo_is_in_its_split_under_its_own_name(tmp_path: Path) -> None:
    leeds.annotate(unpacked(tmp_path), archives.LSP)
    names = {split: [image["file_name"] for image in content["images"]] for split, content in read(tmp_path).items()}
    assert names == {
        "train": [f"lsp_dataset/images/im000{n}.jpg" for n in (1, 2, 3)]
        + [f"lspet_dataset/images/im0000{n}.jpg" for n in (1, 3, 5)],
        "tune": ["lspet_dataset/images/im00002.jpg", "lspet_dataset/images/im00004.jpg"],
        "test": [f"lsp_dataset/images/im000{n}.jpg" for n in (4, 5, 6)],
    }
    for split in read(tmp_path).values():
        ids = [image["id"] for image in split["images"]]
        assert ids == [one["id"] for one in split["annotations"]] == [one["image_id"] for one in split["annotations"]]
        assert all((image["width"], image["height"]) == SIZE for image in split["images"])
        assert all((tmp_path / image["file_name"]).is_file() for image in split["images"])


@pytest.mark.usefixtures("tiny")
def test_both_layouts_and_both_meanings_of_the_third_number(tmp_path: Path) -> None:
    lsp, lspet = joints(LSP), joints(LSPET)
    lsp[0, 3, 2] = 1  # occluded, but placed
    lspet[..., 2] = 1
    lspet[0, 3], lspet[0, 4] = (-400, 900, 0), (np.nan, 0, 0)  # not visible: their places mean nothing
    leeds.annotate(unpacked(tmp_path, lsp=lsp, lspet=lspet), archives.LSP)
    for placed, image_id, expected in ((lsp[0], 1, (*lsp[0, 3, :2].round(3), 1)), (lspet[0], 10_001, (0, 0, 0))):
        found = np.reshape(person(tmp_path, image_id)["keypoints"], (14, 3))
        others = (np.arange(14) != 3) & np.isfinite(placed[:, 0])
        assert np.allclose(found[others, :2], placed[others, :2], atol=5e-4) and (found[others, 2] == 2).all()
        assert tuple(found[3]) == expected
        assert person(tmp_path, image_id)["num_keypoints"] == (found[:, 2] > 0).sum()


@pytest.mark.usefixtures("tiny")
def test_joint_outside_the_photo_is_not_labelled(tmp_path: Path) -> None:
    lsp = joints(LSP)
    lsp[0, :4, :2] = [
        (-0.01, 20),
        (SIZE[0] + 0.01, 20),
        (20, SIZE[1] + 0.01),
        (SIZE[0], SIZE[1]),
    ]  # the last lies on it
    leeds.annotate(unpacked(tmp_path, lsp=lsp), archives.LSP)
    assert np.reshape(person(tmp_path, 1)["keypoints"], (14, 3))[:4, 2].tolist() == [0, 0, 0, 2]


@pytest.mark.usefixtures("tiny")
def test_box_holds_the_joints_with_a_margin_and_stays_in_the_photo(tmp_path: Path) -> None:
    lsp = joints(LSP)
    lsp[0, :, 0], lsp[0, :, 1] = 30, np.linspace(8, 28, 14)  # upright, all joints in a line
    lsp[1, :, 0], lsp[1, :, 1] = np.linspace(0, 50, 14), 38
    leeds.annotate(unpacked(tmp_path, lsp=lsp), archives.LSP)
    assert person(tmp_path, 1)["bbox"] == [28, 6, 4, 24]
    assert person(tmp_path, 2)["bbox"] == [0, 33, 55, 7]
    assert person(tmp_path, 1)["area"] == pytest.approx(0.53 * 4 * 24)


@pytest.mark.usefixtures("tiny")
def test_equal_files_give_equal_bytes_and_another_photo_another_digest(tmp_path: Path) -> None:
    written = []
    for name in ("one", "other", "changed"):
        root = unpacked(tmp_path / name)
        if name == "changed":
            (root / "lsp_dataset/images/im0004.jpg").write_bytes(jpeg(200))
        files = [*(leeds.annotation_file(root, split) for split in leeds.SPLITS), leeds.annotate(root, archives.LSP)]
        written.append([file.read_bytes() for file in files])
    assert written[0] == written[1]
    assert written[0][:3] == written[2][:3]
    first, changed = (json.loads(content[3]) for content in written[::2])
    assert first["version"] == "1.0" and first["counts"] == {"train": 6, "tune": 2, "test": 3}
    differing = [split for split in leeds.SPLITS if first["digests"][split] != changed["digests"][split]]
    assert differing == ["test"]


@pytest.mark.parametrize(
    ("spoilt", "complaint"),
    [
        ({"joints.mat": matlab(np.zeros((14, 3, LSP)))}, r"got 'joints' of \[14, 3, 6\]; expected \[3, 14, 6\]"),
        ({"joints.mat": matlab(np.full((3, 14, LSP), np.nan))}, "finite places"),
        ({"joints.mat": matlab(np.full((3, 14, LSP), 2.0))}, "third numbers of 0 or 1"),
        ({"joints.mat": matlab(np.full((3, 14, LSP), 1000.0) * [[[1]], [[1]], [[0]]])}, "got 0 labelled joints"),
        ({"joints.mat": b"no matrix"}, "expected a MATLAB file"),
        ({"joints.mat": lsp_files()["joints.mat"][:200]}, "expected a MATLAB file"),
        ({"images/im0002.jpg": b"no photo"}, r"im0002.jpg: expected a JPEG"),
    ],
)
@pytest.mark.usefixtures("tiny")
def test_files_that_are_not_as_published_are_named_and_nothing_is_written(
    spoilt: dict[str, bytes], complaint: str, tmp_path: Path
) -> None:
    folder(unpacked(tmp_path), archives.LSP, spoilt)
    with pytest.raises(ValueError, match=complaint):
        leeds.annotate(tmp_path, archives.LSP)
    assert not (tmp_path / "annotations").exists() and not (tmp_path / "manifest.json").exists()


@pytest.mark.parametrize("compressed", [False, True])
@pytest.mark.parametrize("kind", ["f8", "f4", "u1", "i2", ">f8"])
def test_matlab_files_are_read_as_scipy_writes_them(kind: str, compressed: bool, tmp_path: Path) -> None:
    expected = np.arange(3 * 14 * 5).reshape(3, 14, 5).astype(kind)
    content = {"a": 1.5, "text": "words", "joints": expected, "more": {"x": np.eye(2)}}
    savemat(tmp_path / "joints.mat", content, do_compression=compressed)
    assert np.array_equal(matlab_array(tmp_path / "joints.mat", "joints"), expected)
    with pytest.raises(ValueError, match="none of that name"):
        matlab_array(tmp_path / "joints.mat", "limbs")


@pytest.mark.parametrize("compressed", [False, True])
def test_damaged_matlab_file_is_refused_or_read_and_nothing_else_happens(compressed: bool, tmp_path: Path) -> None:
    file, random = tmp_path / "joints.mat", np.random.default_rng(0)
    savemat(stream := io.BytesIO(), {"joints": joints(LSP)}, do_compression=compressed)
    refused = 0
    for _ in range(500):
        content = bytearray(stream.getvalue())
        for place in random.integers(120, 220, 3):
            content[place] = random.integers(256)
        file.write_bytes(content[: random.integers(1, len(content))] if random.random() < 0.3 else content)
        try:
            matlab_array(file, "joints")
        except ValueError:
            refused += 1
    assert refused > 250


def test_list_of_tuning_photos_is_the_draw_that_it_names() -> None:
    drawn = Stream("leeds", "tune", 0).shuffled(range(1, 10_001))[:1_000]
    assert annotations.tune_photos() == set(drawn) and len(set(drawn)) == 1_000


@pytest.mark.usefixtures("tiny")
def test_few_photos_are_spread_over_each_split_and_lie_where_they_were(tmp_path: Path) -> None:
    root, few = unpacked(tmp_path / "all"), tmp_path / "few"
    leeds.annotate(root, archives.LSP)
    for photos in (3, 2):  # the second time over the first one's links
        manifest = json.loads(leeds.limit(root, photos, few).read_text())
        counts = {"train": photos, "tune": 2, "test": photos}
        assert (manifest["counts"], manifest["limit"]) == (counts, photos)
    for split, content in read(few).items():
        whole = read(root)[split]
        ids = [image["id"] for image in content["images"]]
        assert {ids[0], ids[-1]} == {whole["images"][0]["id"], whole["images"][-1]["id"]}
        assert [person["image_id"] for person in content["annotations"]] == ids
        assert all((few / image["file_name"]).read_bytes() for image in content["images"])
        assert all(person in whole["annotations"] for person in content["annotations"])
    with pytest.raises(ValueError, match="the few photos need a data root of their own"):
        leeds.limit(root, 2, root)


# MMPose's view of the data set


def test_mmpose_reads_the_meta_file() -> None:
    from mmpose.datasets.datasets.utils import parse_pose_metainfo

    own = parse_pose_metainfo({"from_file": str(configs_folder() / "_base_" / "datasets" / "leeds.py")})
    crowdpose = parse_pose_metainfo({"from_file": "configs/_base_/datasets/crowdpose.py"})
    assert tuple(own["keypoint_id2name"].values()) == KEYPOINTS
    assert own["skeleton_links"] == [tuple(map(KEYPOINTS.index, limb)) for limb in LIMBS]
    swapped = {"left": "right", "right": "left"}
    mirrored = ["_".join(swapped.get(part, part) for part in name.split("_")) for name in KEYPOINTS]
    assert [KEYPOINTS[index] for index in own["flip_indices"]] == mirrored
    assert own["sigmas"].tolist() == pytest.approx(SIGMAS)
    weights = own["dataset_keypoint_weights"]
    assert (weights == weights[own["flip_indices"]]).all()
    # The same joints, constants and limbs as CrowdPose's, in another order.
    metas = (own, crowdpose)
    constants = [dict(zip(meta["keypoint_id2name"].values(), meta["sigmas"], strict=True)) for meta in metas]
    assert constants[0] == constants[1]
    limbs = [
        {frozenset(meta["keypoint_id2name"][end] for end in link) for link in meta["skeleton_links"]} for meta in metas
    ]
    assert limbs[0] == limbs[1]


@pytest.mark.usefixtures("tiny")
def test_mmpose_loads_and_mirrors_an_annotated_set_and_knows_its_limbs(tmp_path: Path) -> None:
    import mmpose.datasets  # noqa: F401  registers data sets and transforms
    from mmengine.config import Config
    from mmengine.registry import DefaultScope
    from mmpose.registry import DATASETS
    from mmpose.visualization import PoseLocalVisualizer

    leeds.annotate(unpacked(tmp_path), archives.LSP)
    config = tmp_path / "config.py"
    config.write_text(
        f"_base_ = [{str(configs_folder() / '_base_' / 'datasets' / 'leeds.py')!r}]\n"
        "dataset = dict(type='CocoDataset', metainfo=_base_.dataset_info, data_mode='topdown')\n"
    )
    settings = Config.fromfile(config).dataset
    settings.update(data_root=str(tmp_path), ann_file="annotations/person_keypoints_train.json")
    settings.pipeline = [dict(type="LoadImage"), dict(type="RandomFlip", prob=1.0)]
    with DefaultScope.overwrite_default_scope("mmpose"):
        dataset = DATASETS.build(settings)
        before, after = dataset.get_data_info(0), dataset[0]
    left, right = KEYPOINTS.index("left_wrist"), KEYPOINTS.index("right_wrist")
    assert len(dataset) == 6
    x = before["keypoints"][0, left, 0]
    assert after["keypoints"][0, right, 0] == pytest.approx(SIZE[0] - 1 - x)
    visualizer = PoseLocalVisualizer()
    visualizer.set_dataset_meta(dataset.metainfo)
    assert len(visualizer.skeleton) == len(LIMBS)


# Getting it


def archive(name: str) -> bytes:
    return zipped(lspet_files() if name == archives.LSPET else lsp_files())


@pytest.mark.parametrize("top", [False, True], ids=["members at the top", "members in a folder"])
@pytest.mark.usefixtures("tiny")
def test_own_archives_are_unpacked_and_annotated(top: bool, tmp_path: Path) -> None:
    have, root, out = tmp_path / "have", tmp_path / "leeds", tmp_path / "leeds.json"
    for name, files in ((archives.LSP, lsp_files()), (archives.LSPET, lspet_files())):
        files = {**files, "visualized/im0001.jpg": b"drawn on", "__MACOSX/._joints.mat": b"?"}
        members = {f"{name}/{member}": content for member, content in files.items()} if top else files
        folder(have, ".", {f"{name}.zip": zipped(members)})
    call = ["leeds", "--root", str(root), "--out", str(out)]
    assert main(call) == 1 and not out.exists()
    assert main([*call, "--download", "--have", str(have)]) == 0
    assert json.loads(out.read_text())["counts"] == {"train": 6, "tune": 2, "test": 3}
    assert sorted(json.loads((root / "digests.json").read_text())) == [
        "lsp_dataset.zip",
        "lsp_dataset/joints.mat",
        "lspet_dataset.zip",
        "lspet_dataset/joints.mat",
    ]
    assert {file.name for file in (root / "lsp_dataset").iterdir()} == {"images", "joints.mat"}
    assert (root / "lsp_dataset/images/im0003.jpg").read_bytes() == jpeg(3)
    out.unlink()
    assert main(call) == 0 and out.exists()


@pytest.mark.usefixtures("tiny")
def test_own_folders_are_linked_and_give_what_archives_give(tmp_path: Path) -> None:
    have, root = unpacked(tmp_path / "have"), tmp_path / "leeds"
    assert main(["leeds", "--root", str(root), "--download", "--have", str(have)]) == 0
    assert (root / "lspet_dataset/images").resolve() == have / "lspet_dataset/images"
    for name in (archives.LSP, archives.LSPET):
        folder(tmp_path / "archives", ".", {f"{name}.zip": archive(name)})
    other = tmp_path / "other"
    assert main(["leeds", "--root", str(other), "--download", "--have", str(tmp_path / "archives")]) == 0
    assert (other / "manifest.json").read_bytes() == (root / "manifest.json").read_bytes()
    assert sorted(file.name for file in have.rglob("*.json")) == []


@pytest.mark.usefixtures("tiny")
def test_lsp_at_its_original_size_is_taken_where_it_is_what_there_is(tmp_path: Path) -> None:
    have, root = tmp_path / "have", tmp_path / "leeds"
    for name in (archives.LSP_ORIGINAL, archives.LSPET):
        folder(have, ".", {f"{name}.zip": archive(name)})
    assert main(["leeds", "--root", str(root), "--download", "--have", str(have)]) == 0
    assert json.loads((root / "manifest.json").read_text())["lsp"] == "lsp_dataset_original"
    assert read(root)["test"]["images"][0]["file_name"] == "lsp_dataset_original/images/im0004.jpg"
    assert main(["leeds", "--root", str(root)]) == 0


@pytest.mark.usefixtures("tiny")
def test_what_is_missing_is_said_with_what_to_do(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder(tmp_path, archives.LSP, lsp_files())
    (tmp_path / "lsp_dataset/images/im0002.jpg").unlink()
    assert main(["leeds", "--root", str(tmp_path)]) == 1
    message = capsys.readouterr().err
    for lacking in ("lsp_dataset/images/ (5 of 6 photos)", "lspet_dataset/joints.mat", "person_keypoints_tune.json"):
        assert lacking in message
    assert "./run snakemake --cores 1 leeds" in message and "leeds_have=" in message

    assert main(["leeds", "--root", str(tmp_path), "--lsp", "lsp"]) == 1
    assert "expected lsp_dataset or lsp_dataset_original" in capsys.readouterr().err
    assert main(["leeds", "--root", str(tmp_path), "--download"]) == 1
    message = capsys.readouterr().err
    assert "fetch lspet_dataset.zip from https://sam.johnson.io/research/lspet.html" in message
    assert str(tmp_path / "downloads" / "lspet_dataset.zip") in message


def linked() -> bytes:
    with zipfile.ZipFile(stream := io.BytesIO(), "w") as opened:
        for name, content in list(lsp_files().items())[:-1]:
            opened.writestr(name, content)
        link = zipfile.ZipInfo(f"images/im000{LSP}.jpg")
        link.create_system, link.external_attr = 3, (stat.S_IFLNK | 0o777) << 16
        opened.writestr(link, "/etc/passwd")
    return stream.getvalue()


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (zipped({**lsp_files(), "../outside.jpg": b"?"}), "outside.jpg', which does not belong"),
        (zipped({**lsp_files(), "images/../../outside.jpg": b"?"}), "outside.jpg', which does not belong"),
        (zipped({**lsp_files(), "/tmp/outside.jpg": b"?"}), "outside.jpg', which does not belong"),
        (zipped({**lsp_files(), "lsp_dataset/images/im0001.jpg": b"?"}), "images/im0001.jpg twice"),
        (zipped({**lsp_files(), "images/im0007.jpg": b"?"}), "has 7 photos; expected 6"),
        (zipped({**lsp_files(), "images/im0006.jpg": bytes(60_000)}), "expected at most 50,000"),
        (
            zipped({name: content for name, content in lsp_files().items() if name != "joints.mat"}),
            "lacks lsp_dataset/",
        ),
        (linked(), "is a link"),
        (archive(archives.LSP)[:-500], "not a zip file"),
        (b"<html>moved</html>", "not a zip file"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
@pytest.mark.usefixtures("tiny")
def test_hostile_or_damaged_archive_is_refused_and_never_becomes_the_recorded_one(
    content: bytes, complaint: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    root = tmp_path / "inside" / "leeds"
    folder(root, "downloads", {f"{name}.zip": archive(name) for name in (archives.LSP, archives.LSPET)})
    folder(root, "downloads", {"lsp_dataset.zip": content})
    assert main(["leeds", "--root", str(root), "--download"]) == 1
    assert complaint in capsys.readouterr().err
    assert [file.name for file in tmp_path.iterdir()] == ["inside"] and not (root / "lsp_dataset").exists()
    assert not (root / "manifest.json").exists()

    folder(root, "downloads", {"lsp_dataset.zip": archive(archives.LSP)})
    assert main(["leeds", "--root", str(root), "--download"]) == 0
    assert "outside.jpg" not in {file.name for file in tmp_path.rglob("*")}


@pytest.mark.usefixtures("tiny")
def test_interrupted_download_of_unknown_length_goes_on(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in (archives.LSP, archives.LSPET):
        file = f"{name}.zip"
        server.files[file], server.versions[file] = archive(name), f'"{name}"'
        described = replace(archives.PARTS[name], addresses=(server.address(file),))
        monkeypatch.setitem(archives.PARTS, name, described)
    server.breaks = [1_000, 2_000]
    wanted = leeds.contents(archives.LSP)
    failures = leeds.get(wanted, tmp_path, pauses=[])
    assert "1,000 of an unknown number of bytes" in failures["lsp_dataset.zip"]
    assert "2,000 of an unknown number of bytes" in failures["lspet_dataset.zip"]
    assert leeds.get(wanted, tmp_path, pauses=[0]) == {}
    assert server.sent == sum(map(len, server.files.values()))
    assert [asked for _, asked in server.asked] == [None, None, "bytes=1000-", "bytes=2000-"]
    assert leeds.annotate(tmp_path, archives.LSP).is_file()
    assert leeds.missing(tmp_path, archives.LSP) == []


@pytest.mark.usefixtures("tiny")
def test_server_that_says_no_length_is_not_believed(server: Server, tmp_path: Path) -> None:
    server.files["lsp_dataset.zip"], server.length["lsp_dataset.zip"] = archive(archives.LSP), None
    described = replace(archives.PARTS[archives.LSP], addresses=(server.address("lsp_dataset.zip"),))
    assert "says no length" in leeds.get([described], tmp_path, pauses=[])["lsp_dataset.zip"]


# The sample of all 12,000 photos

SAMPLE = os.environ.get("SSN_LEEDS")


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Path:
    if not SAMPLE:
        pytest.skip("SSN_LEEDS does not name a folder with lsp_dataset and lspet_dataset")
    root = tmp_path_factory.mktemp("leeds")
    assert main(["leeds", "--root", str(root), "--download", "--have", SAMPLE]) == 0
    return root


def test_all_photos_are_annotated(sample: Path) -> None:
    labelled = {
        split: np.reshape([one["keypoints"] for one in content["annotations"]], (-1, 14, 3))[..., 2] > 0
        for split, content in read(sample).items()
    }
    assert {split: len(people) for split, people in labelled.items()} == {"train": 10_000, "tune": 1_000, "test": 1_000}
    assert labelled["test"].all()
    ends = [KEYPOINTS.index("left_shoulder"), KEYPOINTS.index("right_hip")]
    assert (~labelled["tune"][:, ends].all(axis=1)).sum() == 282  # have no torso
    assert all(people.sum(axis=1).min() >= 4 for people in labelled.values())


def test_joints_are_those_that_scipy_reads(sample: Path) -> None:
    for name in (archives.LSP, archives.LSPET):
        file = sample / name / "joints.mat"
        assert np.array_equal(matlab_array(file, "joints"), loadmat(file)["joints"])


def test_pycocotools_scores_the_joints_as_perfect(sample: Path) -> None:
    file = leeds.annotation_file(sample, "test")
    people = json.loads(file.read_text())["annotations"]
    keys = ("image_id", "category_id", "keypoints")
    with contextlib.redirect_stdout(io.StringIO()):
        truth = COCO(str(file))
        found = truth.loadRes([{**{key: one[key] for key in keys}, "score": 1.0} for one in people])
        evaluation = COCOeval(truth, found, "keypoints")
        evaluation.params.kpt_oks_sigmas = np.array(SIGMAS)
        evaluation.evaluate()
        evaluation.accumulate()
        evaluation.summarize()
    assert evaluation.stats[0] == pytest.approx(1.0)
