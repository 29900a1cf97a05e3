"""How two resolved configs are compared, setting by setting."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from mmengine.config import Config


def _leaves(value: Any, path: str = "") -> dict[str, Any]:
    if isinstance(value, dict):
        items = value.items()
    elif isinstance(value, list | tuple) and any(isinstance(item, dict) for item in value):
        items = enumerate(value)
    else:
        return {path: list(value) if isinstance(value, tuple) else value}
    return {key: leaf for name, item in items for key, leaf in _leaves(item, f"{path}.{name}".lstrip(".")).items()}


@pytest.fixture(scope="session")
def leaves() -> Callable[[Config], dict[str, Any]]:
    """The settings of a config as path -> value; a list without dicts is one value."""
    return lambda config: _leaves(config.to_dict())


@pytest.fixture(scope="session")
def differing() -> Callable[[Config, Config], set[str]]:
    """Paths of the settings in which two configs differ."""

    def compare(one: Config, other: Config) -> set[str]:
        a, b = _leaves(one.to_dict()), _leaves(other.to_dict())
        return {key for key in a.keys() | b.keys() if a.get(key, "absent") != b.get(key, "absent")}

    return compare
