"""ImageNet weights fill the whole trunk or nothing, from three layouts, with the preprocessing that they were trained
with (Section 4).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch
import torchvision
from mmengine.config import Config
from mmengine.runner.checkpoint import get_external_models
from mmpose.registry import MODELS
from torch import Tensor, nn

from mmpose_ssn.engine import pretrained
from mmpose_ssn.engine.pretrained import PREPROCESSING, PretrainedTrunk, PretrainedTrunkError
from mmpose_ssn.models import SSN, FeatureShiftingModule, SSNLite
from mmpose_ssn.networks import config_file, of_groups

pytestmark = pytest.mark.usefixtures("one_thread")
RGB = PREPROCESSING["torchvision"]


def torchvision_resnet(**arguments: Any) -> nn.Module:
    """The public ResNet-50 with GN in place of BN, every parameter random, so that no two tensors agree."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        norm = lambda channels: nn.GroupNorm(32, channels)  # noqa: E731
        model = torchvision.models.resnet50(norm_layer=norm, **arguments).eval()
        for module in model.modules():
            if isinstance(module, nn.GroupNorm):
                nn.init.uniform_(module.weight, 0.5, 1.5)
                nn.init.normal_(module.bias, std=0.3)
    return model


@pytest.fixture(scope="module")
def theirs() -> nn.Module:
    return torchvision_resnet()


def in_openmmlabs_names(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    return {re.sub(r"\bbn(?=\d)", "gn", name): tensor for name, tensor in state.items()}


def in_detectron2s_names(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """https://detectron2.readthedocs.io: ``backbone.bottom_up.res2.0.conv1.norm.weight``, ``...res2.0.shortcut``."""
    renamed = {}
    for name, tensor in state.items():
        if name.startswith("fc"):
            name = name.replace("fc", "linear")
        else:
            name = re.sub(r"\bbn(\d)\.", r"conv\1.norm.", name).replace("downsample.1.", "shortcut.norm.")
            name = name.replace("downsample.0.", "shortcut.")
            deeper = re.match(r"layer(\d)\.(.*)", name)
            name = f"res{int(deeper[1]) + 1}.{deeper[2]}" if deeper else f"stem.{name}"
        renamed[f"backbone.bottom_up.{name}"] = tensor
    return renamed


LAYOUTS: dict[str, Callable[[Mapping[str, Tensor]], Any]] = {
    "torchvision": dict,
    "OpenMMLab": lambda state: {"state_dict": in_openmmlabs_names(state), "meta": {}},
    "Detectron2": lambda state: {"model": in_detectron2s_names(state)},
}


@pytest.fixture
def report(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What the log gets."""
    lines: list[str] = []
    monkeypatch.setattr(pretrained, "print_log", lambda line, **_: lines.append(line))
    return lines


def estimator(build, name: str, file: Path, preprocessing: str | None = None) -> nn.Module:
    config = Config.fromfile(config_file(name), import_custom_modules=False)
    assert config.model.init_cfg.type == "PretrainedTrunk"
    config.model.init_cfg.update(checkpoint=str(file), preprocessing=preprocessing)
    if "fsm" in config.model.backbone:
        config.model.backbone.fsm.shift_channels = 4  # the trunk is full-size, the modules need not be
    config.model.head.channels = 32
    return build(MODELS, config.model)


@pytest.fixture(scope="module")
def ssn(build, tmp_path_factory) -> nn.Module:
    return estimator(build, "ssn", tmp_path_factory.mktemp("none") / "none.pth")


@pytest.mark.parametrize("layout", LAYOUTS)
def test_trunk_computes_what_the_ready_made_resnet_does(
    layout: str, ssn: nn.Module, theirs: nn.Module, report: list[str], tmp_path: Path
) -> None:
    """Every stage's features, through ``init_weights``, which MMEngine's Runner calls before a training."""
    torch.save(LAYOUTS[layout](theirs.state_dict()), tmp_path / "resnet.pth")
    torch.manual_seed(1)
    ssn._is_init = False
    ssn.init_cfg.update(checkpoint=str(tmp_path / "resnet.pth"), preprocessing="torchvision")
    for parameter in ssn.backbone.parameters():
        nn.init.normal_(parameter)
    modules = {name: t.clone() for name, t in ssn.backbone.state_dict().items() if name.startswith("fsms.")}
    others = {name: t.clone() for name, t in ssn.state_dict().items() if not name.startswith("backbone.")}
    ssn.init_weights()

    for module in ssn.modules():
        if isinstance(module, FeatureShiftingModule):
            module.inserted = False
    x = torch.randn(1, 3, 64, 48)
    with torch.no_grad():
        found = ssn.backbone.eval()(x)
        maps = theirs.maxpool(theirs.relu(theirs.bn1(theirs.conv1(x))))
        for stage, features in zip((theirs.layer1, theirs.layer2, theirs.layer3, theirs.layer4), found, strict=True):
            maps = stage(maps)
            torch.testing.assert_close(features, maps, rtol=1e-5, atol=1e-5)

    for module in ssn.modules():
        if isinstance(module, FeatureShiftingModule):
            module.inserted = True
    left = {name: t for name, t in ssn.state_dict().items() if not name.startswith("backbone.")}
    assert all(torch.equal(ssn.backbone.state_dict()[name], t) for name, t in modules.items())
    assert all(torch.equal(left[name], t) for name, t in others.items())
    (line,) = report
    trunk = len(theirs.state_dict()) - 2
    assert f"trunk: {trunk} of {trunk} tensors loaded from {tmp_path / 'resnet.pth'}" in line
    assert "missing: fsms.layer1_0, fsms.layer1_1" in line and line.count("fsms.") == 13
    assert f"unexpected: {'linear' if layout == 'Detectron2' else 'fc'}; preprocessing: RGB, mean" in line


def test_lite_network_takes_the_stem_and_the_first_stage(
    build, theirs: nn.Module, report: list[str], tmp_path: Path
) -> None:
    torch.save(theirs.state_dict(), tmp_path / "resnet.pth")
    model = estimator(build, "lite-k256", tmp_path / "resnet.pth")
    assert isinstance(model.backbone, SSNLite)
    model.init_weights()
    for module in model.modules():
        if isinstance(module, FeatureShiftingModule):
            module.inserted = False
    x = torch.randn(1, 3, 64, 48)
    with torch.no_grad():
        expected = theirs.layer1(theirs.maxpool(theirs.relu(theirs.bn1(theirs.conv1(x)))))
        torch.testing.assert_close(model.backbone.eval()(x)[0], expected, rtol=1e-5, atol=1e-5)
    assert "unexpected: fc, layer2, layer3, layer4; preprocessing: not known, not checked" in report[0]


@pytest.fixture
def small() -> SimpleNamespace:
    """An estimator of few channels, and the state dict of another such trunk in torchvision's names."""
    sizes = dict(stage_blocks=(1, 1, 1, 1), base_channels=4, norm_groups=2)
    model = nn.Module()
    model.backbone = SSN(fsm=dict(shift_channels=4), **sizes)
    model.data_preprocessor = preprocessor()
    state = {re.sub(r"\bgn(?=\d)", "bn", name): t for name, t in SSN(**sizes).state_dict().items()}
    return SimpleNamespace(model=model, state=state)


def preprocessor(mean=RGB.mean, std=RGB.std, bgr_to_rgb: bool = True) -> nn.Module:
    from mmpose.models import PoseDataPreprocessor

    return PoseDataPreprocessor(mean=mean, std=std, bgr_to_rgb=bgr_to_rgb)


def without(state: dict[str, Tensor], name: str) -> dict[str, Tensor]:
    return {key: tensor for key, tensor in state.items() if key != name}


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        (lambda s: without(s, "layer3.0.conv2.weight"), r"it lacks layer3\.0\.conv2\.weight\. Expected a ResNet-50"),
        (lambda s: without(s, "bn1.bias"), r"it lacks gn1\.bias"),
        (lambda s: {**s, "conv1.weight": torch.zeros(4, 1, 7, 7)}, r"conv1\.weight.*\[4, 1, 7, 7\].*\[4, 3, 7, 7\]"),
        (lambda s: {**s, "layer4.0.bn3.weight": torch.ones(8)}, r"layer4\.0\.gn3\.weight.*got \[8\], expected \[128\]"),
        (lambda s: {**s, "bn1.running_mean": torch.zeros(4)}, "batch normalisation"),
        (lambda s: {}, "it lacks conv1.weight, gn1.weight, gn1.bias and .* more"),
        (lambda s: {"state_dict": {}}, "it lacks"),
        (lambda s: {"weights of": "something else"}, "holds no state dict"),
        (lambda s: [1, 2, 3], "holds no state dict"),
        (lambda s: torch.zeros(3), "holds no state dict"),
    ],
    ids=[
        "lacks a tensor", "lacks a norm", "other shape", "other width", "BatchNorm", "empty", "empty within",
        "no tensors", "a list", "a tensor",
    ],
)  # fmt: skip
def test_file_that_does_not_fit_changes_nothing(
    change: Callable[[Any], Any], complaint: str, small: SimpleNamespace, report: list[str], tmp_path: Path
) -> None:
    torch.save(change(small.state), tmp_path / "other.pth")
    refuses(small.model, PretrainedTrunk(str(tmp_path / "other.pth")), complaint)
    assert report == []


def refuses(model: nn.Module, initialise: PretrainedTrunk, complaint: str) -> None:
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    with pytest.raises(PretrainedTrunkError, match=complaint) as refusal:
        initialise(model)
    assert initialise.checkpoint in str(refusal.value)
    assert all(torch.equal(tensor, before[name]) for name, tensor in model.state_dict().items())


def test_file_that_is_not_there_or_torn_or_unsafe_says_what_to_do(small: SimpleNamespace, tmp_path: Path) -> None:
    torn, unsafe = tmp_path / "torn.pth", tmp_path / "unsafe.pth"
    torch.save(small.state, torn)
    torn.write_bytes(torn.read_bytes()[:1000])
    torch.save({"state_dict": Path("an object that only pickle can make")}, unsafe)
    for file in (tmp_path / "absent.pth", torn, unsafe):
        refuses(small.model, PretrainedTrunk(str(file)), r"(?s)cannot read .*checkpoint=PATH.*from scratch \(.*=None\)")


def test_batch_normalised_resnet_is_refused(ssn: nn.Module, tmp_path: Path) -> None:
    torch.save(torchvision.models.resnet50().state_dict(), tmp_path / "resnet50.pth")
    refuses(ssn, PretrainedTrunk(str(tmp_path / "resnet50.pth")), "batch normalisation")


BGR = PREPROCESSING["detectron"]


@pytest.mark.parametrize(
    ("weights", "given", "fits"),
    [
        ("torchvision", dict(), True),
        ("torchvision", dict(bgr_to_rgb=False), False),
        ("torchvision", dict(mean=BGR.mean, std=BGR.std, bgr_to_rgb=False), False),
        ("torchvision", dict(mean=(0, 0, 0), std=(255, 255, 255)), False),
        ("torchvision", dict(mean=RGB.mean[::-1]), False),
        ("torchvision", dict(mean=None, std=None), False),
        ("detectron", dict(mean=BGR.mean, std=BGR.std, bgr_to_rgb=False), True),
        ("detectron", dict(mean=(103.53, 116.28, 123.675), std=(1, 1, 1), bgr_to_rgb=False), True),  # OpenMMLab's
        ("detectron", dict(), False),
        ("detectron", dict(mean=BGR.mean, std=BGR.std, bgr_to_rgb=True), False),
        ("detectron", dict(mean=BGR.mean, std=RGB.std, bgr_to_rgb=False), False),
        (None, dict(mean=(0, 0, 0), std=(1, 1, 1)), True),
    ],
)
def test_preprocessing_must_be_the_weights_own(
    weights: str | None, given: dict[str, Any], fits: bool, small: SimpleNamespace, report: list[str], tmp_path: Path
) -> None:
    torch.save(small.state, tmp_path / "resnet.pth")
    small.model.data_preprocessor = preprocessor(**given)
    initialise = PretrainedTrunk(str(tmp_path / "resnet.pth"), weights)
    if not fits:
        refuses(small.model, initialise, "model.data_preprocessor gives .*set the one that fits")
        return
    initialise(small.model)
    assert torch.equal(small.model.backbone.gn1.weight, small.state["bn1.weight"]) and len(report) == 1


def test_names_that_configs_give_are_mmengines_and_their_preprocessing_is_known() -> None:
    known = get_external_models()
    for name, preprocessing in (("contrib/resnet50_gn", "torchvision"), ("detectron/resnet50_gn", "detectron")):
        assert known[name].startswith("https://download.openmmlab.com/")
        assert PretrainedTrunk(f"open-mmlab://{name}").preprocessing == preprocessing
    for name in of_groups("paper"):
        model = Config.fromfile(config_file(name), import_custom_modules=False).model
        assert model.init_cfg == dict(type="PretrainedTrunk", checkpoint="open-mmlab://contrib/resnet50_gn")
        assert model.data_preprocessor.bgr_to_rgb
        assert (tuple(model.data_preprocessor.mean), tuple(model.data_preprocessor.std)) == (RGB.mean, RGB.std)


def test_unknown_preprocessing_is_refused_by_name() -> None:
    with pytest.raises(ValueError, match=r"'caffe', expected one of \['detectron', 'torchvision'\]"):
        PretrainedTrunk("resnet.pth", "caffe")


def test_training_from_scratch_keeps_the_networks_own_start(build) -> None:
    config = Config.fromfile(config_file("lite-k256"), import_custom_modules=False)
    config.merge_from_dict({"model.init_cfg": None})
    config.model.head.channels = 32
    model = build(MODELS, config.model)
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    model.init_weights()
    assert all(torch.equal(tensor, before[name]) for name, tensor in model.state_dict().items())
