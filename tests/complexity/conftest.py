"""The paper's ten networks, counted once for all tests."""

from __future__ import annotations

import pytest

from mmpose_ssn.complexity.variants import count_variants


@pytest.fixture(scope="session")
def counted():
    """The counts of every variant, by its name."""
    return {entry.paper.id: entry for entry in count_variants()}
