"""./run makes, keeps and repairs the environment; stand-ins for uv, Python and pip write down how they are called."""

import os
import re
import shutil
import signal
import subprocess
import time
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]
# What ./run may count on besides an installer: a shell, coreutils, sed, grep and util-linux's flock.
SYSTEM = ["sh", "cat", "comm", "cut", "date", "dirname", "flock", "grep", "rm", "sed", "sha256sum", "sort", "tr"]
STAND_INS = ["cp", "mkdir", "sleep"]  # what the stand-ins below need on top

# The environment's Python: it answers the version check, and lists as installed what the lock names and one thing more.
PYTHON = """#!/bin/sh
case "$*" in
*version_info*) exit 0 ;;
*"pip freeze"*) printf 'Locked_Thing==1.0\\nleft.over==2.0\\n' ;;
"-c "*) shift; echo "ran $*" ;;
*"pip --version"*) ;;
*) echo "python $*" >>"$CALLS" ;;
esac
"""
# Makes an environment; SYNC is a shell command to run as the installation proper.
UV = """#!/bin/sh
[ "$1" = --version ] && exit 0
echo "uv $*" >>"$CALLS"
case "$1 $2" in
"venv "*) mkdir -p .venv/bin && cp "$FAKES/venv-python" .venv/bin/python ;;
"pip sync") eval "${SYNC:-:}" ;;
esac
"""
PYTHON311 = """#!/bin/sh
case "$*" in
*version_info*) exit 0 ;;
"-m venv "*) echo "python3.11 $*" >>"$CALLS"; mkdir -p .venv/bin && cp "$FAKES/venv-python" .venv/bin/python ;;
esac
"""
PYTHON39 = """#!/bin/sh
exit 1
"""


class Checkout:
    """A repository with ./run and the two files it installs from alone, and a PATH with only what a test puts there."""

    def __init__(self, folder: Path) -> None:
        self.root = folder / "repository"
        self.bin = folder / "bin"
        self.calls_file = folder / "calls"
        self.bin.mkdir()
        self.root.mkdir()
        shutil.copy(REPOSITORY / "run", self.root)
        (self.root / "requirements.lock").write_text("locked-thing==1.0 \\\n    --hash=sha256:00\n")
        (self.root / "pyproject.toml").write_text("[project]\n")
        for tool in SYSTEM + STAND_INS:
            (self.bin / tool).symlink_to(shutil.which(tool))
        self.add("venv-python", PYTHON)

    def add(self, name: str, script: str) -> None:
        (self.bin / name).write_text(script)
        (self.bin / name).chmod(0o755)

    def start(self, *command: str, cwd: Path | None = None, **environment: str) -> subprocess.Popen:
        clean = {"PATH": str(self.bin), "CALLS": str(self.calls_file), "FAKES": str(self.bin), **environment}
        return subprocess.Popen(
            [str(self.root / "run"), *command],
            cwd=cwd or self.root,
            env=clean,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def run(self, *command: str, cwd: Path | None = None, **environment: str) -> tuple[int, str, str]:
        process = self.start(*command, cwd=cwd, **environment)
        out, err = process.communicate(timeout=60)
        return process.returncode, out, err

    def calls(self, pattern: str) -> list[str]:
        lines = self.calls_file.read_text().splitlines() if self.calls_file.exists() else []
        return [line for line in lines if re.search(pattern, line)]


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    return Checkout(tmp_path)


@pytest.fixture
def with_uv(checkout: Checkout) -> Checkout:
    checkout.add("uv", UV)
    return checkout


@pytest.fixture
def with_pip(checkout: Checkout) -> Checkout:
    checkout.add("python3.11", PYTHON311)
    return checkout


def test_installs_once_and_then_only_runs(with_uv: Checkout) -> None:
    status, out, err = with_uv.run("python", "-c", "first")
    assert (status, out) == (0, "ran first\n")
    assert ".venv is ready" in err
    assert with_uv.calls("^uv venv --python 3.11")
    assert with_uv.calls("^uv pip sync .*--require-hashes requirements.lock$")
    assert with_uv.calls("^uv pip install .*--no-deps --no-build-isolation --editable .$")

    before = with_uv.calls("")
    assert with_uv.run("python", "-c", "second") == (0, "ran second\n", "")
    assert with_uv.calls("") == before


@pytest.mark.parametrize("file", ["requirements.lock", "pyproject.toml"])
def test_changed_lock_or_project_is_installed_into_the_same_environment(with_uv: Checkout, file: str) -> None:
    with_uv.run("python", "-c", "")
    with (with_uv.root / file).open("a") as opened:
        opened.write("# changed\n")
    _, _, err = with_uv.run("python", "-c", "")
    assert "up to date" in err
    assert len(with_uv.calls("^uv venv")) == 1
    assert len(with_uv.calls("^uv pip sync")) == 2


def test_pip_serves_where_there_is_no_uv(with_pip: Checkout) -> None:
    status, out, err = with_pip.run("python", "-c", "hello")
    assert (status, out) == (0, "ran hello\n"), err
    assert with_pip.calls("^python3.11 -m venv .venv$")
    (locked,) = with_pip.calls("pip install .*--requirement requirements.lock$")
    assert "--no-deps" in locked
    assert "--require-hashes" in locked
    assert with_pip.calls("pip install .*--no-deps --no-build-isolation --editable .$")


def test_pip_removes_what_the_lock_no_longer_names(with_pip: Checkout) -> None:
    with_pip.run("python", "-c", "")
    assert [call.split()[-1] for call in with_pip.calls("pip uninstall")] == ["left-over"]


@pytest.mark.parametrize(("installer", "called"), [("uv", "uv"), ("pip", "python3.11"), ("", "uv")])
def test_installer_can_be_chosen(with_uv: Checkout, installer: str, called: str) -> None:
    with_uv.add("python3.11", PYTHON311)
    assert with_uv.run("python", "-c", "", SSN_INSTALLER=installer)[0] == 0
    assert with_uv.calls("")[0].startswith(f"{called} ")


@pytest.mark.parametrize(("installer", "message"), [("uv", "no working uv"), ("conda", "expected uv or pip")])
def test_impossible_installer_is_refused(with_pip: Checkout, installer: str, message: str) -> None:
    status, _, err = with_pip.run("python", "-c", "", SSN_INSTALLER=installer)
    assert status == 1
    assert message in err
    assert not (with_pip.root / ".venv").exists()


def test_without_python311_says_what_to_do(checkout: Checkout) -> None:
    checkout.add("python3", PYTHON39)
    status, out, err = checkout.run("python", "-c", "never")
    assert (status, out) == (1, "")
    for hint in ("Python 3.11", "uv", "conda create", "pyenv install", "apt install", "same command again"):
        assert hint in err


def test_failed_installation_is_tried_again_from_the_start(with_uv: Checkout) -> None:
    status, out, err = with_uv.run("python", "-c", "never", SYNC="touch .venv/half; exit 3")
    assert (status, out) == (3, "")
    assert "nothing was run" in err
    status, out, err = with_uv.run("python", "-c", "hello")
    assert (status, out) == (0, "ran hello\n")
    assert "cut off: starting over" in err
    assert not (with_uv.root / ".venv" / "half").exists()


def test_killed_installation_is_repaired(with_uv: Checkout) -> None:
    half = with_uv.root / ".venv" / "half"
    process = with_uv.start("python", "-c", "never", SYNC=": >.venv/half; sleep 60")
    wait_for(half)
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate()
    status, out, err = with_uv.run("python", "-c", "hello")
    assert (status, out) == (0, "ran hello\n")
    assert "cut off: starting over" in err
    assert not half.exists()


def test_killed_update_is_repaired(with_uv: Checkout) -> None:
    with_uv.run("python", "-c", "")
    (with_uv.root / "requirements.lock").write_text("locked-thing==2.0 \\\n    --hash=sha256:00\n")
    half = with_uv.root / ".venv" / "half"
    process = with_uv.start("python", "-c", "never", SYNC=": >.venv/half; sleep 60")
    wait_for(half)
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate()
    # Back to the lock that was installed: the half-made environment must not pass for it.
    (with_uv.root / "requirements.lock").write_text("locked-thing==1.0 \\\n    --hash=sha256:00\n")
    assert with_uv.run("python", "-c", "hello")[:2] == (0, "ran hello\n")
    assert not half.exists()


def test_two_at_once_install_once(with_uv: Checkout) -> None:
    started, go = with_uv.root / "started", with_uv.root / "go"
    first = with_uv.start("python", "-c", "first", SYNC=f": >{started}; while [ ! -e {go} ]; do sleep 0.05; done")
    wait_for(started)
    second = with_uv.start("python", "-c", "second")
    assert "waiting for it" in second.stderr.readline()
    go.touch()
    assert first.communicate(timeout=60)[0] == "ran first\n"
    assert second.communicate(timeout=60)[0] == "ran second\n"
    assert len(with_uv.calls("^uv pip sync")) == 1


def test_the_command_does_not_hold_the_lock(with_uv: Checkout) -> None:
    command = ("sh", "-c", "flock --nonblock .venv.lock sh -c 'echo free'")
    assert with_uv.run(*command)[:2] == (0, "free\n")


def test_moved_checkout_gets_a_new_environment(with_uv: Checkout) -> None:
    with_uv.run("python", "-c", "")
    with_uv.root = with_uv.root.rename(with_uv.root.with_name("elsewhere"))
    _, out, err = with_uv.run("python", "-c", "hello")
    assert out == "ran hello\n"
    assert "made in another place" in err
    assert len(with_uv.calls("^uv venv")) == 2


def test_lost_interpreter_gets_a_new_environment(with_uv: Checkout) -> None:
    with_uv.run("python", "-c", "")
    python = with_uv.root / ".venv" / "bin" / "python"
    python.unlink()
    python.symlink_to("gone")
    assert with_uv.run("python", "-c", "hello")[:2] == (0, "ran hello\n")


def test_command_runs_in_the_repository_with_its_status_and_arguments(with_uv: Checkout, tmp_path: Path) -> None:
    script = 'printf "%s\\n" "$PWD" "$VIRTUAL_ENV" "${PATH%%:*}" "$@"; exit 7'
    status, out, _ = with_uv.run("sh", "-c", script, "sh", "a b", "*", cwd=tmp_path)
    venv = f"{with_uv.root}/.venv"
    assert status == 7
    assert out.splitlines() == [str(with_uv.root), venv, f"{venv}/bin", "a b", "*"]


def test_lock_is_regenerated_with_the_documented_command(with_uv: Checkout) -> None:
    assert with_uv.run("--lock", "--upgrade")[0] == 0
    (call,) = with_uv.calls("")
    for option in ("--all-extras", "--universal", "--generate-hashes", "--no-emit-index-url", "--upgrade"):
        assert option in call.split()


@pytest.mark.parametrize(("arguments", "status"), [((), 2), (("--help",), 0), (("--unknown",), 1)])
def test_usage(checkout: Checkout, arguments: tuple[str, ...], status: int) -> None:
    got, out, err = checkout.run(*arguments)
    assert got == status
    assert "Usage: ./run COMMAND" in out + err
    assert not (checkout.root / ".venv").exists()


def wait_for(path: Path) -> None:
    deadline = time.monotonic() + 30
    while not path.exists():
        assert time.monotonic() < deadline, f"{path} did not appear"
        time.sleep(0.02)
