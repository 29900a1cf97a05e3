"""What the tests of the training recipe share: trainings of the smoke preset, and how two of them are compared."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest
import torch

import mmpose_ssn  # noqa: F401  first of all: MMPose imports only once it is repaired


@pytest.fixture(autouse=True, scope="module")
def unformatted_config_text() -> Iterator[None]:
    """MMEngine formats a config's text seven times in such a training, which takes longer than the training itself."""
    from mmengine.config import Config

    def text(config: Config) -> str:
        return "".join(f"{key} = {value!r}\n" for key, value in config.to_dict().items())

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Config, "pretty_text", property(text))
        yield


@pytest.fixture(scope="session")
def build() -> Callable[..., Any]:
    """Build a part of a config as MMEngine's Runner does."""
    import mmpose.datasets
    import mmpose.models  # noqa: F401  registers the estimators
    from mmengine.registry import DefaultScope

    import mmpose_ssn.plugin  # noqa: F401  registers SSN

    def built(registry: Any, config: dict[str, Any], **defaults: Any) -> Any:
        with DefaultScope.overwrite_default_scope("mmpose"):
            return registry.build(config, default_args=defaults)

    return built


@pytest.fixture(scope="session")
def train() -> Callable[..., None]:
    """Train as ``mim train`` does, from the newest checkpoint where there is one, with some hooks of the test's own."""
    from mmengine.config import Config
    from mmengine.hooks import Hook

    from mmpose_ssn.experiment.runner import build_runner
    from mmpose_ssn.experiment.training import newest_checkpoint

    def trained(config: Config, folder: Path, *hooks: Hook) -> None:
        config.work_dir = str(folder)
        checkpoint = newest_checkpoint(folder) if folder.exists() else None
        if checkpoint:
            config.resume, config.load_from = True, str(checkpoint)
        runner = build_runner(config)
        for hook in hooks:
            runner.register_hook(hook)
        runner.train()

    return trained


@pytest.fixture(scope="session")
def assert_same_training() -> Callable[[Path, Path], None]:
    """Two last checkpoints hold the same weights, BN statistics, Adam's moments and step, and schedules, exactly."""

    def flat(value: Any, path: str = "") -> Iterable[tuple[str, Any]]:
        if isinstance(value, dict | list | tuple):
            for key, item in value.items() if isinstance(value, dict) else enumerate(value):
                yield from flat(item, f"{path}/{key}")
        else:
            yield path, value

    def compare(one: Path, other: Path) -> None:
        first, second = (torch.load(file, weights_only=True) for file in (one, other))
        for part in ("state_dict", "optimizer", "param_schedulers"):
            a, b = dict(flat(first[part])), dict(flat(second[part]))
            assert a.keys() == b.keys()
            assert not [k for k in a if not (torch.equal(a[k], b[k]) if torch.is_tensor(a[k]) else a[k] == b[k])], part
        names = [name for name, _ in flat(first["state_dict"])] + [name for name, _ in flat(first["optimizer"])]
        for kind in ("running_var", "offsets", "exp_avg_sq"):
            assert any(name.endswith(kind) for name in names), kind

    return compare
