"""What several commands need: the network behind a ``scores.json``, from the config that lies beside it."""

from __future__ import annotations

from mmengine.config import Config

from mmpose_ssn.complexity.count import Complexity
from mmpose_ssn.complexity.variants import count_network
from mmpose_ssn.report.inputs import RefusedInput, Scores


def count_trained(scores: Scores) -> tuple[Config, Complexity]:
    """The config of a network that was scored, and what the network costs with its answer alone.

    Raises:
        RefusedInput: If the config is missing, or is not of the network that was scored.
    """
    file = scores.path.parent / "config.py"
    if not file.is_file():
        raise RefusedInput(f"{file}: is not there; python -m mmpose_ssn resolve writes it beside scores.json")
    config = Config.fromfile(file)
    whole, deployed = count_network(config)
    if scores.network and whole.macs != scores.network.macs:
        raise RefusedInput(
            f"{file}: its network has {whole.macs} MACs, but the one of {scores.path} has {scores.network.macs}; "
            f"evaluate {scores.variant} again"
        )
    return config, deployed
