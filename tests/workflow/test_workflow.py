"""The real command on a copy of the checkout: what runs, what is left alone, and what is refused."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

from mmpose_ssn import paper
from mmpose_ssn.experiment.presets import load_preset
from mmpose_ssn.networks import networks, of_groups, shown_on

REPOSITORY = Path(__file__).resolve().parents[2]
BIN = Path(sys.executable).parent
CHOICE = ("preset=smoke", "networks=lite-k256,lite-k512")
TRAINED = {"lite-k256", "lite-k512"}
"""What the checkout below has trained, so that no other command trains it again."""
FROZEN = {"ssn-frozen", "lite-k256-frozen"}
BY_NAME = {"ssn-eq6", "lite-k256-wo-shift", "lite-k256-wo-fsm"}
"""Our controls: those that the default command trains, and those that are trained only when asked for by name."""
DEFAULT = {name for name, row in paper.table1().items() if row.ap is not None} | FROZEN
"""What the default command trains, which every page rests on."""


class Checkout:
    """A copy of what the workflow consists of, in which settings may be changed."""

    def __init__(self, root: Path) -> None:
        self.root = root
        for name in ("configs", "mmpose_ssn", "workflow"):
            shutil.copytree(REPOSITORY / name, root / name, ignore=shutil.ignore_patterns("__pycache__"))
        for name in ("Snakefile", "environment.yml", "requirements.lock"):
            shutil.copy(REPOSITORY / name, root)

    def snakemake(self, *choice: str, dry: bool = False, target: str = "results/table1.md") -> tuple[int, str]:
        """Run the main command with ``--config choice``; its exit status and what it printed."""
        options = ["--cores", "2", *(["--dry-run"] if dry else [])]
        return self.run(*options, "--config", *(choice or CHOICE), "--", target)

    def run(self, *arguments: str) -> tuple[int, str]:
        """Run snakemake; its exit status and what it printed."""
        done = subprocess.run(
            [sys.executable, "-m", "snakemake", *arguments],
            cwd=self.root,
            env={
                **os.environ,
                "PYTHONPATH": str(self.root),
                "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
            },
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        return done.returncode, done.stdout

    def planned(self, *choice: str, target: str = "results/table1.md") -> dict[str, int]:
        """Jobs that the command would run, by rule."""
        status, output = self.snakemake(*choice, dry=True, target=target)
        assert status == 0, output
        return {} if "Nothing to be done" in output else jobs(output)


def jobs(output: str) -> dict[str, int]:
    """Jobs that a dry run speaks of, by rule."""
    table = output.split("Job stats:\n")[1].split("\n\n")[0].splitlines()[2:]
    return {rule: int(count) for rule, count in map(str.split, table) if rule != "total"}


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Checkout:
    """A checkout in which the smoke preset has been run for two of the networks that it has."""
    checkout = Checkout(tmp_path_factory.mktemp("checkout"))
    status, output = checkout.snakemake()
    assert status == 0, output
    assert "smoke/lite-k512 seed 0: 12/12" in output, "no progress of the training was shown"
    return checkout


@pytest.fixture
def restored(checkout: Checkout, tmp_path: Path):
    """Puts the checkout's settings back after a test has changed them."""
    names = ("configs", "mmpose_ssn", "workflow")
    for name in names:
        shutil.copytree(checkout.root / name, tmp_path / name, copy_function=shutil.copy2)
    environment = (checkout.root / "environment.yml").read_text()
    yield
    for name in names:
        shutil.rmtree(checkout.root / name)
        shutil.copytree(tmp_path / name, checkout.root / name, copy_function=shutil.copy2)
    (checkout.root / "environment.yml").write_text(environment)


def test_partial_choice_renders_a_whole_table(checkout: Checkout) -> None:
    table = pd.read_csv(checkout.root / "results/table1.csv")
    status = table.set_index("network")["status"]
    assert sorted(status.index) == sorted([*paper.table1(), *FROZEN, *BY_NAME, "mean-pose"])
    assert status[["lite-k256", "lite-k512", "mean-pose"]].tolist() == ["measured", "measured", "control"]
    orderings = pd.read_csv(checkout.root / "results/table1-orderings.csv").set_index("ordering")
    assert orderings.query("status == 'measured'").index.tolist() == ["lite-k512-over-k256"]
    assert status[:"ssn"].unique().tolist() == ["not run"]
    assert "meaningless" in (checkout.root / "results/table1.md").read_text().splitlines()[0]
    assert "tabular" in (checkout.root / "results/table1.tex").read_text()


def test_every_job_leaves_a_log_and_its_time(checkout: Checkout) -> None:
    folder = checkout.root / "results/smoke/lite-k256/seed0"
    for step in ("resolve", "train", "evaluate"):
        assert (folder / f"{step}.log").exists()
        assert pd.read_csv(folder / f"{step}.benchmark.tsv", sep="\t")["s"].item() > 0


PAGE = "results/baselines.md"


def test_page_of_baselines_trains_what_the_preset_compares_and_table1_and_nothing_twice(checkout: Checkout) -> None:
    shown = DEFAULT | set(load_preset("smoke")["compared"])
    planned = checkout.planned("preset=smoke", target=PAGE)
    assert planned == {
        **dict.fromkeys(("resolve", "train", "evaluate"), len(shown - TRAINED)),
        **dict.fromkeys(("latency_of_preset", "baselines"), 1),
    }
    planned = checkout.planned("preset=figures", target=PAGE)
    shown = DEFAULT | set(load_preset("figures")["compared"])
    assert planned["train"] == len(shown) and planned["latency"] == 1


def test_page_of_baselines_shows_what_is_asked_for_by_name(checkout: Checkout) -> None:
    planned = checkout.planned("preset=smoke", "networks=lite-k256,lite-k256-active", target=PAGE)
    assert planned["train"] == 1
    planned = checkout.planned("preset=paper", "networks=hrnet-w32", target=PAGE)
    assert planned["train"] == planned["latency"] == 1 and "latency_of_preset" not in planned


@pytest.mark.parametrize(
    ("page", "target", "choice"),
    [
        ("table1", "results/table1.md", "hrnet-w32"),
        ("table2", "results/table2.md", "lite-k256"),
        ("claims", "results/claims.md", "hrnet-w32,lite-k256-active"),
        ("baselines", PAGE, "ssn-wo-ca"),
        ("curves", "results/smoke/curves.md", "hrnet-w32/own"),
        ("figure5", "results/figure5.md", "lite-k256,backbone-esp"),
    ],
)
def test_page_that_shows_none_of_the_chosen_networks_is_refused_before_anything_runs(
    checkout: Checkout, page: str, target: str, choice: str
) -> None:
    def files() -> dict[Path, int]:
        made = (file for name in ("results", "data") for file in (checkout.root / name).rglob("*"))
        return {file: file.stat().st_mtime_ns for file in made if file.name != "plan.json"}

    before = files()
    status, output = checkout.snakemake("preset=smoke", f"networks={choice}", target=target)
    assert status != 0
    shown = [run for run in shown_on("table1" if page == "curves" else page) if run != "mean-pose"]
    assert f"the page {page} shows none of the chosen networks; it can show: {', '.join(shown)}\n" in output, output
    assert files() == before


@pytest.mark.skipif(networks()["vitpose-s"].can_be_built, reason="mmpretrain is installed")
@pytest.mark.parametrize("choice", ["vitpose-s", "lite-k256,vitpose-s/own"])
def test_network_whose_package_is_missing_is_refused(checkout: Checkout, choice: str) -> None:
    status, output = checkout.snakemake("preset=smoke", f"networks={choice}", dry=True, target=PAGE)
    assert status != 0
    assert "vitpose-s needs mmpretrain, which is not installed" in output and "Job stats" not in output


@pytest.mark.parametrize("page", ["table1", "table2", "claims", "baselines"])
def test_page_is_made_of_what_defines_networks_claims_and_bound(checkout: Checkout, page: str) -> None:
    choice = ("--config", "preset=figures", "networks=ssn", "--", f"results/{page}.md")
    status, output = checkout.run("--cores", "1", "--filegraph", *choice)
    assert status == 0, output
    inputs = output.split(f">{page}</font>")[1].split("output</font>")[0]
    for name in (
        "configs/presets/figures.yaml",
        "mmpose_ssn/networks.yaml",
        "mmpose_ssn/claims/claims.yaml",
        "mmpose_ssn/claims/orderings.yaml",
    ):
        assert f">{checkout.root / name}<" in inputs, name


@pytest.mark.parametrize(
    ("page", "beside"),
    [("table1", {"mean-pose"}), ("table2", set()), ("claims", set()), ("baselines", {"lite-k256-active/seed4"})],
)
def test_page_rests_on_table_1s_chosen_trainings_beside_its_own(checkout: Checkout, page: str, beside: set) -> None:
    """They tell spreads and the bound, whatever the page shows."""
    chosen = ["ssn", "ssn-wo-shift", "lite-k512", "lite-k256-active"]
    choice = ("preset=figures", "seeds=4", f"networks={','.join(chosen)}")
    status, output = checkout.run("-n", "-p", "--cores", "2", "--config", *choice, "--", f"results/{page}.md")
    assert status == 0, output
    (command,) = re.findall(rf"python -m mmpose_ssn page {page} .*? --only ([^|\n]*?) +2>&1", output)
    of_table1 = {f"{run}/seed4" for run in chosen[:3]}
    assert set(command.split()) == of_table1 | beside
    scored = set(re.findall(r"Scoring figures/(\S+) seed 4", output))
    assert {f"{run}/seed4" for run in scored} == of_table1 | beside - {"mean-pose"}, "before the page is rendered"


def test_preset_whose_contrasts_name_an_unknown_network_is_refused(checkout: Checkout, restored: None) -> None:
    file = checkout.root / "configs/presets/smoke.yaml"
    file.write_text(file.read_text() + "primary: {seeds: [0], differences: [[ssn, sssn]]}\n")
    status, output = checkout.snakemake(dry=True)
    assert status != 0 and "$.primary.differences: got sssn, expected of: backbone, " in output, output


def test_ledger_of_networks_without_claims_on_offsets_measures_none(checkout: Checkout) -> None:
    assert "offsets" not in checkout.planned("preset=smoke", "networks=lite-k256", target="results/claims.md")
    assert checkout.planned("preset=smoke", "networks=ssn", target="results/claims.md")["offsets"] == 1


def test_asserted_networks_are_trained_for_the_ledger_alone(checkout: Checkout) -> None:
    asserted = len(of_groups("asserted")) * len(load_preset("figures")["asserted_seeds"])
    planned = checkout.planned("preset=figures", "seeds=0,1", target="results/claims.md")
    assert planned["train"] == 2 * len(DEFAULT) + asserted
    assert checkout.planned("preset=figures", "seeds=2", target="results/claims.md")["train"] == len(DEFAULT)


def test_second_run_does_nothing(checkout: Checkout) -> None:
    assert checkout.planned() == {}


def test_lock_that_a_kill_leaves_is_removed_by_unlock_alone(checkout: Checkout) -> None:
    locks = checkout.root / ".snakemake" / "locks"
    locks.mkdir(parents=True, exist_ok=True)
    (locks / "0.input.lock").write_text("")
    (locks / "0.output.lock").write_text("results/table1.md\n")
    status, output = checkout.run("--unlock")
    assert status == 0 and not [*locks.glob("*")], output


def test_comments_retrain_nothing(checkout: Checkout, restored: None) -> None:
    for name in (
        "configs/ssn/td-hm_ssn-lite-k256_1xb16-400k_coco-256x192.py",
        "configs/presets/smoke.yaml",
        "mmpose_ssn/models/fsm.py",
        "mmpose_ssn/experiment/training.py",
        "workflow/rules/trainings.smk",
        "environment.yml",
    ):
        file = checkout.root / name
        file.write_text(f"# A comment.\n{file.read_text()}")
    assert set(checkout.planned()) <= {"complexity", "table1"}, "neither trained nor scored again"


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        ("configs/presets/smoke.yaml", "evaluation:", "validity: {least_score: 30, decisive: [ssn]}\nevaluation:"),
        ("mmpose_ssn/networks.yaml", "offsets frozen at random", "offsets frozen where they start"),
        ("mmpose_ssn/claims/claims.yaml", "margins:", "# A comment.\nmargins:"),
        ("mmpose_ssn/claims/orderings.yaml", "learned offsets against random reach", "learned against random offsets"),
    ],
)
def test_changed_definition_renders_the_page_anew_and_trains_nothing(
    checkout: Checkout, restored: None, name: str, old: str, new: str
) -> None:
    file = checkout.root / name
    assert old in file.read_text()
    file.write_text(file.read_text().replace(old, new, 1))
    assert checkout.planned() == {"table1": 1}


def test_changed_training_setting_retrains_that_network_alone(checkout: Checkout, restored: None) -> None:
    file = checkout.root / "configs/ssn/td-hm_ssn-lite-k512_1xb16-400k_coco-256x192.py"
    file.write_text(file.read_text() + "optim_wrapper = dict(optimizer=dict(weight_decay=1e-4))\n")
    planned = checkout.planned()
    assert planned == dict.fromkeys(("resolve", "train", "evaluate", "complexity", "table1"), 1)


def test_change_of_the_drawn_set_retrains_all(checkout: Checkout, restored: None) -> None:
    file = checkout.root / "configs/presets/smoke.yaml"
    file.write_text(file.read_text().replace("train: 48", "train: 49"))
    assert {rule: n for rule, n in checkout.planned().items() if rule in ("resolve", "train")} == {
        "resolve": 2,
        "train": 2,
    }


def test_whole_smoke_preset_has_every_network(checkout: Checkout) -> None:
    assert checkout.planned("preset=smoke") == {
        **dict.fromkeys(("resolve", "train", "evaluate"), len(DEFAULT - TRAINED)),
        **dict.fromkeys(("mean_pose", "table1"), 1),
    }
    _, output = checkout.snakemake("preset=smoke", dry=True)
    assert set(re.findall(r"Training smoke/(\S+) seed 0", output)) == DEFAULT - TRAINED


@pytest.mark.parametrize("target", ["results/table1.md", "results/baselines.md"])
def test_lite_controls_are_asked_for_by_name(checkout: Checkout, target: str) -> None:
    status, output = checkout.snakemake("preset=smoke", f"networks={','.join(BY_NAME)}", dry=True, target=target)
    assert status == 0, output
    assert set(re.findall(r"Training smoke/(\S+) seed 0", output)) == BY_NAME


def test_paper_preset_is_planned_without_coco(checkout: Checkout) -> None:
    assert checkout.planned("preset=paper", "networks=ssn", "seeds=0,1,2") == {
        "find_photos": 1,
        "resolve": 3,
        "train": 3,
        "evaluate": 3,
        **dict.fromkeys(("mean_pose", "table1"), 1),
    }


def test_mmposes_networks_are_asked_for_by_name_under_either_recipe(checkout: Checkout) -> None:
    target = "results/smoke/simplebaseline-r50/own/seed0/scores.json"
    status, output = checkout.snakemake("preset=smoke", "networks=simplebaseline-r50/own", dry=True, target=target)
    assert status == 0, output
    assert "Training smoke/simplebaseline-r50/own seed 0" in output


def test_larger_crops_are_asked_for_by_name(checkout: Checkout) -> None:
    assert checkout.planned("preset=paper", "networks=ssn-384x288")["train"] == 1
    status, output = checkout.snakemake("preset=smoke", "networks=ssn-384x288", dry=True)
    assert status != 0 and "unknown network ssn-384x288" in output


def test_leeds_is_got_where_and_from_what_the_configuration_says(checkout: Checkout) -> None:
    settings = ("leeds_root=/data/lsp", "leeds_have=/data/downloads")
    status, output = checkout.run("--dry-run", "--printshellcmds", "--config", *settings, "--", "leeds")
    assert status == 0, output
    assert "leeds --root /data/lsp --download --have /data/downloads --out results/leeds.json" in output


def test_missing_coco_is_said_before_anything_else_is_done(checkout: Checkout) -> None:
    status, output = checkout.snakemake("preset=paper", "coco_root=/nowhere")
    assert status != 0
    assert "COCO is not in place: /nowhere lacks annotations/person_keypoints_train2017.json" in output
    assert "Training paper" not in output


def test_leeds_is_looked_for_and_cut_where_a_preset_takes_a_few_photos(checkout: Checkout) -> None:
    trained, scores = dict.fromkeys(("find_photos", "resolve", "train", "evaluate"), 1), "ssn/seed0/scores.json"
    assert checkout.planned("preset=photos", target=f"results/photos/{scores}") == trained
    planned = checkout.planned("preset=photos-smoke", target=f"results/photos-smoke/{scores}")
    assert planned == {**trained, "limit_photos": 1}
    planned = checkout.planned("preset=photos", target="results/photos/trials.csv")
    assert planned["train_trial"] == planned["evaluate_trial"] == 12


def test_pages_of_what_leeds_is_scored_by_are_planned_like_those_of_ap(checkout: Checkout) -> None:
    trained = dict.fromkeys(("resolve", "train", "evaluate"), 4 * 2)  # networks and seeds of the preset
    for pages, others in (
        (("table1", "table2", "joints"), {"mean_pose": 1}),
        (("claims", "baselines"), {"offsets": 1, "latency_of_preset": 1, "analyse": 2 * 2}),
    ):
        targets = [f"results/{page}.md" for page in pages]
        status, output = checkout.run("--dry-run", "--config", "preset=photos-smoke", "--", *targets)
        assert status == 0, output
        planned = jobs(output)
        planned.pop("complexity", None)  # which an earlier test may have counted
        assert planned == {**dict.fromkeys(("find_photos", "limit_photos", *pages), 1), **trained, **others}
    seeds = load_preset("photos").seeds_of("ssn")
    assert checkout.planned("preset=photos", "networks=ssn", target="results/table1.md")["train"] == len(seeds) == 3


def test_figures_of_what_was_learned_look_into_each_training_once(checkout: Checkout) -> None:
    targets = [f"results/figure{number}.md" for number in (5, 6, 7)]
    status, output = checkout.run("--dry-run", "--config", "preset=photos-smoke", "--", *targets)
    assert status == 0, output
    planned = jobs(output)
    assert planned["train"] == planned["analyse"] == 2 * 2, "ssn and ssn-wo-shift, which the preset has"
    assert planned["figure5"] == planned["figure6"] == planned["figure7"] == 1 and "evaluate" not in planned


def outputs(checkout: Checkout, page: str, *choice: str) -> tuple[set[str], set[str]]:
    """The files that a page is to write, and the trainings that it is to rest on."""
    status, output = checkout.run("--cores", "2", "--summary", "--config", *choice, "--", f"results/{page}.md")
    assert status == 0, output
    written = re.findall(rf"^results/{page}(\S+)\t", output, re.MULTILINE)
    scored = re.findall(r"^results/[\w-]+/(\S+/seed\d+)/scores\.json\t", output, re.MULTILINE)
    assert len(written) == len(set(written)) and len(scored) == len(set(scored))
    return set(written), set(scored)


def test_preset_says_which_networks_it_trains_with_which_seeds(checkout: Checkout, restored: None) -> None:
    file = checkout.root / "configs/presets/photos-smoke.yaml"
    file.write_text(file.read_text() + "seeds_of: {lite-k256: [2, 4], lite-k512: [6]}\n")
    pair = {f"{run}/seed{seed}" for run in ("ssn", "ssn-wo-shift", "lite-k256-frozen") for seed in (0, 1)}
    own = {f"lite-k256/seed{seed}" for seed in (2, 4)}
    usual = {".md", ".csv", "-orderings.csv", ".tex", "-intervals.png"}
    assert outputs(checkout, "table1", "preset=photos-smoke") == (usual, pair | own)
    some = ("preset=photos-smoke", "networks=lite-k256,lite-k512")
    assert outputs(checkout, "table1", *some) == (usual, own | {"lite-k512/seed6"})
    asked = ("preset=photos-smoke", "networks=ssn,ssn-wo-shift,lite-k256", "seeds=7")
    seven = {f"{run}/seed7" for run in ("ssn", "ssn-wo-shift", "lite-k256")}
    assert outputs(checkout, "table1", *asked) == (usual, seven)
    assert outputs(checkout, "joints", "preset=photos-smoke") == (
        {".md", ".csv", "-differences.csv", ".png"},
        pair | own,
    )


def test_each_network_is_tested_by_a_seed_of_its_own(checkout: Checkout, restored: None) -> None:
    file = checkout.root / "configs/presets/photos-smoke.yaml"
    file.write_text(file.read_text() + "seeds_of: {lite-k256: [5]}\n")
    choice = ("preset=photos-smoke", "networks=lite-k256,ssn")
    status, output = checkout.run("-n", "--cores", "2", "--config", *choice, "--", "results/protocols.md")
    assert status == 0, output
    assert re.findall(r"Training photos-smoke/(\S+ seed \d+)", output) == ["ssn seed 0"]


def test_what_is_no_ordering_is_not_decided_and_joints_are_of_pck(checkout: Checkout, restored: None) -> None:
    status, output = checkout.snakemake("preset=smoke", dry=True, target="results/joints.md")
    assert status != 0 and "the preset smoke is scored by AP, which is of whole people" in output, output
    file = checkout.root / "configs/presets/photos-smoke.yaml"
    file.write_text(file.read_text().replace("primary: {differences: [", "primary: {differences: [[ssn, ssn-eq6], "))
    status, output = checkout.snakemake("preset=photos-smoke", dry=True)
    assert (
        status != 0 and "unknown ordering in the preset's `primary` ssn less ssn-eq6; expected of: ssn less" in output
    )


def test_checkpoint_stands_in_where_its_own_network_has_one_seed(checkout: Checkout, restored: None) -> None:
    file = checkout.root / "configs/presets/photos-smoke.yaml"
    file.write_text(file.read_text() + "seeds_of: {lite-k256: [5]}\n")
    (checkout.root / "mine.pth").touch()
    for run, said in (("lite-k256", None), ("ssn", "checkpoints stand in for one training each, but ssn has 2 seeds")):
        choice = ("preset=photos-smoke", f"checkpoints={run}=mine.pth")
        target = f"results/photos-smoke/{run}/seed5/scores.json"
        status, output = checkout.snakemake(*choice, dry=True, target=target)
        assert (status == 0) == (said is None) and (said or "adopt") in output, output


def test_missing_leeds_is_said_with_what_to_do_before_anything_else_is_done(checkout: Checkout) -> None:
    target = "results/photos/lite-k256/seed0/scores.json"
    status, output = checkout.snakemake("preset=photos", "leeds_root=/nowhere", target=target)
    assert status != 0
    assert "Leeds Sports Pose is not in place: /nowhere lacks lsp_dataset/joints.mat" in output
    assert "./run snakemake --cores 1 leeds downloads it" in output and "Training photos" not in output


def test_test_dev_is_planned_where_its_images_lie(checkout: Checkout, tmp_path: Path) -> None:
    boxes = "person_detection_results/COCO_test-dev2017_detections_AP_H_609_person.json"
    (tmp_path / "test2017").mkdir()
    for name in ("annotations/image_info_test-dev2017.json", boxes):
        (tmp_path / name).parent.mkdir()
        (tmp_path / name).touch()
    target = "results/test-dev/ssn/person_keypoints_test-dev2017_ssn_results.zip"
    status, output = checkout.snakemake("preset=paper", f"coco_root={tmp_path}", dry=True, target=target)
    assert status == 0, output
    assert "detect_test_dev" in output and "Training paper/ssn seed 0" in output


def test_checkpoint_of_the_users_own_is_scored_in_place_of_a_training(checkout: Checkout, tmp_path: Path) -> None:
    folder = checkout.root / "results/smoke/lite-k256/seed0"
    shutil.copy(folder / "weights.pth", tmp_path / "mine.pth")
    trained = pd.read_json(folder / "scores.json", typ="series")
    own = (*CHOICE, f"checkpoints=lite-k256={tmp_path / 'mine.pth'}")
    assert checkout.planned(*own).keys() == {"adopt", "evaluate", "table1"}
    status, output = checkout.snakemake(*own, target="results/smoke/lite-k256/seed0/scores.json")
    assert status == 0, output
    assert "Taking " in output and "Training smoke/lite-k256" not in output
    scores = pd.read_json(folder / "scores.json", typ="series")
    assert scores["predictors"] == trained["predictors"]
    assert scores["provenance"]["external"] == "mine.pth"
    assert checkout.planned()["train"] == 1, "back to its own training"


@pytest.mark.parametrize(
    ("choice", "complaint"),
    [
        (
            "presett=smoke",
            "unknown configuration key presett; expected of: preset, networks, seeds, trunk, checkpoints",
        ),
        ("preset=maxi", "unknown preset 'maxi', expected one of: figures, paper, photos, photos-smoke, smoke"),
        ("networks=ssn,ssnn", "unknown network ssnn; expected of: backbone, backbone-esp, ssn-wo-ca"),
        ("checkpoints=ssn=no.pth", "the checkpoint of ssn is not there: 'no.pth'"),
        ("checkpoints=ssnn=no.pth", "unknown network of a checkpoint ssnn; expected of: backbone, backbone-esp"),
        ("seeds=-1", "got seeds -1; expected whole numbers from 0"),
    ],
)
def test_mistaken_choice_is_refused_with_the_valid_ones(checkout: Checkout, choice: str, complaint: str) -> None:
    status, output = checkout.snakemake(choice, dry=True)
    assert status != 0
    assert complaint in output


def test_scoring_setting_leaves_the_weights(checkout: Checkout, restored: None) -> None:
    # Last, as it leaves the scores of other settings behind.
    file = checkout.root / "configs/presets/smoke.yaml"
    file.write_text(file.read_text().replace("resamples: 100", "resamples: 50"))
    folder = "results/smoke/lite-k512/seed0"  # the other one's checkpoint may be the user's own by now
    record = checkout.root / folder / "weights.json"
    trained = pd.read_json(record, typ="series")["checkpoint_digest"]
    status, output = checkout.snakemake(target=f"{folder}/scores.json")
    assert status == 0, output
    assert pd.read_json(record, typ="series")["checkpoint_digest"] == trained
    assert pd.read_json(checkout.root / folder / "scores.json", typ="series")["resamples"] == 50
