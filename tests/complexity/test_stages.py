"""The cost up to each predictor: by hand on a tiny network, and at the last predictor the deployed network's."""

import pytest
from mmengine.config import Config

import mmpose_ssn.plugin  # noqa: F401  registers the networks
from mmpose_ssn.complexity.full_size import count_network
from mmpose_ssn.complexity.stages import count_stages
from mmpose_ssn.networks import config_file

M, K = 3, 6


def tiny(**fsm):
    """Two stages of one block each, with or without a module before each block."""
    backbone = dict(type="SSN", stage_blocks=(1, 1), base_channels=2, norm_groups=1)
    if fsm:
        backbone |= dict(fsm=fsm, first_shift_channels=K)
    head = dict(type="StagePredictorsHead", pyramid_levels=2, stage_channels=(8,), channels=4, num_keypoints=M)
    codec = dict(type="MSRAHeatmap", input_size=(32, 64), heatmap_size=(8, 16), sigma=1)
    return Config(
        dict(
            model=dict(
                type="TopdownPoseEstimator",
                backbone=backbone,
                neck=dict(type="GlobalNet", in_channels=(8, 16), channels=4, norm_groups=1),
                head=head | dict(norm_groups=1, decoder=codec),
            ),
        )
    )


STEM = 3 * 2 * 49 * (32 * 16)
FINE, COARSE = 16 * 8, 8 * 4  # positions of the two stages' maps
STAGE1 = (2 * 2 + 2 * 2 * 9 + 2 * 8 + 2 * 8) * FINE  # 1x1, 3x3, 1x1, and the 1x1 beside them
STAGE2 = 8 * 4 * FINE + (4 * 4 * 9 + 4 * 16 + 8 * 16) * COARSE  # its 3x3 has the stride
LATERALS = {"coarse": 16 * 4 * COARSE, "fine": 8 * 4 * FINE}
TOP_DOWN = 4 * 4 * FINE
E1 = (8 * 4 + 4 * 4 + 4 * M * 9) * FINE
P1 = (4 * 4 + 4 * M * 9) * COARSE
P2 = (4 * 4 + 4 * M * 9) * FINE


def test_macs_of_a_tiny_network_by_hand():
    trunk = STEM + STAGE1 + STAGE2
    assert {name: counted.macs for name, counted in count_stages(tiny()).items()} == {
        "E1": STEM + STAGE1 + E1,
        "P1": trunk + LATERALS["coarse"] + P1,
        "P2": trunk + LATERALS["coarse"] + LATERALS["fine"] + TOP_DOWN + P2,
    }


def test_modules_count_from_the_stage_on_in_which_they_stand():
    without, shifted = count_stages(tiny()), count_stages(tiny(shift_channels=K))
    first, second = 3 * K * 2 * FINE, 3 * K * 8 * FINE  # the second stands before its stage's stride
    added = {name: shifted[name].macs - without[name].macs for name in without}
    assert added == {"E1": first, "P1": first + second, "P2": first + second}


def test_the_last_predictor_ends_the_deployed_network():
    stages = count_stages(config_file("backbone-esp"))
    _, deployed = count_network(config_file("backbone-esp"))
    assert stages["P4"] == deployed
    assert list(stages) == ["E1", "E2", "E3", "P1", "P2", "P3", "P4"]


def test_a_network_with_one_map_has_no_stages():
    with pytest.raises(ValueError, match="neck is None, expected GlobalNet"):
        count_stages(config_file("lite-k256"))
