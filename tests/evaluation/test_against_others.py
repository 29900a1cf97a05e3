"""AP, OKS, flip test and decoding, each against code by others or the definition written out."""

import contextlib
import importlib
import io
import json

import numpy as np
import pytest
import torch

import mmpose_ssn  # noqa: F401  first of all: MMPose imports only once it is repaired
from mmpose_ssn.evaluation.bootstrap import FIGURES, KeypointAnnotations, KeypointMatches

# COCO's constants, nose to ankles: https://cocodataset.org/#keypoints-eval
SIGMAS = np.array([26, 25, 25, 35, 35, 79, 79, 72, 72, 62, 62, 107, 107, 87, 87, 89, 89]) / 1000
THRESHOLDS = np.linspace(0.5, 0.95, 10)


def enlarged(annotations):
    """The same people, medium in one half of the images and large in the other: as drawn, COCO calls them small."""
    for person in annotations["annotations"]:
        scale = 6.0 if person["image_id"] % 2 else 2.5
        keypoints = np.array(person["keypoints"], dtype=float).reshape(-1, 3) * [scale, scale, 1]
        person["keypoints"] = keypoints.ravel().tolist()
        person["bbox"] = (np.array(person["bbox"]) * scale).tolist()
        person["area"] *= scale**2
    return annotations


def jittered(rng, person, spread):
    """A detection of a person, its keypoints off by a normal of ``spread`` times the square root of the area."""
    keypoints = np.array(person["keypoints"], dtype=float).reshape(-1, 3)
    keypoints[:, :2] += rng.normal(0, spread * np.sqrt(person["area"]), (17, 2))
    keypoints[:, 2] = rng.uniform(0.1, 1, 17)  # xtcocotools leaves out a detection that has no flag above 0
    return {
        "image_id": person["image_id"],
        "category_id": 1,
        "keypoints": keypoints.ravel().tolist(),
        "score": round(float(rng.uniform()), 1),  # so that many are equal
    }


@pytest.fixture
def scene(drawn, tmp_path):
    """Files of drawn people, some of them crowds and some without a labelled keypoint, and of random detections."""

    def write(seed):
        rng = np.random.default_rng(seed)
        annotations = json.loads((drawn / "annotations/person_keypoints_train.json").read_text())
        people = enlarged(annotations)["annotations"]
        detections = [
            jittered(rng, person, rng.choice([0.02, 0.06, 0.12, 2.0]))
            for person in people
            for _ in range(rng.poisson(2))
        ]
        detections += [jittered(rng, people[0], 0.1) for _ in range(25)]  # COCO counts 20 of an image
        for person, kind in zip(people, rng.permutation(len(people)) % 6, strict=True):
            if kind == 0:
                person["iscrowd"] = 1
            elif kind == 1:
                person["keypoints"], person["num_keypoints"] = [0] * 51, 0
        files = tmp_path / f"annotations{seed}.json", tmp_path / f"results{seed}.json"
        for file, content in zip(files, (annotations, detections), strict=True):
            file.write_text(json.dumps(content))
        return files

    return write


@pytest.mark.parametrize("evaluator", ["pycocotools", "xtcocotools", "hotcoco"])
def test_all_ten_figures_are_those_of_other_evaluators(scene, evaluator):
    modules = ["hotcoco", "hotcoco"] if evaluator == "hotcoco" else [f"{evaluator}.coco", f"{evaluator}.cocoeval"]
    coco, cocoeval = (importlib.import_module(name) for name in modules)
    for seed in range(4):
        annotation_file, results_file = map(str, scene(seed))
        with contextlib.redirect_stdout(io.StringIO()):
            truth = coco.COCO(annotation_file)
            evaluation = cocoeval.COCOeval(truth, truth.loadRes(results_file), "keypoints")
            evaluation.evaluate()
            evaluation.accumulate()
            evaluation.summarize()
        matches = KeypointMatches.from_results(KeypointAnnotations.from_file(annotation_file), results_file)
        found = np.array([matches.figures[name] for name in FIGURES])
        assert 0.05 < found[0] < 0.95 and (found >= 0).all(), "figures that could not tell right from wrong"
        np.testing.assert_allclose(found, np.array(evaluation.stats, dtype=float), rtol=0, atol=1e-6)
        assert matches.average_precision() == pytest.approx(float(evaluation.stats[0]), abs=1e-6)


def object_keypoint_similarity(truth, found, area):
    """OKS by its definition (https://cocodataset.org/#keypoints-eval): truth [17, 3], found [17, 2], area in pixels."""
    squared_distance = ((truth[:, :2] - found) ** 2).sum(axis=1)
    similarity = np.exp(-squared_distance / (2 * area * (2 * SIGMAS) ** 2))
    return similarity[truth[:, 2] > 0].mean()


def test_a_detection_counts_where_its_oks_by_definition_reaches_the_threshold(drawn, tmp_path):
    """One person and one detection an image, so that nothing but OKS decides."""
    rng = np.random.default_rng(0)
    annotations = enlarged(json.loads((drawn / "annotations/person_keypoints_train.json").read_text()))
    people, detections, similarities = [], [], []
    for number, person in enumerate(annotations["annotations"] * 4, start=1):
        truth = np.array(person["keypoints"]).reshape(-1, 3)
        truth[rng.uniform(size=17) < 0.3] = 0
        if not truth[:, 2].any():
            continue
        here = {"id": number, "image_id": number, "keypoints": truth.ravel().tolist()}
        detection = jittered(rng, {**person, **here}, rng.uniform(0, 0.2))
        found = np.array(detection["keypoints"]).reshape(-1, 3)[:, :2]
        people.append({**person, **here, "num_keypoints": int(np.count_nonzero(truth[:, 2]))})
        detections.append(detection)
        similarities.append(object_keypoint_similarity(truth, found, person["area"]))
    annotations = {**annotations, "annotations": people, "images": [{"id": person["id"]} for person in people]}
    (tmp_path / "annotations.json").write_text(json.dumps(annotations))
    (tmp_path / "results.json").write_text(json.dumps(detections))
    matches = KeypointMatches.from_results(
        KeypointAnnotations.from_file(tmp_path / "annotations.json"), tmp_path / "results.json"
    )
    expected = np.array(similarities) >= THRESHOLDS[:, None]
    assert 0 < expected[-1].sum() < expected[0].sum() < len(people)
    np.testing.assert_array_equal(matches.true_positive, expected)
    np.testing.assert_array_equal(matches.false_positive, ~expected)


INPUT, HEATMAP = (192, 256), (48, 64)
FLIP_PAIRS = [0, *(k + 1 if k % 2 else k - 1 for k in range(1, 17))]  # left and right of COCO's keypoints


class GivenHeatmaps(torch.nn.Module):
    """In the place of the predictors: the features *are* the heatmaps, by predictor."""

    names, final = ("E1", "P1"), "P1"

    def forward(self, feats, names):
        return {name: feats[name] for name in names}


@pytest.fixture
def heads():
    """This project's head and MMPose's, neither with a layer of its own, and the crops' data samples."""
    from mmengine.registry import DefaultScope
    from mmpose.models.heads import HeatmapHead
    from mmpose.structures import PoseDataSample

    from mmpose_ssn.plugin.head import StagePredictorsHead

    def build(codec, n_samples):
        decoder = dict(type=codec, input_size=INPUT, heatmap_size=HEATMAP, sigma=2)
        with DefaultScope.overwrite_default_scope("mmpose"):
            ours = StagePredictorsHead(17, pyramid_levels=1, channels=32, decoder=decoder)
            theirs = HeatmapHead(17, 17, deconv_out_channels=None, final_layer=None, decoder=decoder)
        ours.stage_predictors = GivenHeatmaps()
        size = np.array(INPUT, dtype=np.float32)  # the crop is the image, so that both have one coordinate system
        meta = dict(input_size=INPUT, input_center=size / 2, input_scale=size, flip_indices=FLIP_PAIRS)
        return ours, theirs, [PoseDataSample(metainfo=meta) for _ in range(n_samples)]

    return build


def hostile_heatmaps():
    """[6, 17, 64, 48]: peaks on edges and corners, several maxima, plateaus, noise, nothing, and nothing above zero."""
    rng = np.random.default_rng(0)
    maps = np.zeros((6, 17, *reversed(HEATMAP)), dtype=np.float32)
    for k in range(17):
        row, column = [0, 1, 2, 31, 62, 63][k % 6], [0, 1, 24, 46, 47][k % 5]
        maps[0, k, row, column] = 1
        maps[1, k, row, [column, 47 - column]] = 0.5
        maps[2, k, 20 : 24 + k, 10 : 13 + k] = 0.25
    maps[3] = rng.normal(size=maps[3].shape)
    maps[5] = -rng.uniform(0.1, 1, size=maps[5].shape)
    return torch.from_numpy(maps)


TEST_CFGS = [
    dict(flip_test=False),
    dict(flip_test=False, shift_heatmap=True),
    dict(flip_test=True, flip_mode="heatmap", shift_heatmap=False),
    dict(flip_test=True, flip_mode="heatmap", shift_heatmap=True),
]


@pytest.mark.parametrize("test_cfg", TEST_CFGS, ids=str)
@pytest.mark.parametrize("codec", ["MSRAHeatmap", "UDPHeatmap"])
def test_hostile_heatmaps_decode_as_by_mmposes_head(heads, codec, test_cfg):
    maps = hostile_heatmaps()
    of_flipped = maps.flip(0).roll(1, dims=1)  # other maps than those of the image as it is
    ours, theirs, samples = heads(codec, len(maps))
    given = [{"E1": m.flip(-2), "P1": m} for m in (maps, of_flipped)]
    if not test_cfg["flip_test"]:
        given = given[:1]
    found = ours.predict(given if test_cfg["flip_test"] else given[0], samples, {**test_cfg, "predictors": "all"})
    for column, name in enumerate(GivenHeatmaps.names):
        feats = [(maps_of[name],) for maps_of in given]
        expected = theirs.predict(feats if test_cfg["flip_test"] else feats[0], samples, test_cfg)
        for one, other in zip(found, expected, strict=True):
            np.testing.assert_array_equal(one.predictor_scores[:, column], other.keypoint_scores)
            np.testing.assert_allclose(one.predictor_keypoints[:, column], other.keypoints, rtol=1e-6, atol=1e-4)
            if name == GivenHeatmaps.final:
                np.testing.assert_array_equal(one.keypoints, other.keypoints)
                np.testing.assert_array_equal(one.keypoint_scores, other.keypoint_scores)


def maximum_and_a_quarter(heatmap):
    """A keypoint in pixels of the crop: the maximum, and a quarter of a pixel towards its higher neighbours."""
    row, column = np.unravel_index(heatmap.argmax(), heatmap.shape)
    right = np.sign(heatmap[row, column + 1] - heatmap[row, column - 1])
    down = np.sign(heatmap[row + 1, column] - heatmap[row - 1, column])
    return 4 * (column + 0.25 * right), 4 * (row + 0.25 * down)


@pytest.mark.parametrize("shift", [False, True])
def test_flip_test_is_the_mean_with_the_mirrored_maps_of_the_other_side(heads, shift):
    """Written out in NumPy: swap left and right keypoints, mirror, move by a pixel if asked, average, decode."""
    rng = np.random.default_rng(1)
    rows, columns = np.mgrid[:64, :48]
    centers = rng.uniform([6, 6], [42, 58], (3, 17, 2))
    noise = rng.normal(0, 1.5, (3, 17, 2))

    def bumps(at):
        across, down = columns - at[..., 0, None, None], rows - at[..., 1, None, None]
        return np.exp(-(across**2 + down**2) / 8).astype(np.float32)

    plain = bumps(centers)
    flipped = bumps(np.stack([47 - (centers + noise)[..., 0], (centers + noise)[..., 1]], axis=-1))[:, FLIP_PAIRS]
    back = flipped[:, FLIP_PAIRS][..., ::-1].copy()
    if shift:
        back[..., 1:] = back[..., :-1].copy()
    mean = (plain + back) / 2
    ours, _, samples = heads("MSRAHeatmap", 3)
    feats = [{"P1": torch.from_numpy(maps)} for maps in (plain, flipped)]
    found = ours.predict(feats, samples, dict(flip_test=True, flip_mode="heatmap", shift_heatmap=shift))
    for one, maps in zip(found, mean, strict=True):
        np.testing.assert_allclose(one.keypoints[0], [maximum_and_a_quarter(heatmap) for heatmap in maps])
        np.testing.assert_allclose(one.keypoint_scores[0], maps.max(axis=(1, 2)))
