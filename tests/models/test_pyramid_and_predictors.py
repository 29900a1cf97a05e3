"""GlobalNet and the predictors P1 ... P4, E1 ... E3: what each looks at, at which size, alone or all in one pass."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F

from mmpose_ssn.models import SSN, GlobalNet, Predictor, StageFeatures, StagePredictors

WIDTHS = (16, 32, 64, 128)


def stages(height=64, width=48, batch=1):
    return [torch.randn(batch, c, -(-height // 2**i), -(-width // 2**i)) for i, c in enumerate(WIDTHS)]


def small_predictors(stage_channels=WIDTHS[:3], num_keypoints=17, **arguments):
    return StagePredictors(num_keypoints, stage_channels=stage_channels, channels=16, norm_groups=4, **arguments)


@pytest.mark.parametrize("size", [(64, 48), (96, 72), (17, 13)], ids=str)
@torch.no_grad()
def test_pyramid_runs_from_coarse_to_fine_and_passes_the_stages_on(size):
    maps = stages(*size)
    features = GlobalNet(WIDTHS, channels=16, norm_groups=4)(maps)
    assert all(a is b for a, b in zip(features.stages, maps, strict=True))
    assert [p.shape[1:] for p in features.pyramid] == [(16, *m.shape[2:]) for m in reversed(maps)]


@torch.no_grad()
def test_each_level_sees_its_own_stage_and_the_deeper_ones():
    globalnet, maps = GlobalNet(WIDTHS, channels=16, norm_groups=4), stages(16, 16)
    before = globalnet(maps).pyramid
    for depth in range(4):
        changed = [torch.randn_like(m) if i == depth else m for i, m in enumerate(maps)]
        after = globalnet(changed).pyramid
        unchanged = [torch.equal(a, b) for a, b in zip(before, after, strict=True)]
        assert unchanged == [level < 3 - depth for level in range(4)]


@torch.no_grad()
def test_a_level_is_its_lateral_plus_the_convolved_double_of_the_level_above(lived_in):
    globalnet, maps = lived_in(GlobalNet(WIDTHS, channels=16, norm_groups=4)), stages(16, 8)

    def conv_gn(parts, x):
        x = torch.einsum("dc,bcyx->bdyx", parts[0].weight[..., 0, 0], x)
        return F.group_norm(x, 4, parts[1].weight, parts[1].bias)

    expected = torch.relu(conv_gn(globalnet.laterals[3], maps[3]))
    pyramid = globalnet(maps).pyramid
    torch.testing.assert_close(pyramid[0], expected)
    for level, depth in enumerate((2, 1, 0), start=1):
        doubled = F.interpolate(expected, scale_factor=2, mode="bilinear", align_corners=False)
        lateral = torch.relu(conv_gn(globalnet.laterals[depth], maps[depth]))
        expected = lateral + conv_gn(globalnet.top_down[level - 1], doubled)
        torch.testing.assert_close(pyramid[level], expected, rtol=1e-4, atol=1e-5)


def test_globalnet_refuses_another_number_of_stages():
    with pytest.raises(ValueError, match="4 stages, got 3"):
        GlobalNet(WIDTHS, channels=16, norm_groups=4)(stages()[:3])


@pytest.mark.parametrize("in_channels", [16, 32], ids=["channels fit", "channels aligned first"])
@pytest.mark.parametrize("resize_first", [True, False], ids=["E", "P"])
@torch.no_grad()
def test_a_predictor_resizes_before_its_3x3_if_early_and_after_it_if_not(in_channels, resize_first, lived_in):
    predictor = lived_in(Predictor(in_channels, 16, 17, resize_first=resize_first, norm_groups=4))
    x, size = torch.randn(2, in_channels, 8, 6), (32, 24)
    assert sum(p.numel() for p in predictor.features.parameters()) == sum(
        c * 16 + 32 for c in ([32, 16] if in_channels == 32 else [16])
    )
    convolve = predictor.heatmaps
    resize = torch.nn.Upsample(size, mode="bilinear", align_corners=False)
    order = [resize, convolve] if resize_first else [convolve, resize]
    expected = predictor.norm(order[1](order[0](predictor.features(x))))
    other = predictor.norm(order[0](order[1](predictor.features(x))))
    torch.testing.assert_close(predictor(x, size), expected, rtol=1e-5, atol=1e-5)
    assert not torch.allclose(expected, other, atol=1e-3)


@torch.no_grad()
def test_all_predictors_in_one_pass_equal_each_alone(lived_in):
    predictors = lived_in(small_predictors())
    features = GlobalNet(WIDTHS, channels=16, norm_groups=4)(stages(batch=2))
    together = predictors(features)
    assert tuple(together) == predictors.names == ("E1", "E2", "E3", "P1", "P2", "P3", "P4")
    for name, heatmaps in together.items():
        assert heatmaps.shape == (2, 17, 64, 48)
        alone = predictors(features, [name])
        assert list(alone) == [name]
        torch.testing.assert_close(alone[name], heatmaps, rtol=0, atol=0)


@torch.no_grad()
def test_each_predictor_looks_at_its_own_map(lived_in):
    """E1 at C2 (finest), E3 at C4, P1 at the coarsest level, P4 at the finest."""
    predictors = lived_in(small_predictors())
    maps = dict(zip(("E1", "E2", "E3", "C5"), stages(), strict=True))
    maps |= {f"P{i + 1}": torch.randn(1, 16, 8 * 2**i, 6 * 2**i) for i in range(4)}

    def heatmaps(maps):
        of = [[maps[name] for name in maps if (name[0] == "P") is pyramid] for pyramid in (False, True)]
        return predictors(StageFeatures(tuple(of[0]), tuple(of[1])))

    before = heatmaps(maps)
    for name in predictors.names:
        after = heatmaps(maps | {name: torch.randn_like(maps[name])})
        assert [n for n in before if not torch.equal(before[n], after[n])] == [name]


def test_final_predictor_is_at_the_finest_level():
    assert small_predictors().final == "P4"
    assert small_predictors(stage_channels=()).names == ("P1", "P2", "P3", "P4")
    assert small_predictors(stage_channels=(), pyramid_levels=1).names == ("P",)


@pytest.mark.parametrize(("height", "width"), [(256, 192), (384, 288), (96, 72), (101, 83)], ids=str)
@torch.no_grad()
def test_a_whole_small_network_answers_at_stride_4_for_any_input_size(height, width):
    backbone = SSN(fsm=dict(shift_channels=4), base_channels=4, norm_groups=2).eval()
    neck, predictors = GlobalNet(WIDTHS, channels=16, norm_groups=4), small_predictors(num_keypoints=3).eval()
    heatmaps = predictors(neck(backbone(torch.randn(1, 3, height, width))))
    assert {tuple(h.shape) for h in heatmaps.values()} == {(1, 3, -(-height // 4), -(-width // 4))}


@torch.no_grad()
def test_small_widths_are_the_full_size_code():
    with torch.device("meta"):
        full = StagePredictors(17, stage_channels=(256, 512, 1024)), GlobalNet(), SSN(fsm={})
        small = (
            small_predictors(),
            GlobalNet(WIDTHS, 16, 4),
            SSN(dict(shift_channels=4), base_channels=4, norm_groups=2),
        )
    for mine, theirs in zip(small, full, strict=True):
        assert [name for name, _ in mine.named_parameters()] == [name for name, _ in theirs.named_parameters()]
