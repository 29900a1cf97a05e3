"""A preset file either says everything that the study needs, in known words, or is refused with a reason."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml

from mmpose_ssn.claims import orderings
from mmpose_ssn.experiment import presets
from mmpose_ssn.experiment.presets import load_preset, preset_names
from mmpose_ssn.networks import configs_folder, of_groups

DOCS = Path(__file__).parents[2] / "docs"


@pytest.mark.parametrize("name", preset_names())
def test_preset_loads_as_it_is_written(name: str) -> None:
    preset = load_preset(name)
    written = yaml.safe_load((configs_folder() / "presets" / f"{name}.yaml").read_text())
    assert preset.name == name
    assert {key: preset[key] for key in written} == written
    assert preset.get("no such key", 3) == 3


def test_the_presets_that_the_commands_name_are_there() -> None:
    assert {"smoke", "figures", "paper", "photos", "photos-smoke"} == set(preset_names())


def test_bound_of_validity_is_the_protocols_and_no_bound_elsewhere() -> None:
    figures = load_preset("figures")
    *_, last_but_one, _ = (DOCS / "mini" / "protocol.md").read_text().split("\n## ")
    heading, text = last_but_one.split("\n", 1)
    assert heading == "What would make it worthless"
    first = re.fullmatch(
        r"(?P<names>.*) below AP (?P<ap>\d+), or less than 15 above the mean pose: then the networks have learned too "
        r"little for a difference to mean anything, and the learning curves are shown instead\.",
        " ".join(text.split()),
    )
    again = re.search(
        r"The bound stays (?P<ap>\d+) for (?P<names>[^.]*), in the mean over seeds, and 15 above the mean pose\.",
        " ".join((DOCS / "midi" / "protocol.md").read_text().split()),
    )
    for said in (first, again):
        names = re.split(", | or | and ", said["names"])
        assert tuple(name.strip("`") for name in names) == figures.decisive, said["names"]
        assert float(said["ap"]) == figures.least_score
    assert len(set(figures.decisive)) == 4 and set(figures.decisive) <= set(of_groups("paper"))
    for name in set(preset_names()) - {"figures"}:
        assert load_preset(name).least_score == 0 and load_preset(name).decisive == ()


def test_figures_decides_what_was_registered_before_its_trainings() -> None:
    figures, text = load_preset("figures"), (DOCS / "figures" / "confirmation.md").read_text()
    (said,) = re.findall(r"\*\*Five primary contrasts\*\*.*?Holm", text, re.DOTALL)
    assert list(figures.primary) == re.findall(r"`([\w-]+)`\s+less\s+`([\w-]+)`", said)
    assert len(figures.primary) == 5
    (seeds,) = re.findall(r"^\| seeds \| ([^,]*),", text.replace("3, 4", "3 4"), re.MULTILINE)
    named = tuple(map(int, re.findall(r"\d", seeds)))
    assert {figures.deciding_seeds(run) for pair in figures.primary for run in pair} == {named} == {(3, 4, 5)}
    assert figures.seeds_of("ssn") == (0,), "what is trained unasked is not what decides"
    assert figures.secondary is None and figures.get("networks") is None
    for name in ("smoke", "paper"):
        assert load_preset(name).primary is None and load_preset(name).secondary is None


def test_spreads_that_figures_is_given_are_those_of_midis_trainings() -> None:
    midi = pd.read_csv(DOCS / "midi" / "table1.csv").dropna(subset=["measured", "seed"])
    variances: dict[str, list[float]] = {}
    for network, one in midi.groupby("variant"):
        group = network if network.endswith("-frozen") else "lite" if network.startswith("lite") else "deep"
        assert sorted(one.seed) == [0, 1, 2]
        variances.setdefault(group, []).append(one.measured.var(ddof=1))
    given = load_preset("figures").given_spread
    assert {group: 2 * len(of) for group, of in variances.items()} == {g: one.freedom for g, one in given.items()}
    for group, of in variances.items():
        assert given[group].sd == pytest.approx(np.sqrt(np.mean(of)), abs=5e-4)


def test_spread_that_paper_assumes_is_taken_as_exact() -> None:
    given = load_preset("paper").given_spread
    assert {name: (one.sd, one.freedom) for name, one in given.items()} == dict.fromkeys(
        ("deep", "lite"), (0.3, np.inf)
    )
    assert load_preset("smoke").given_spread == {}


def test_unknown_preset_is_refused_with_those_that_there_are() -> None:
    with pytest.raises(ValueError, match="unknown preset 'smok', expected one of: " + ", ".join(preset_names())):
        load_preset("smok")


@pytest.fixture
def changed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Load the smoke preset after a change of its settings."""
    monkeypatch.setattr(presets, "configs_folder", lambda: tmp_path)

    def load(change) -> presets.Preset:
        shutil.copytree(configs_folder() / "presets", tmp_path / "presets")
        file = tmp_path / "presets" / "smoke.yaml"
        settings = yaml.safe_load(file.read_text())
        change(settings)
        file.write_text(yaml.safe_dump(settings))
        return load_preset("smoke")

    return load


def named(*pair: str) -> dict:
    return {"seeds": [0], "differences": [list(pair)]}


def second(*pair: str) -> dict:
    return {"figure": "confused@0.2", "differences": [list(pair)]}


def known(**changed: object) -> dict:
    return {"sd": 1.0, "freedom": 3, **changed}


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda s: s.update(trainin={}), "'trainin' was unexpected"),
        (lambda s: s["training"].update(iteration=5), "'iteration' was unexpected"),
        (lambda s: s["network"]["fsm"].update(offsets_std=1.0), "'offsets_std' was unexpected"),
        (lambda s: s["training"].update(iterations=0), "0 is less than the minimum of 1"),
        (lambda s: s["network"].update(input_size=[50, 64]), "50 is not a multiple of 4"),
        (lambda s: s.update(data="mpii"), r"'mpii' is not one of \['drawn', 'coco', 'leeds'\]"),
        (lambda s: s["protocol"].update(boxes="yolo"), r"'yolo' is not one of \['ground truth', 'detector'\]"),
        (lambda s: s.pop("evaluation"), "'evaluation' is a required property"),
        (lambda s: s.update(validity={"least_score": 30}), "'decisive' is a required property"),
        (lambda s: s.update(validity={"decisive": ["ssn"]}), "'least_score' is a required property"),
        (lambda s: s.update(validity={"least_score": 30, "decisive": []}), r"\[\] (is too short|should be non-empty)"),
        (
            lambda s: s.update(validity={"least_score": 0.3, "network": "ssn", "decisive": ["ssn"]}),
            "'network' was unexp",
        ),
        (lambda s: s.update(validity={"least_score": 30, "decisive": ["sssn"]}), r"\$\.validity\.decisive: got sssn, "),
        (lambda s: s.update(primary=[["ssn", "ssn-k256"]]), "is not of type 'object'"),
        (lambda s: s.update(primary=named("ssn", "sssn")), r"\$\.primary\.differences: got sssn, expected of: backbo"),
        (lambda s: s.update(primary=named("ssn", "hrnet-w32")), "got hrnet-w32, expected of: backbone"),
        (lambda s: s.update(primary=named("ssn", "mean-pose")), "got mean-pose, expected of: backbone"),
        (lambda s: s.update(primary=named("ssn", "ssn")), "has non-unique elements"),
        (lambda s: s.update(primary=named("ssn")), r"\['ssn'\] is too short"),
        (lambda s: s.update(primary={"seeds": [0]}), "'differences' is a required property"),
        (
            lambda s: s.update(primary={**named("ssn", "ssn-k256"), "seeds": []}),
            r"\[\] (is too short|should be non-empty)",
        ),
        (lambda s: s.update(primary={**named("ssn", "ssn-k256"), "seeds": [1, 1]}), "has non-unique elements"),
        (lambda s: s.update(secondary=second("ssn", "ssn-k256")), "'primary' is a dependency of 'secondary'"),
        (lambda s: s.update(primary=named("ssn", "ssn-k256"), secondary=named("ssn", "ssn-k256")), "'seeds' was unexp"),
        (
            lambda s: s.update(primary=named("ssn", "ssn-k256"), secondary={**second("ssn", "ssn"), "figure": 3}),
            "3 is not of type 'string'",
        ),
        (
            lambda s: s.update(primary=named("ssn", "ssn-k256"), secondary=second("ssn", "hrnet-w32")),
            r"\$\.secondary\.differences: got hrnet-w32, expected of: backbone",
        ),
        (
            lambda s: s.update(primary=named("ssn", "ssn-k256"), secondary=second("ssn", "ssn-k256")),
            r"\$\.secondary\.figure: got confused@0\.2, expected of: ",
        ),
        (lambda s: s.update(networks=["ssn", "sssn"]), r"\$\.networks: got sssn, expected of: backbone, "),
        (lambda s: s.update(networks=["ssn", "mean-pose"]), r"\$\.networks: got mean-pose, expected of: "),
        (lambda s: s.update(networks=["ssn", "ssn"]), "has non-unique elements"),
        (lambda s: s.update(networks=[]), r"\[\] (is too short|should be non-empty)"),
        (lambda s: s.update(networks="ssn"), "'ssn' is not of type 'array'"),
        (lambda s: s.update(seeds_of={"sssn": [1]}), r"\$\.seeds_of: got sssn, expected of: backbone, "),
        (lambda s: s.update(seeds_of={"ssn": 1}), "1 is not of type 'array'"),
        (lambda s: s.update(seeds_of={"ssn": [1, 1]}), "has non-unique elements"),
        (lambda s: s.update(seeds_of={"ssn": [-1]}), "-1 is less than the minimum of 0"),
        (lambda s: s.update(given_spread={"sdeep": known()}), r"\$\.given_spread: got sdeep, expected of: deep, lite"),
        (lambda s: s.update(given_spread={"deep": known(sd=0)}), "0 is less than or equal to the minimum of 0"),
        (lambda s: s.update(given_spread={"deep": known(freedom=0)}), "0 is less than the minimum of 1"),
        (lambda s: s.update(given_spread={"deep": {"sd": 1.0}}), "'freedom' is a required property"),
        (lambda s: s.pop("drawn"), "a 'drawn' section must say how much to draw"),
        (lambda s: s.update(leeds={"limit": 3}), "data is 'drawn', so a section 'leeds' says nothing; remove it"),
    ],
)
def test_preset_that_does_not_fit_is_refused_with_file_and_reason(changed, change, said: str) -> None:
    with pytest.raises(ValueError, match=rf"smoke\.yaml: .*{said}"):
        changed(change)


def test_file_is_read_once_and_its_settings_are_given_out_as_copies(changed, monkeypatch: pytest.MonkeyPatch) -> None:
    first = changed(lambda s: s["training"].update(iterations=5))
    first["training"]["iterations"] = 6
    first.settings["network"]["fsm"].clear()
    monkeypatch.setattr(presets.yaml, "safe_load", lambda text: pytest.fail("a file was read again"))
    second = load_preset("smoke")
    assert second["training"]["iterations"] == 5 and second["network"]["fsm"]


def test_changed_value_that_fits_is_taken(changed) -> None:
    assert changed(lambda s: s["training"].update(iterations=5))["training"]["iterations"] == 5


def test_seeds_are_the_presets_but_where_a_run_has_its_own(changed) -> None:
    preset = changed(lambda s: s.update(seeds=[2, 5], seeds_of={"ssn": [7], "hrnet-w32/own": [1, 0]}))
    assert [preset.seeds_of(run) for run in ("ssn", "ssn-k256", "hrnet-w32", "hrnet-w32/own")] == [
        *((7,), (2, 5), (2, 5), (1, 0)),
    ]
    assert preset.deciding_seeds("ssn") == (7,) and preset.deciding_seeds("ssn-k256") == (2, 5)


def test_seeds_that_decide_are_those_that_are_named_whatever_is_trained(changed) -> None:
    preset = changed(
        lambda s: s.update(seeds=[2], seeds_of={"ssn": [7]}, primary={**named("ssn", "ssn-k256"), "seeds": [4, 3]})
    )
    assert preset.deciding_seeds("ssn") == preset.deciding_seeds("backbone") == (4, 3)
    assert preset.seeds_of("ssn") == (7,) and preset.seeds_of("backbone") == (2,)


def test_preset_that_names_no_seeds_has_one_training_of_each(changed) -> None:
    preset = changed(lambda s: s.update(primary={"differences": [["ssn", "ssn-k256"]]}))
    assert "seeds" not in preset.settings and preset.seeds_of("ssn") == preset.deciding_seeds("ssn") == (0,)


def test_photos_of_the_machinery_decide_two_figures() -> None:
    preset = load_preset("photos-smoke")
    assert preset.primary == (("ssn", "ssn-wo-shift"), ("lite-k256", "lite-k256-frozen"))
    assert preset.secondary == ("confused@0.2", (("ssn", "ssn-wo-shift"),))
    assert set(preset["networks"]) == {run for pair in preset.primary for run in pair}


@pytest.mark.parametrize("name", preset_names())
def test_what_a_preset_decides_is_trained_and_shown(name: str) -> None:
    preset, shown = load_preset(name), {(one.higher, one.lower) for one in orderings().values()}
    assert set(preset.primary or ()) <= shown
    decided = {run for pair in (*(preset.primary or ()), *(preset.secondary or ((), ()))[1]) for run in pair}
    assert decided <= set(preset.get("networks", decided)), "what the preset trains unasked"
