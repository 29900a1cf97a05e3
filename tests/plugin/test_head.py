"""The head does for each predictor what MMPose's own HeatmapHead does for its single one."""

from __future__ import annotations

import json
from copy import deepcopy
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from mmengine.dataset import pseudo_collate
from mmengine.registry import DefaultScope
from mmpose.models.heads import HeatmapHead
from mmpose.registry import DATASETS, KEYPOINT_CODECS, MODELS

NAMES = ("E1", "E2", "E3", "P1", "P2", "P3", "P4")


@pytest.fixture
def batch(small):
    """Crops, ready for the network, and their labels."""

    def collated(which: str) -> tuple[torch.Tensor, list]:
        data = small["model"].data_preprocessor(deepcopy(pseudo_collate(small[which])))
        return data["inputs"], data["data_samples"]

    return collated


@pytest.fixture
def theirs(small) -> HeatmapHead:
    """MMPose's head without layers of its own: its heatmaps are the features it is given."""
    with DefaultScope.overwrite_default_scope("mmpose"):
        return HeatmapHead(17, 17, deconv_out_channels=None, final_layer=None, decoder=small["config"].codec)


def predict(small, batch, **test_cfg: Any) -> list:
    inputs, samples = batch("val")
    model = small["model"]
    model.test_cfg = {"flip_test": False, **test_cfg}
    with torch.no_grad():
        return [sample.pred_instances for sample in model.predict(inputs, samples)]


@pytest.fixture
def features(small, batch):
    inputs, _ = batch("val")
    with torch.no_grad():
        return [small["model"].extract_feat(x) for x in (inputs, inputs.flip(-1))]


def test_loss_has_one_term_a_predictor_which_is_mmposes(small, batch, theirs: HeatmapHead) -> None:
    inputs, samples = batch("train")
    model = small["model"]
    losses = model.loss(inputs, samples)
    assert set(losses) == {f"loss_{name}" for name in NAMES} | {"acc_pose"}
    heatmaps = model.head.stage_predictors(model.extract_feat(inputs))
    expected = {name: theirs.loss((heatmaps[name],), samples) for name in NAMES}
    for name in NAMES:
        torch.testing.assert_close(losses[f"loss_{name}"], expected[name]["loss_kpt"])
    torch.testing.assert_close(losses["acc_pose"], expected["P4"]["acc_pose"])
    assert len({round(float(losses[f"loss_{name}"].detach()), 6) for name in NAMES}) == len(NAMES)
    total, _ = model.parse_losses(losses)
    torch.testing.assert_close(total, sum(losses[f"loss_{name}"] for name in NAMES))


def test_loss_weights_are_by_name(small, batch) -> None:
    inputs, samples = batch("train")
    with DefaultScope.overwrite_default_scope("mmpose"):
        weighted = MODELS.build({**small["config"].model.head, "loss_weights": {"E2": 0.25, "P1": 0.0}})
    weighted.load_state_dict(small["model"].head.state_dict())
    features = small["model"].extract_feat(inputs)
    plain, scaled = (head.eval().loss(features, samples) for head in (small["model"].head, weighted))
    for name in NAMES:
        weight = {"E2": 0.25, "P1": 0.0}.get(name, 1.0)
        torch.testing.assert_close(scaled[f"loss_{name}"], weight * plain[f"loss_{name}"])


@pytest.mark.parametrize("flip", [None, dict(shift_heatmap=False), dict(shift_heatmap=True)], ids=str)
def test_each_predictor_decodes_as_mmposes_head(small, batch, features, theirs: HeatmapHead, flip) -> None:
    """With and without MMPose's flip test, at the same heatmaps, through MMPose's estimator to image pixels."""
    cfg = {"flip_test": False} if flip is None else {"flip_test": True, "flip_mode": "heatmap", **flip}
    ours = predict(small, batch, **cfg, predictors="all")
    model = small["model"]
    with torch.no_grad():
        maps = [model.head.stage_predictors(feats) for feats in features]
    for column, name in enumerate(NAMES):
        _, samples = batch("val")
        given = (maps[0][name],) if flip is None else [(m[name],) for m in maps]
        expected = model.add_pred_to_datasample(theirs.predict(given, samples, test_cfg=cfg), None, samples)
        for got, sample in zip(ours, expected, strict=True):
            assert got.predictor_names == [NAMES]
            np.testing.assert_allclose(got.predictor_keypoints[:, column], sample.pred_instances.keypoints, rtol=1e-6)
            np.testing.assert_array_equal(got.predictor_scores[:, column], sample.pred_instances.keypoint_scores)


def test_flip_test_changes_the_keypoints(small, batch) -> None:
    """Else the comparison above would hold without any flip."""
    plain, flipped = (predict(small, batch, flip_test=flip, flip_mode="heatmap") for flip in (False, True))
    assert any(not np.array_equal(a.keypoint_scores, b.keypoint_scores) for a, b in zip(plain, flipped, strict=True))


@pytest.mark.parametrize(
    ("asked", "given"), [("all", NAMES), (["P2", "E1"], ("E1", "P2", "P4")), (["P4"], ("P4",)), ([], ("P4",))]
)
def test_asked_predictors_come_from_shallow_to_deep_with_the_final_one_last(small, batch, asked, given) -> None:
    every, some = predict(small, batch, predictors="all"), predict(small, batch, predictors=asked)
    columns = [NAMES.index(name) for name in given]
    for one, other in zip(every, some, strict=True):
        assert other.predictor_names == [given]
        np.testing.assert_allclose(other.predictor_keypoints, one.predictor_keypoints[:, columns], rtol=1e-6)
        np.testing.assert_allclose(other.predictor_scores, one.predictor_scores[:, columns], rtol=1e-6)
        np.testing.assert_allclose(other.predictor_keypoints[:, -1], other.keypoints, rtol=1e-6)
        np.testing.assert_array_equal(other.predictor_scores[:, -1], other.keypoint_scores)


def test_final_predictor_alone_finds_the_same_without_the_others(small, batch) -> None:
    for one, other in zip(predict(small, batch, predictors="all"), predict(small, batch), strict=True):
        assert "predictor_keypoints" not in other
        np.testing.assert_allclose(other.keypoints, one.keypoints, rtol=1e-6)


def test_output_heatmaps_are_the_final_predictors(small, batch) -> None:
    inputs, samples = batch("val")
    model = small["model"]
    model.test_cfg = {"flip_test": False, "output_heatmaps": True}
    with torch.no_grad():
        predicted, expected = model.predict(inputs, samples), model(inputs, None, mode="tensor")
    for sample, heatmaps in zip(predicted, expected, strict=True):
        torch.testing.assert_close(sample.pred_fields.heatmaps, heatmaps)


def test_unknown_predictors_are_refused_with_those_that_there_are(small, batch) -> None:
    with pytest.raises(ValueError, match=r"names \['P9'\], but this head has \['E1', .*'P4'\]"):
        predict(small, batch, predictors=["P9"])
    refused = pytest.raises(ValueError, match=r"loss_weights names \['P9'\], but .* predictors are \['E1', .*'P4'\]")
    with DefaultScope.overwrite_default_scope("mmpose"), refused:
        MODELS.build({**small["config"].model.head, "loss_weights": {"P9": 1.0}})


def test_readings_of_one_pass_are_those_of_a_pass_each(small, batch) -> None:
    """MMPose's own DARK decoding and plain heatmaps, against networks that are set to them."""
    model, dark = small["model"], {**small["config"].codec, "unbiased": True}
    together = predict(
        small,
        batch,
        flip_test=True,
        predictors="all",
        readings={"own": {}, "no flip": {"flip_test": False}, "dark": {"decoder": dark}},
    )
    separate = {
        "own": predict(small, batch, flip_test=True, predictors="all"),
        "no flip": predict(small, batch, flip_test=False, predictors="all"),
    }
    quarter = model.head.decoder
    with DefaultScope.overwrite_default_scope("mmpose"):
        model.head.decoder = KEYPOINT_CODECS.build(dark)
    try:
        separate["dark"] = predict(small, batch, flip_test=True, predictors="all")
    finally:
        model.head.decoder = quarter
    for index, one in enumerate(together):
        assert one.predictor_names == [tuple(f"{reading}/{name}" for reading in separate for name in NAMES)]
        for row, reading in enumerate(separate):
            columns, other = slice(7 * row, 7 * row + 7), separate[reading][index]
            np.testing.assert_allclose(one.predictor_keypoints[:, columns], other.predictor_keypoints, rtol=1e-6)
            np.testing.assert_allclose(one.predictor_scores[:, columns], other.predictor_scores, rtol=1e-6)
        np.testing.assert_allclose(one.keypoints, separate["own"][index].keypoints, rtol=1e-6)
    assert not np.allclose(together[0].predictor_keypoints[:, :7], together[0].predictor_keypoints[:, 14:])


def test_reading_with_a_flip_needs_the_pass_for_it(small, batch) -> None:
    with pytest.raises(ValueError, match=r"'flip' has a flip test, for which test_cfg\.flip_test must be on"):
        predict(small, batch, predictors="all", readings={"flip": {"flip_test": True}})


@pytest.fixture(params=[14, 21])
def own(small, drawn: Path, tmp_path: Path, request) -> tuple[dict[str, Any], list]:
    """A model's config and the samples of a data set of a user's own, with other keypoints; all but the first mirrored
    in pairs.
    """
    number = request.param
    pairs = {k: k + 1 if k % 2 else k - 1 for k in range(1, number - (number + 1) % 2)}
    joints = {
        k: dict(name=str(k), id=k, color=[0, 0, 0], type="upper", swap=str(pairs.get(k, ""))) for k in range(number)
    }
    metainfo = {
        **dict(dataset_name="own", keypoint_info=joints, skeleton_info={}),
        **dict(joint_weights=[1.0] * number, sigmas=[0.05] * number),
    }
    settings = small["config"].train_dataloader.dataset
    content = json.loads((drawn / settings.ann_file).read_text())
    random = np.random.default_rng(0)
    for person in content["annotations"]:
        inside = np.array(person["bbox"][:2]) + random.random((number, 2)) * person["bbox"][2:]
        person.update(keypoints=np.c_[inside, np.full(number, 2)].ravel().tolist(), num_keypoints=number)
    content["categories"][0].update(keypoints=list(map(str, range(number))), skeleton=[])
    (tmp_path / "own.json").write_text(json.dumps(content))
    with DefaultScope.overwrite_default_scope("mmpose"):
        dataset = DATASETS.build({**settings, "ann_file": str(tmp_path / "own.json"), "metainfo": metainfo})
    model = {**small["config"].model, "head": {**small["config"].model.head, "num_keypoints": number}}
    return model, [dataset[index] for index in range(3)]


def test_data_set_of_a_users_own_is_learned_and_flipped_by_its_own_keypoints(own) -> None:
    settings, samples = own
    number = settings["head"]["num_keypoints"]
    with DefaultScope.overwrite_default_scope("mmpose"):
        model = MODELS.build(settings)
    assert samples[0]["data_samples"].metainfo["flip_indices"][:3] == [0, 2, 1]
    data = model.data_preprocessor(deepcopy(pseudo_collate(samples)))
    losses = model.loss(data["inputs"], data["data_samples"])
    assert all(torch.isfinite(loss) for loss in losses.values()) and len(losses) == len(NAMES) + 1
    model.eval().test_cfg = {"flip_test": True, "flip_mode": "heatmap", "predictors": "all"}
    with torch.no_grad():
        (first, *_) = (sample.pred_instances for sample in model.predict(data["inputs"], data["data_samples"]))
    assert first.keypoints.shape == (1, number, 2) and first.predictor_keypoints.shape == (1, len(NAMES), number, 2)
    with DefaultScope.overwrite_default_scope("mmpose"), pytest.raises(TypeError, match="num_keypoints"):
        MODELS.build({key: value for key, value in settings["head"].items() if key != "num_keypoints"})
