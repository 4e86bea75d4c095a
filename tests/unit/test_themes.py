"""The shipped themes: complete, distinct and readable."""

from __future__ import annotations

import re
import tomllib
from typing import TYPE_CHECKING, Any

import pytest

from hedgetui.config import packaged

if TYPE_CHECKING:
    from pathlib import Path

FILES = sorted(packaged("themes").glob("*.toml"))
MEANINGS = {"pos", "neg", "warn", "stale", "live", "paper", "sim", "armed"}


def read(name: str) -> dict[str, Any]:
    return tomllib.loads((packaged("themes") / f"{name}.toml").read_text("utf-8"))


def luminance(colour: str) -> float:
    """Relative luminance, WCAG 2.2."""
    channels = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    """Contrast ratio, WCAG 2.2."""
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def test_the_four_themes_are_shipped():
    names = ["classic", "hedgetui-dark", "hedgetui-light", "high-contrast"]
    assert [file.stem for file in FILES] == names
    assert [read(name)["name"] for name in names] == names


def test_the_default_uses_the_okabe_ito_colours():
    assert read("hedgetui-dark")["variables"]["pos"] == "#56B4E9"
    assert read("hedgetui-dark")["variables"]["neg"] == "#E69F00"


def test_contrast_is_measured_right():
    assert contrast("#000000", "#FFFFFF") == pytest.approx(21.0)
    assert contrast("#777777", "#FFFFFF") == pytest.approx(4.48, abs=0.01)


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_every_meaning_can_be_read_on_every_background(file: Path):
    theme = tomllib.loads(file.read_text("utf-8"))
    assert set(theme["variables"]) == MEANINGS
    marks = [theme["foreground"], *theme["variables"].values()]
    assert all(re.fullmatch("#[0-9A-F]{6}", colour) for colour in marks)
    grounds = [theme[ground] for ground in ("background", "surface", "panel")]
    assert min(contrast(mark, ground) for mark in marks for ground in grounds) >= 4.5
    assert (luminance(theme["background"]) < 0.5) is theme["dark"]


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_gains_and_losses_never_look_alike(file: Path):
    variables = tomllib.loads(file.read_text("utf-8"))["variables"]
    assert variables["pos"] != variables["neg"]
    assert variables["live"] not in {variables["sim"], variables["paper"]}
