"""One checkpoint under several protocols: each scores as a test of its own would, from a pass for each set of boxes."""

from __future__ import annotations

import copy
import json
from pathlib import Path

import pandas as pd
import pytest
import torch
from mmengine.config import Config
from mmengine.runner import TestLoop

from mmpose_ssn.__main__ import main
from mmpose_ssn.evaluation.protocol import Protocol
from mmpose_ssn.experiment.data_sets import DATA_SETS
from mmpose_ssn.experiment.protocol_scores import read_protocols
from mmpose_ssn.experiment.resolved_config import write
from mmpose_ssn.experiment.runner import build_runner
from mmpose_ssn.experiment.scoring import run_test

pytestmark = pytest.mark.usefixtures("one_thread")

PROTOCOLS = """
preset: {}
plain: {boxes: ground truth, soft_nms: null, flip_test: false, oks_nms: null}
dark: {boxes: ground truth, soft_nms: null, decoder: DARK}
shallow: {boxes: ground truth, soft_nms: null, predictor: E1, rescoring: keypoints}
"""


@pytest.fixture
def network(smoke_config, drawn: Path, tmp_path: Path) -> tuple[Config, Path]:
    """A small SSN whose predictors agree on nothing: their last normalisation is drawn at random."""
    config = smoke_config("ssn")
    runner = build_runner(Config({**config.to_dict(), "work_dir": str(tmp_path / "work")}))
    torch.manual_seed(0)
    for name, parameter in runner.model.named_parameters():
        if name.startswith("head.") and name.endswith("norm.weight"):
            torch.nn.init.normal_(parameter)
    weights = tmp_path / "weights.pth"
    torch.save(runner.model.state_dict(), weights)
    return config, weights


def test_each_protocol_scores_as_a_test_of_its_own(
    network, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    config, weights = network
    asked, out = tmp_path / "asked.yaml", tmp_path / "results" / "protocols.csv"
    asked.write_text(PROTOCOLS)
    passes: list[TestLoop] = []
    run = TestLoop.run
    monkeypatch.setattr(TestLoop, "run", lambda loop: passes.append(loop) or run(loop))
    command = ["protocols", config.filename, "--weights", str(weights), "--protocols", str(asked), "--out", str(out)]
    assert main(command) == 0
    assert len(passes) == 2, "one for the detector's boxes, one for the annotated ones"
    said = capsys.readouterr().err

    table = pd.read_csv(out)
    assert main(["page", "protocols", "--preset", "smoke", "--results", str(out.parent)]) == 0
    page = out.with_suffix(".md").read_text()
    protocols = read_protocols(asked, "smoke")
    assert list(table.name.unique()) == list(protocols)
    for name, protocol in protocols.items():
        single = copy.deepcopy(config)
        protocol.apply(single, DATA_SETS["drawn"].detections_file(single.data_root, "val"))
        figures, predictors = run_test(single, weights, tmp_path / name / "predictions")
        rows = table[table.name == name].set_index("predictor")
        assert list(rows.index) == list(predictors)
        for predictor in predictors:
            assert rows.ap[predictor] == pytest.approx(100 * figures[f"{predictor}/AP"], abs=1e-9)
        final = "E1" if name == "shallow" else "P4"
        assert rows.ap_low.notna().to_dict() == {predictor: predictor == final for predictor in predictors}
        assert f"{name}: AP {100 * figures[f'{final}/AP']:.1f}" in said and f"| {name} " in page


def test_shipped_protocols_are_possible_under_every_preset() -> None:
    from mmpose_ssn.experiment.presets import load_preset, preset_names
    from mmpose_ssn.networks import configs_folder

    for preset in preset_names():
        protocols = read_protocols(configs_folder() / "protocols.yaml", preset)
        assert protocols["preset"] == Protocol.from_settings(load_preset(preset)["protocol"])


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("- a list", "expected protocols by name"),
        ("x: flip", "expected protocols by name"),
        ("x: {flip: true}", "x: a protocol has no setting flip"),
        ("x: {soft_nms: {width: 3}}", "x: .*width"),
    ],
)
def test_list_of_another_form_is_refused_by_name(tmp_path: Path, content: str, message: str) -> None:
    (tmp_path / "asked.yaml").write_text(content)
    with pytest.raises(ValueError, match=rf"asked\.yaml: {message}"):
        read_protocols(tmp_path / "asked.yaml", "smoke")


def test_predictor_that_the_network_lacks_is_refused(network, tmp_path: Path) -> None:
    config, weights = network
    (tmp_path / "asked.yaml").write_text("deep: {predictor: P9}")
    command = ["protocols", config.filename, "--weights", str(weights), "--out", str(tmp_path / "out.csv")]
    with pytest.raises(ValueError, match=r"deep: there is no predictor 'P9', only E1, E2, E3, P1"):
        main([*command, "--protocols", str(tmp_path / "asked.yaml")])


def test_head_of_mmposes_own_needs_a_pass_for_each_reading(smoke_config, drawn: Path, tmp_path: Path) -> None:
    """SimpleBaseline's deconvolution head on a small trunk: one predictor, decoded by the estimator as ever."""
    config = smoke_config("backbone")
    config.model.neck = None
    config.model.backbone.update(stage_blocks=[1, 1, 1, 1])
    config.model.head = dict(
        type="HeatmapHead",
        in_channels=config.model.backbone.base_channels * 32,
        out_channels=17,
        deconv_out_channels=(8, 8, 8),
        deconv_kernel_sizes=(4, 4, 4),
        loss=dict(type="KeypointMSELoss", use_target_weight=True),
        decoder=config.codec,
    )
    config.model.test_cfg = dict(flip_test=True, flip_mode="heatmap", shift_heatmap=True)
    write(config, tmp_path / "config.py")
    config = Config.fromfile(tmp_path / "config.py")
    weights, asked, out = tmp_path / "weights.pth", tmp_path / "asked.yaml", tmp_path / "protocols.csv"
    runner = build_runner(Config({**config.to_dict(), "work_dir": str(tmp_path / "work")}))
    torch.save(runner.model.state_dict(), weights)
    asked.write_text("own: {}\nbox: {rescoring: box}\nplain: {flip_test: false}\n")
    command = ["protocols", config.filename, "--weights", str(weights), "--protocols", str(asked), "--out", str(out)]
    assert main(command) == 0
    table = pd.read_csv(out).set_index("name")
    assert table.forward_pass.to_dict() == {"own": 1, "box": 1, "plain": 2}
    assert set(table.predictor) == {"final"}
    figures, _ = run_test(copy.deepcopy(config), weights, tmp_path / "single" / "predictions")
    assert table.ap["own"] == pytest.approx(100 * figures["final/AP"], abs=1e-9)
    assert json.loads((tmp_path / "protocols" / "pass2" / "predictor.plain.final.keypoints.json").read_text())
