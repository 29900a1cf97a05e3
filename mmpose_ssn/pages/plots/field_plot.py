"""Non-local maps over images, with the receptive fields and the windows of two places (Figure 7, and the supplement's
Figure 1).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from mmpose_ssn.plotting import LEFT, RIGHT, figure, headline

FloatArray = npt.NDArray[np.float64]

_COLORS = (LEFT, RIGHT)


@dataclass(frozen=True, eq=False)
class Field:
    """One channel on one image, at two places.

    Attributes:
        words: What the channel is.
        image: The image, RGB, [H, W, 3].
        nonlocal_map: The non-local map, [h, w].
        joints: What stands at the two places.
        places: The places (x, y) in pixels of the map, [2, 2].
        held: Receptive fields on the module's input with the attention held fixed, [2, h, w].
        through: The same through the attention.
        windows: Window positions (x, y) in pixels of the map, relative to the place, [K, 2].
        energy: Energy of each window position, [2, K].
        signed: Its printed form, the signed sum.
        half: Whether a position is among the fewest that hold half of the energy, [2, K].
    """

    words: str
    image: npt.NDArray[np.uint8]
    nonlocal_map: FloatArray
    joints: Sequence[str]
    places: npt.NDArray[np.int64]
    held: FloatArray
    through: FloatArray
    windows: FloatArray
    energy: FloatArray
    signed: FloatArray
    half: npt.NDArray[np.bool_]


def draw(fields: Sequence[Field], title: str, file: Path) -> None:
    """Draw each channel in two rows, one for each place: the map over the image, and the image with both windows; then
    the place's receptive fields, and its window.

    Args:
        fields: The channels.
        title: Line above the picture.
        file: Path of the picture to write.
    """
    tall = fields[0].nonlocal_map.shape[0] / fields[0].nonlocal_map.shape[1]
    with figure(file, 2 * len(fields), 5, figsize=(11, 0.7 + len(fields) * 2 * (0.25 + 2.0 * tall))) as (drawn, grid):
        for number, one in enumerate(fields):
            _over(grid[2 * number, 0], one)
            grid[2 * number, 0].set_title(f"{one.words}", fontsize=8)
            _seen(grid[2 * number + 1, 0], one)
            grid[2 * number + 1, 0].set_title("where half of the energy is", fontsize=8)
            for place, color in enumerate(_COLORS):
                row = grid[2 * number + place]
                _field(row[1], one, one.held[place], place)
                row[1].set_title(f"{one.joints[place]}: field, attention fixed", fontsize=8, color=color)
                _field(row[2], one, one.through[place], place)
                row[2].set_title("field through attention", fontsize=8)
                _window(row[3], one, one.energy[place], place, "Reds")
                row[3].set_title("window, energy", fontsize=8)
                _window(row[4], one, one.signed[place], place, "PuOr")
                row[4].set_title("window, signed sum", fontsize=8)
        headline(drawn, title)


def draw_more(fields: Sequence[Sequence[Field]], title: str, file: Path) -> None:
    """Draw an image a row, and of each channel the map over the image, and field and window of either place.

    Args:
        fields: The channels, by image.
        title: Line above the picture.
        file: Path of the picture to write.
    """
    tall = fields[0][0].nonlocal_map.shape[0] / fields[0][0].nonlocal_map.shape[1]
    channels = len(fields[0])
    size = (1.55 * 5 * channels, 0.85 + len(fields) * (0.03 + 1.5 * tall))
    with figure(file, len(fields), 5 * channels, figsize=size) as (drawn, grid):
        for line, (row, of_image) in enumerate(zip(grid, fields, strict=True)):
            for number, one in enumerate(of_image):
                panels = row[5 * number : 5 * number + 5]
                _over(panels[0], one)
                for place in range(2):
                    _field(panels[1 + 2 * place], one, one.held[place], place)
                    _window(panels[2 + 2 * place], one, one.energy[place], place, "Reds")
                if line == 0:
                    panels[0].set_title(one.words, fontsize=8)
                    for place, color in enumerate(_COLORS):
                        panels[1 + 2 * place].set_title(f"{one.joints[place]}:\nfield", fontsize=8, color=color)
                        panels[2 + 2 * place].set_title("window", fontsize=8, color=color)
        headline(drawn, title)


def _over(panel: Any, one: Field) -> None:
    """The map, transparent where it is low, over the image in grey."""
    height, width = one.nonlocal_map.shape
    _image(panel, one)
    low, high = np.percentile(one.nonlocal_map, [2, 99.5])
    share = np.clip((one.nonlocal_map - low) / max(high - low, 1e-12), 0, 1)
    panel.imshow(share, cmap="viridis", alpha=0.25 + 0.55 * share, extent=_extent(width, height), zorder=2)
    for place, color in zip(one.places, _COLORS, strict=True):
        panel.plot(*place, "o", color=color, markeredgecolor="white", markersize=6, zorder=4)
    _framed(panel, width, height)


def _seen(panel: Any, one: Field) -> None:
    """The image with the window positions that hold half of the energy, each about its place."""
    height, width = one.nonlocal_map.shape
    _image(panel, one)
    for place, half, color, mark in zip(one.places, one.half, _COLORS, "o^", strict=True):
        seen = place + one.windows[half]
        panel.scatter(seen[:, 0], seen[:, 1], s=18, marker=mark, color=color, linewidths=0, zorder=3, clip_on=True)
        panel.plot(*place, "o", color=color, markeredgecolor="white", markersize=6, zorder=4)
    _framed(panel, width, height)


def _image(panel: Any, one: Field) -> None:
    height, width = one.nonlocal_map.shape
    grey = one.image.mean(axis=-1)
    panel.imshow(grey, cmap="gray", vmin=-60, vmax=300, extent=_extent(width, height), zorder=1)


def _field(panel: Any, one: Field, field: FloatArray, place: int) -> None:
    """A receptive field, the square root of its energy, so that its weaker parts are seen."""
    height, width = field.shape
    panel.imshow(np.sqrt(field / max(field.max(), 1e-300)), cmap="Greys", extent=_extent(width, height))
    panel.plot(*one.places[place], "o", markerfacecolor="none", color=_COLORS[place], markersize=7)
    _framed(panel, width, height)


def _window(panel: Any, one: Field, values: FloatArray, place: int, colors: str) -> None:
    """Window positions about a place in the colour of their values, those of most energy on top."""
    height, width = one.nonlocal_map.shape
    order = np.argsort(np.abs(values))
    seen, values = one.places[place] + one.windows[order], values[order]
    top = max(float(np.abs(values).max()), 1e-300)
    low = 0.0 if colors == "Reds" else -top
    panel.scatter(
        seen[:, 0],
        seen[:, 1],
        s=13,
        c=values,
        cmap=colors,
        vmin=low,
        vmax=top,
        edgecolors="0.6",
        linewidths=0.25,
        zorder=3,
    )
    panel.plot(*one.places[place], "+", color=_COLORS[place], markersize=9, markeredgewidth=1.6, zorder=4)
    _framed(panel, width, height)


def _extent(width: int, height: int) -> tuple[float, float, float, float]:
    return (-0.5, width - 0.5, height - 0.5, -0.5)


def _framed(panel: Any, width: int, height: int) -> None:
    panel.set(xlim=(-0.5, width - 0.5), ylim=(height - 0.5, -0.5), aspect="equal")
    panel.set_xticks([])
    panel.set_yticks([])
    panel.spines[:].set(color="0.6", linewidth=0.6)
