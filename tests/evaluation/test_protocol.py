"""A protocol is what a config's own keys do: written into a config, it is read off it again."""

from __future__ import annotations

import copy
import itertools
from typing import Any

import pytest
from mmengine.config import Config

from mmpose_ssn.evaluation.protocol import Protocol, SoftNMS
from mmpose_ssn.experiment.presets import load_preset, preset_names
from mmpose_ssn.experiment.resolved_config import resolve
from mmpose_ssn.networks import config_file, of_groups

NETWORKS = of_groups("paper")
SETTINGS: dict[str, Any] = {
    "boxes": "detector",
    "soft_nms": {"sigma": 0.4},
    "flip_test": True,
    "decoder": "quarter offset",
    "rescoring": "box x keypoints",
    "oks_nms": 0.9,
}


@pytest.fixture
def config() -> Config:
    return Config.fromfile(config_file("ssn"), import_custom_modules=False)


EVERY = [
    Protocol(*values)
    for values in itertools.product(
        ["ground truth", "detector"],
        [None, SoftNMS(), SoftNMS("linear", iou_threshold=0.4)],
        [True, False],
        ["quarter offset", "DARK"],
        ["box x keypoints", "box", "keypoints"],
        [None, 0.9, 0.5],
        ["final", "E1"],
    )
    if not (values[0] == "ground truth" and values[1] is not None)
]


def test_every_protocol_is_read_off_the_config_that_it_was_written_into(config: Config) -> None:
    assert len(EVERY) == 288
    for protocol in EVERY:
        changed = copy.deepcopy(config)
        protocol.apply(changed, "boxes.json")
        assert Protocol.of(changed) == protocol
        assert changed.val_dataloader == changed.test_dataloader and changed.val_evaluator == changed.test_evaluator


@pytest.mark.parametrize("preset", preset_names())
def test_a_run_shares_its_presets_protocol(preset: str, tmp_path) -> None:
    loaded = load_preset(preset)
    asked = Protocol.from_settings(loaded["protocol"])
    assert {Protocol.of(resolve(loaded, network, 0, tmp_path)) for network in NETWORKS} == {asked}


@pytest.mark.parametrize("network", NETWORKS)
def test_config_by_itself_has_the_protocol_of_the_preset_paper(network: str) -> None:
    plain = Config.fromfile(config_file(network), import_custom_modules=False)
    assert Protocol.of(plain) == Protocol.from_settings(load_preset("paper")["protocol"])


def test_described_names_every_setting() -> None:
    assert Protocol.from_settings(SETTINGS).described() == {
        "boxes": "detector",
        "soft_nms": "gaussian, sigma 0.4, scores from 0.001",
        "flip_test": True,
        "decoder": "quarter offset",
        "rescoring": "box x keypoints",
        "oks_nms": 0.9,
        "predictor": "final",
    }


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"boxes": "ours"}, "boxes is 'ours', expected one of: ground truth, detector"),
        ({"boxes": "ground truth"}, "soft_nms needs detector boxes"),
        ({"rescoring": "none"}, "rescoring is 'none', expected one of: box x keypoints, box, keypoints"),
        ({"flip": True}, "a protocol has no setting flip; it has boxes, decoder"),
    ],
)
def test_impossible_protocols_are_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Protocol.from_settings({**SETTINGS, **changes})


def test_what_is_missing_is_named() -> None:
    with pytest.raises(ValueError, match="the protocol lacks decoder, oks_nms"):
        Protocol.from_settings({key: SETTINGS[key] for key in ("boxes", "soft_nms", "flip_test", "rescoring")})


def test_decoder_that_the_codec_does_not_have_is_refused(config: Config) -> None:
    with pytest.raises(
        ValueError, match="decoder is 'argmax', but the codec MSRAHeatmap decodes by: quarter offset, DARK"
    ):
        Protocol.from_settings({**SETTINGS, "decoder": "argmax"}).apply(config, "boxes.json")
    config.model.head.decoder = dict(type="SimCCLabel", input_size=(192, 256))
    with pytest.raises(ValueError, match="decoder is 'DARK', but the codec SimCCLabel decodes by: SimCCLabel"):
        Protocol.from_settings({**SETTINGS, "decoder": "DARK"}).apply(config, "boxes.json")
