"""What the README shows works: its examples run, its commands are understood, its links lead somewhere."""

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]
README = (REPOSITORY / "README.md").read_text()


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", README, flags=re.DOTALL)


COMMANDS = sorted(
    {line.split("  #")[0].strip() for block in blocks("sh") for line in block.splitlines()}
    | set(re.findall(r"`(\./run [^`]+)`", README))
)

PLANNED = [command for command in COMMANDS if "snakemake" in command and "--unlock" not in command]


def test_config_example_is_a_network_with_a_shifting_module(tmp_path: Path) -> None:
    import torch
    from mmengine.config import Config
    from mmpose.registry import MODELS

    (example,) = (block for block in blocks("python") if "_base_" in block)
    file = tmp_path / "my_config.py"
    file.write_text(example)
    config = Config.fromfile(file)
    config.model.backbone.init_cfg = None  # downloads ImageNet weights
    model = MODELS.build(config.model).eval()
    assert [tuple(fsm.offsets.shape) for fsm in model.neck.fsms] == [(256, 2)]
    with torch.no_grad():
        assert model(torch.zeros(1, 3, 64, 64), None).shape == (1, 17, 16, 16)


def test_pytorch_example_runs() -> None:
    (example,) = (block for block in blocks("python") if "_base_" not in block)
    names: dict[str, object] = {}
    exec(example, names)
    assert names["y"].shape == names["moved"].shape == (2, 64, 32, 24)


@pytest.mark.parametrize("command", PLANNED)
def test_workflow_commands_are_understood(command: str) -> None:
    launcher, program, *words = shlex.split(command)
    assert (launcher, program) == ("./run", "snakemake")
    done = subprocess.run(
        [sys.executable, "-m", program, "--dry-run", "--nolock", *words], cwd=REPOSITORY, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    planned = done.stdout + done.stderr
    assert "Job stats:" in planned or "Nothing to be done" in planned


def test_every_other_command_is_run_by_ci_or_by_a_test() -> None:
    ci = (REPOSITORY / ".ci" / "run").read_text()
    elsewhere = {
        "./run python -m mmpose_ssn coco --root data/coco": "tests/datasets/test_coco.py",
        "./run python -m mmpose_ssn --help": "here",
        "./run snakemake --unlock": "tests/workflow/test_workflow.py",
        "./run python -m mmpose_ssn where results/table1.csv ssn AP": "tests/pages/test_origin.py",
        "./run python -m mmpose_ssn bench --check": "tests/benchmark/test_bench.py, in a short form",
        "./run mim train mmpose configs/ssn/td-hm_ssn50_1xb16-400k_coco-256x192.py --work-dir work_dirs/ssn": (
            "tests/plugin/test_mim.py, on a small config"
        ),
    }
    unknown = [command for command in COMMANDS if command not in (*PLANNED, *elsewhere) and command not in ci]
    assert not unknown
    assert set(elsewhere) <= set(COMMANDS), "the README has dropped a command"


def test_help_names_every_step(capsys: pytest.CaptureFixture[str]) -> None:
    from mmpose_ssn.__main__ import main

    with pytest.raises(SystemExit, match="0"):
        main(["--help"])
    listed = capsys.readouterr().out
    for step in ("draw", "resolve", "train", "evaluate", "complexity", "page"):
        assert re.search(rf"^ +{step}\b", listed, flags=re.MULTILINE), step


@pytest.mark.parametrize(
    "page",
    [
        "README.md",
        "CONTRIBUTING.md",
        "results/README.md",
        *(f"docs/{page.name}" for page in (REPOSITORY / "docs").glob("*.md")),
    ],
)
def test_links_within_the_repository_lead_somewhere(page: str) -> None:
    file = REPOSITORY / page
    for target in re.findall(r"\]\((?!https?:)([^)#]+)", file.read_text()):
        assert (file.parent / target).exists(), target


def test_silences_that_the_code_names_are_in_the_register() -> None:
    register = set(re.findall(r"^### (\S+)", (REPOSITORY / "docs" / "silences.md").read_text(), flags=re.MULTILINE))
    code = " ".join(" ".join(file.read_text().split()) for file in (REPOSITORY / "mmpose_ssn").rglob("*.py"))
    named = set(re.findall(r"\(silence: ([a-z0-9-]+)\)", code)) | set(re.findall(r"silences\.md, ([a-z0-9-]+)", code))
    assert named
    assert named <= register
