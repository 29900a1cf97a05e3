"""The pages of Figures 5, 6 and 7 from analyses that were written by hand: means over seeds, order, and refusals."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from mmpose_ssn.claims.verdicts import FindingKind
from mmpose_ssn.files import RefusedInput
from mmpose_ssn.pages import figure5, figure6, figure7
from mmpose_ssn.pages.analyses import Analyses, downwards, listed_cell, measured_cell, module_words
from mmpose_ssn.pages.blocks import NONE, Table
from mmpose_ssn.pages.claims import read_learned
from mmpose_ssn.pages.render import to_markdown
from mmpose_ssn.pages.results import Results

JOINTS = [f"{side}_{kind}" for kind in ("shoulder", "hip", "ankle") for side in ("left", "right")] + ["top_head"]
MODULE = "backbone.fsms.layer1_2"


class Analysed:
    """A folder of results with an ``analysis.json`` for each training."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def results(self) -> Results:
        return Results("photos", self.path)

    def add(self, network: str = "ssn", seed: int = 0, below: float | None = 0.5, **changed: object) -> Path:
        folder = self.path / "photos" / network / f"seed{seed}"
        folder.mkdir(parents=True)
        literal = {"predictor": "E1", "reading": "as it is"}
        lines = [
            {"figure": "figure5", "name": "shoulders-below", "value": below, "unit": "share", **literal},
            {"figure": "figure5", "name": "channels", "value": 3, "unit": "channels", "of": "hip", **literal},
            {"figure": "figure5", "name": "grid-at-end", "value": 0.25, "unit": "share of coordinates", "of": MODULE},
            {"figure": "figure5", "name": "grid-by-depth-at-end", "value": -0.125, "unit": "share of coordinates"},
            {"figure": "figure7", "name": "field-of-peak", "value": 10 + seed, "unit": "pixels", "predictor": "E1"},
        ]
        for reading in ("gradient", "gradient-times-activation"):
            keys = {"figure": "figure6", "predictor": "E1", "reading": reading}
            for at in ("input", "nonlocal_maps", "attention"):
                lines += [
                    {**keys, "name": f"channels-of-{at}", "value": 2, "unit": "channels", "of": joint}
                    for joint in JOINTS
                ]
                lines += [
                    {**keys, "name": f"null-{end}-of-{at}", "value": value, "unit": "channels"}
                    for end, value in (("low", 0), ("high", 4))
                ]
                lines.append({**keys, "name": f"p-of-{at}", "value": 0.01 * (1 + seed), "unit": "p", "of": "head"})
        content = {
            **dict(network=network, recipe="common", preset="photos", seed=seed, split="test", images=2, people=[3, 5]),
            **dict(joints=JOINTS, predictors=["E1"], module=MODULE, channels={}, chosen_on=None),
            "provenance": {"data": "Leeds Sports Pose", "data_digest": "sha256:d", "checkpoint_digest": "c"},
            "measurements": lines,
        }
        content["provenance"]["config_digest"] = f"config of {network} {seed}"
        if network == "backbone-esp":
            content |= {"module": None}
        content |= changed
        (folder / "analysis.json").write_text(json.dumps(content))
        rng = np.random.default_rng(seed)
        arrays = {"windows": rng.normal(size=(9, 2)), "scores E1": rng.uniform(size=(len(JOINTS), 9))}
        arrays |= {f"offsets {when} {MODULE}": rng.normal(size=(9, 2)) for when in ("start", "end")}
        np.savez(folder / "analysis.npz", **arrays)
        return folder / "analysis.json"


@pytest.fixture
def analysed(tmp_path: Path) -> Analysed:
    return Analysed(tmp_path)


def cells(page, header: str, row: str) -> dict[str, str]:
    """The cells of one row of the first table whose first column has that header."""
    for block in page.blocks:
        if isinstance(block, Table) and next(iter(block.columns))[0] == header:
            (number,) = [n for n, cell in enumerate(next(iter(block.columns.values()))) if cell == row]
            return {" ".join(words): column[number] for words, column in block.columns.items()}
    raise AssertionError(f"no table begins with {header}")


def test_a_number_is_a_mean_and_a_standard_deviation_over_seeds(analysed: Analysed) -> None:
    for seed, below in enumerate((0.4, 0.5, 0.9)):
        analysed.add(seed=seed, below=below)
    analysed.add("ssn-wo-ca", below=None)
    page = figure5.page(analysed.results())
    row = cells(page, "Measured", "shoulders: share of positions below")
    assert row["SSN"] == "0.60 ± 0.26 (3)" and row["SSN, w/o CA"] == NONE
    assert list(row)[1:] == ["SSN", "SSN, w/o CA"], "SSN first"
    assert cells(page, "SSN", "1.3")["on the grid, end"] == "0.25 ± 0.00 (3)"
    assert cells(page, "SSN", "stages 3 and 4 less 1 and 2")["on the grid, end"].startswith("−0.125")
    assert len(page.records[""]) == 4 * 4 and {line["seed"] for line in page.records[""]} == {0, 1, 2}
    assert page.records[""][0]["config_digest"] == "config of ssn-wo-ca 0"
    assert "neither reproduces nor refutes" in to_markdown(page, "figure5")


def test_p_has_no_mean(analysed: Analysed) -> None:
    analysed.add(seed=0)
    analysed.add(seed=1)
    page = figure6.page(analysed.results())
    tables = [block for block in page.blocks if isinstance(block, Table)]
    assert tables[0].columns["input P", "p"][0] == "0.010, 0.020"
    assert "there is no face" in tables[0].notes["Share"]


def test_pictures_are_drawn_of_the_first_seed(analysed: Analysed, tmp_path: Path) -> None:
    analysed.add(seed=2)
    analysed.add(seed=1)
    analysed.add("ssn-wo-shift", seed=1)
    for module in (figure5, figure6):
        for picture in module.page(analysed.results()).pictures:
            assert picture.vector and picture.alt
            picture.draw(tmp_path / "picture.png")
            assert (tmp_path / "picture.png").stat().st_size > 5000
    assert Analyses.of(analysed.results(), "figure5").first("ssn").seed == 1


def test_a_network_without_modules_has_the_field_of_its_peak(analysed: Analysed) -> None:
    analysed.add("backbone-esp")
    page = figure7.page(analysed.results())
    assert not page.pictures
    assert cells(page, "Measured", "peak of E1, on the crop")["Backbone, w/ ESP"] == "10.0"


def test_what_does_not_go_together_is_refused(analysed: Analysed) -> None:
    with pytest.raises(RefusedInput, match=r"no training of .* is analysed"):
        figure5.page(analysed.results())
    analysed.add()
    other = analysed.add("ssn-wo-ca", people=[3, 4])
    with pytest.raises(RefusedInput, match=r"people: is not that of"):
        figure5.page(analysed.results())
    content = json.loads(other.read_text()) | {"people": [3, 5], "preset": "figures"}
    other.write_text(json.dumps(content))
    with pytest.raises(RefusedInput, match=r"preset: is 'figures', expected 'photos'"):
        figure5.page(analysed.results())
    provenance = {**content["provenance"], "data_digest": "sha256:e"}
    other.write_text(json.dumps(content | {"preset": "photos", "provenance": provenance}))
    with pytest.raises(RefusedInput, match="is of other data than"):
        figure5.page(analysed.results())
    other.write_text(json.dumps({**content, "images": 0}))
    with pytest.raises(RefusedInput, match="images"):
        figure5.page(analysed.results())
    other.unlink()
    (analysed.path / "photos/ssn/seed0/analysis.npz").unlink()
    with pytest.raises(RefusedInput, match="analyse the training again"):
        figure5.page(analysed.results())


def test_the_ledger_describes_what_its_preset_does_not_decide(analysed: Analysed) -> None:
    trained = SimpleNamespace(preset="photos", of=lambda name: name == "ssn", too_low=lambda networks: [])
    assert read_learned(analysed.results(), trained, primary=True) == {}
    files = tuple(analysed.add(seed=seed, below=below) for seed, below in enumerate((0.7, 0.8)))
    analysed.add("backbone-esp")
    found = read_learned(analysed.results(), trained, primary=True)
    assert set(found) == {"shoulders-look-down"}, "the ledger shows no backbone"
    one = found["shoulders-look-down"]
    assert one.finding.kind is FindingKind.DESCRIPTIVE and one.sources == files
    assert one.figure.startswith("0.75 share, held against 0.5; 95 % over 2 seeds [")
    decided = read_learned(analysed.results(), trained, primary=False)["shoulders-look-down"]
    assert decided.finding.kind is FindingKind.UNDECIDED and decided.figure.endswith("after Holm")
    trained.too_low = lambda networks: ["ssn"]
    low = read_learned(analysed.results(), trained, primary=True)["shoulders-look-down"]
    assert low.finding.kind is FindingKind.NOT_COMPARED


def test_cells_leave_out_what_is_not_known() -> None:
    nan = float("nan")
    assert measured_cell([nan, 2.0]) == "2.00" and measured_cell([nan]) == NONE
    assert measured_cell([-0.001], 2) == "0.00" and measured_cell([1, 2], 1) == "1.5 ± 0.7 (2)"
    assert listed_cell([0.5, nan, 0.25], 2) == "0.50, 0.25" and listed_cell([]) == NONE
    assert downwards(["left_ankle", "right_hip", "left_hip", "top_head", "tail"]) == [
        *("top_head", "left_hip", "right_hip", "left_ankle", "tail"),
    ]
    assert module_words("backbone.fsms.layer3_0") == "3.1" and module_words("neck.fsm") == "neck.fsm"
