"""Fewer held-out pictures than the experiment has, where the tests do not look at the accuracy."""

from __future__ import annotations

import pytest

from mmpose_ssn.dependency import cell_training


@pytest.fixture
def few_pictures(monkeypatch):
    monkeypatch.setattr(cell_training, "TEST_IMAGES", 16)
