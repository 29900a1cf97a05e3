"""The feature shifting modules take no part before their insertion and do from there on, whichever side a training is
resumed on (Section 4).
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from mmengine.config import Config
from mmengine.hooks import Hook
from mmpose.registry import MODELS
from torch.nn.parallel import DistributedDataParallel

from mmpose_ssn.engine.insertion import DelayedInsertionHook
from mmpose_ssn.models import FeatureShiftingModule

ITERATIONS, INSERTION, WINDOW = 8, 4, 2
pytestmark = pytest.mark.usefixtures("one_thread")


def hook_of(config: Config, kind: str) -> Any:
    (hook,) = (hook for hook in config.custom_hooks if hook.type == kind)
    return hook


@pytest.fixture(scope="module")
def config(smoke_config: Callable[..., Config]) -> Callable[[], Config]:
    def build() -> Config:
        config = smoke_config("ssn", iterations=ITERATIONS, checkpoint_interval=1, batch_size=2)
        hook_of(config, "DelayedInsertionHook").update(iterations=INSERTION, window=WINDOW)
        config.default_hooks.checkpoint.max_keep_ckpts = -1
        config.model.backbone.fsm.zero_init = False  # else the offsets' first gradient is zero
        config.visualizer.vis_backends = []
        return config

    return build


class Witness(Hook):
    """Writes down, without the hook under test, what each iteration did to the modules, and its loss."""

    priority = "LOWEST"

    def __init__(self) -> None:
        self.losses: list[float] = []
        self.with_gradient: list[set[str]] = []
        self.after: list[dict[str, torch.Tensor]] = []
        self.adam_steps: list[dict[str, float]] = []

    def before_train(self, runner: Any) -> None:
        self.parameters = dict(runner.model.named_parameters())
        self.start = self.state(runner)
        runner.optim_wrapper.optimizer.register_step_pre_hook(
            lambda *_: self.with_gradient.append({n for n, p in self.parameters.items() if p.grad is not None})
        )

    def after_train_iter(self, runner: Any, batch_idx: int, data_batch: Any = None, outputs: Any = None) -> None:
        self.losses.append(float(outputs["loss"]))
        self.after.append(self.state(runner))
        adam = runner.optim_wrapper.optimizer.state
        self.adam_steps.append({n: float(adam[p]["step"]) for n, p in self.parameters.items() if p in adam})

    @staticmethod
    def state(runner: Any) -> dict[str, torch.Tensor]:
        return {name: tensor.clone() for name, tensor in runner.model.state_dict().items()}


@pytest.fixture(scope="module")
def straight(config, train, tmp_path_factory: pytest.TempPathFactory) -> SimpleNamespace:
    """An uninterrupted training, each iteration's checkpoint, and what a witness saw."""
    folder, witness = tmp_path_factory.mktemp("straight") / "run", Witness()
    train(config(), folder, witness)
    return SimpleNamespace(folder=folder, witness=witness)


def in_module(name: str) -> bool:
    return ".fsms." in name


def test_modules_take_no_part_before_the_insertion_and_train_from_there_on(straight) -> None:
    seen = straight.witness
    own = {name for name in seen.parameters if in_module(name)}
    others = seen.parameters.keys() - own
    assert len(own) > 100 and others
    for iteration in range(ITERATIONS):
        trained = iteration - INSERTION + 1  # iterations with the modules, this one counted
        assert seen.with_gradient[iteration] == (others if trained < 1 else others | own)
        steps = seen.adam_steps[iteration]
        assert {steps.get(name, 0) for name in own} == {max(0, trained)} and {steps[n] for n in others} == {
            iteration + 1
        }
        for name, tensor in seen.after[iteration].items():
            if not in_module(name) or name.endswith("_extra_state"):
                continue
            if name.endswith("num_batches_tracked"):
                assert tensor == max(0, trained), name
            elif trained < 1:
                assert torch.equal(tensor, seen.start[name]), name
            elif not name.endswith("expand.bias"):  # its gradient vanishes: the BN after it takes the mean away
                assert not torch.equal(tensor, seen.after[iteration - 1][name]), name


@pytest.mark.parametrize("network", ["ssn", "lite-k256"])
@pytest.mark.parametrize("mode", ["train", "eval"])
def test_network_before_the_insertion_is_the_network_without_modules(network: str, mode: str, config, build) -> None:
    model = build(MODELS, config().model if network == "ssn" else lite(config()))
    plain_config = config().model if network == "ssn" else lite(config())
    plain_config.backbone.fsm = None
    plain = build(MODELS, plain_config)
    plain.load_state_dict({name: t for name, t in model.state_dict().items() if not in_module(name)})
    hook = DelayedInsertionHook(iterations=INSERTION)
    x = torch.randn(2, 3, 64, 48)
    outputs = {}
    for iteration in (INSERTION - 1, INSERTION):
        hook.before_train(SimpleNamespace(model=model, iter=iteration, max_iters=ITERATIONS, hooks=[]))
        assert not list(plain.modules()).count(FeatureShiftingModule)
        getattr(model, mode)(), getattr(plain, mode)()
        with torch.no_grad():
            outputs[iteration] = model(x, None, mode="tensor")
    with torch.no_grad():
        expected = plain(x, None, mode="tensor")
    assert torch.equal(outputs[INSERTION - 1], expected)
    assert not torch.allclose(outputs[INSERTION], expected, atol=1e-3)


def lite(config: Config) -> Any:
    model = config.model
    model.backbone = dict(type="SSNLite", base_channels=4, norm_groups=2, fsm=dict(shift_channels=16))
    model.neck = None
    model.head.update(pyramid_levels=1, stage_channels=(), channels=16)
    return model


@pytest.mark.parametrize("checkpoint", [2, INSERTION, 5], ids=["before", "at the insertion", "after, in the window"])
def test_resumed_training_equals_the_uninterrupted_one(
    checkpoint: int, straight, config, train, assert_same_training, tmp_path: Path
) -> None:
    tmp_path.joinpath("run").mkdir()
    shutil.copy(straight.folder / f"iter_{checkpoint}.pth", tmp_path / "run")
    witness = Witness()
    train(config(), tmp_path / "run", witness)
    last = f"iter_{ITERATIONS}.pth"
    assert_same_training(straight.folder / last, tmp_path / "run" / last)
    assert len(witness.losses) == ITERATIONS - checkpoint, "it was resumed, not begun anew"
    assert witness.losses == straight.witness.losses[checkpoint:]
    assert report(tmp_path / "run") == report(straight.folder)


def report(folder: Path) -> re.Match[str]:
    (log,) = folder.rglob("*.log")
    found = re.findall(
        r"(\d+) feature shifting modules inserted after iteration (\d+): mean loss (\S+) over the (\d+) iterations "
        r"before, (\S+) in the first with them, (\S+) over the first (\d+)",
        log.read_text(),
    )
    assert len(found) == 1
    return found[0]


def test_log_says_what_the_insertion_did_to_the_loss(straight) -> None:
    losses = straight.witness.losses
    means = [
        sum(losses[INSERTION - WINDOW : INSERTION]) / WINDOW,
        losses[INSERTION],
        sum(losses[INSERTION : INSERTION + WINDOW]) / WINDOW,
    ]
    modules, iteration, before, over, first, after, over_first = report(straight.folder)
    assert (modules, iteration, over, over_first) == ("13", str(INSERTION), str(WINDOW), str(WINDOW))
    assert [float(before), float(first), float(after)] == pytest.approx(means, rel=1e-3)
    assert len({before, first, after}) == 3


@pytest.mark.parametrize(("checkpoint", "inserted"), [(INSERTION, False), (INSERTION + 1, True)])
def test_restored_network_is_the_one_of_its_iteration(checkpoint: int, inserted: bool, straight, config, build) -> None:
    """A checkpoint from before the insertion is scored without the modules, which have learned nothing by then."""
    state = torch.load(straight.folder / f"iter_{checkpoint}.pth", weights_only=True)["state_dict"]
    model = build(MODELS, config().model).eval()
    model.load_state_dict(state)
    assert {m.inserted for m in model.modules() if isinstance(m, FeatureShiftingModule)} == {inserted}
    plain_config = config().model
    plain_config.backbone.fsm = None
    plain = build(MODELS, plain_config).eval()
    plain.load_state_dict({name: t for name, t in state.items() if not in_module(name)})
    x = torch.randn(2, 3, 64, 48)
    with torch.no_grad():
        assert torch.equal(model(x, None, mode="tensor"), plain(x, None, mode="tensor")) is not inserted


@pytest.mark.parametrize("iterations", [0, 1, 3])
def test_insertion_comes_with_the_iteration_of_that_number(iterations: int) -> None:
    model, hook = torch.nn.Sequential(FeatureShiftingModule(2, 2)), DelayedInsertionHook(iterations)
    runner = SimpleNamespace(model=model, iter=0, max_iters=5, hooks=[])
    hook.before_train(runner)
    inserted = []
    for runner.iter in range(5):
        hook.before_train_iter(runner, runner.iter)
        inserted.append(model[0].inserted)
    assert inserted == [n >= iterations for n in range(5)]


@pytest.mark.parametrize(("iterations", "window"), [(-1, 50), (6000, 0)])
def test_impossible_settings_are_refused_with_both_numbers(iterations: int, window: int) -> None:
    with pytest.raises(ValueError, match=f"got {iterations} and {window}"):
        DelayedInsertionHook(iterations, window)


@pytest.mark.parametrize("ema", [dict(), dict(update_buffers=True)], ids=["parameters", "buffers too"])
def test_averaged_network_is_inserted_with_the_network(ema: dict[str, Any], config, train, tmp_path: Path) -> None:
    """EMAHook averages parameters, and its copy of the network knows of an insertion only if it is told."""
    averaged = config()
    averaged.custom_hooks.append(dict(type="EMAHook", **ema))
    train(averaged, tmp_path)
    for iteration in (INSERTION - 1, INSERTION, INSERTION + 1):
        checkpoint = torch.load(tmp_path / f"iter_{iteration}.pth", weights_only=True)
        for part in ("state_dict", "ema_state_dict"):
            states = {bool(t) for name, t in checkpoint[part].items() if name.endswith("_extra_state")}
            assert states == {iteration > INSERTION}, f"{part} of iteration {iteration}"


def short(iterations: int, length: int, warnings: list[str]) -> None:
    """Begin a training of ``length`` iterations."""
    logger = SimpleNamespace(warning=warnings.append)
    runner = SimpleNamespace(
        model=torch.nn.Sequential(FeatureShiftingModule(2, 2)), iter=0, max_iters=length, hooks=[], logger=logger
    )
    DelayedInsertionHook(iterations).before_train(runner)


@pytest.mark.parametrize("length", [6000, 100])
def test_training_too_short_for_the_default_insertion_is_refused(length: int) -> None:
    refused = pytest.raises(
        ValueError, match=rf"after iteration 6000, and the training has {length}: .* 0 inserts them"
    )
    with refused:
        short(6000, length, [])


def test_training_too_short_for_a_chosen_insertion_is_warned_of() -> None:
    warnings: list[str] = []
    for iterations, length in ((50, 51), (0, 1), (6000, 6001)):
        short(iterations, length, warnings)
    assert not warnings
    short(50, 50, warnings)
    (warning,) = warnings
    assert "after iteration 50, and the training has 50" in warning


@pytest.fixture
def group(tmp_path: Path) -> Iterator[None]:
    """A process group of this process alone."""
    store = torch.distributed.FileStore(str(tmp_path / "store"), 1)
    torch.distributed.init_process_group("gloo", store=store, rank=0, world_size=1)
    yield
    torch.distributed.destroy_process_group()


@pytest.mark.usefixtures("group")
def test_unused_parameters_are_named_before_several_processes_fail_on_them() -> None:
    def begin(iterations: int, **settings: bool) -> None:
        model = DistributedDataParallel(torch.nn.Sequential(FeatureShiftingModule(2, 2)), **settings)
        DelayedInsertionHook(iterations).before_train(SimpleNamespace(model=model, iter=0, max_iters=9, hooks=[]))

    begin(4, find_unused_parameters=True)
    begin(0)
    with pytest.raises(ValueError, match="find_unused_parameters=True"):
        begin(4)
