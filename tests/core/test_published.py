"""The built-in model's figures, as the panel shows them, are those of the card and of the file that ships."""

import re
from pathlib import Path

from mocap_core import published
from mocap_core.background import format_bytes

CHECKPOINTS = Path(__file__).parents[2] / "checkpoints"
CARD = (CHECKPOINTS / "vitpose_t_synthetic.md").read_text("utf-8")


def row(begins: str) -> list[str]:
    """The cells of the card's table, of the line that begins so; the first is what was measured."""
    lines = [line for line in CARD.splitlines() if line.startswith(f"| {begins}")]
    assert len(lines) == 1, f"the card has {len(lines)} lines that begin with {begins!r}"
    return [cell.strip() for cell in lines[0].strip("|").split("|")]


def test_the_accuracy_is_that_of_the_card():
    held_out = row("people, places and clips that no training draws")
    assert "`--data synthetic-val`" in held_out[0]
    assert (float(held_out[2]), float(row("a real person")[1])) == (published.BUILT_IN_AP, published.BUILT_IN_REAL_PCK)
    assert row("|")[1:4] == ["PCK", "AP", "AR"]


def test_size_licence_and_config_are_those_of_what_ships():
    size = (CHECKPOINTS / "vitpose_t_synthetic.safetensors").stat().st_size
    assert format_bytes(published.BUILT_IN_BYTES) == format_bytes(size)
    assert f"{format_bytes(size)}. Used with `configs/{published.BUILT_IN}.py`" in CARD
    licence = re.search(r"## Licence\n(\S+),", CARD)[1]
    assert licence == published.BUILT_IN_LICENCE
