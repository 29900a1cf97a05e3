"""The peak is that of what lives at once."""

from __future__ import annotations

import torch

from mmpose_ssn.benchmark.peak_memory import peak_bytes

MB = 1_000_000


def test_what_is_freed_makes_room_and_what_was_there_before_is_not_counted() -> None:
    there = torch.zeros(MB)

    def call() -> torch.Tensor:
        first = there + 1
        second = first + 1
        del first
        return second.repeat(2)

    assert abs(peak_bytes(call) - 12 * MB) < 1000  # float32: one million, then two more

    def freed() -> None:
        for _ in range(3):
            there + 1

    assert abs(peak_bytes(freed) - 4 * MB) < 1000


def test_inference_holds_less_than_training() -> None:
    network = torch.nn.Sequential(*(torch.nn.Conv2d(8, 8, 3, padding=1) for _ in range(6)))
    image = torch.zeros(1, 8, 64, 64)
    with torch.inference_mode():
        inference = peak_bytes(lambda: network(image))
    maps = image.numel() * 4
    assert 2 * maps <= inference <= 4 * maps  # a convolution may copy its input into another layout
    assert peak_bytes(lambda: network(image)) >= 6 * maps
