"""What validation alone draws: bodies, hair, clothes, patterns and surroundings that no training ever sees.

Actions are held out whole: UNSEEN_ACTIONS are drawn from test/ alone. The others come from train/ in training and from
test/ in validation, as takes of their own.
"""

from __future__ import annotations

from .chance import Shares

HELD_OUT: dict[str, frozenset[str]] = {
    "body": frozenset(
        {
            "tiny, slim, long legs",
            "tiny, soft, even",
            "small, athletic, short legs",
            "small, thin, long legs",
            "small, heavy, even",
            "middling, slim, short legs",
            "middling, stout, long legs",
            "middling, athletic, long legs",
            "middling, soft, short legs",
            "tall, thin, even",
            "tall, stout, short legs",
            "tall, slim, long legs",
            "huge, athletic, even",
            "huge, heavy, long legs",
        }
    ),
    "hair": frozenset({"quiff", "fringe", "braid", "topknot", "curly"}),
    "headwear": frozenset({"bucket hat", "turban", "cap turned round"}),
    "top": frozenset({"V-neck", "polo", "singlet", "crop top", "hoodie", "sleeveless dress"}),
    "outer": frozenset({"gilet", "cardigan"}),
    "bottom": frozenset({"chinos", "cycling shorts", "knee skirt", "joggers"}),
    "feet": frozenset({"high boots", "sandals"}),
    "pattern": frozenset({"diamonds", "raglan", "pinstripes"}),
    "photo": frozenset({"kitchen", "front", "lights"}),
    "surface": frozenset({"small tiles", "light wood", "marble", "mats", "checks", "sand", "bricks", "ribs"}),
    "room": frozenset({"hall", "corner"}),
    "furniture": frozenset({"bench", "shelves", "plant", "stool", "counter"}),
}

#: Actions that no training of a detector sees; the lifter, which is measured on clips and not on pictures, may.
UNSEEN_ACTIONS = frozenset({"washwindow", "running", "soccer"})

NOTHING = ("none", "plain")


class Choice(Shares):
    """Names with shares, as one part of the world may draw them.

    held_out: the names that validation draws and nobody else; otherwise all the others. What is no thing of its own,
    "none" and "plain", is in both.
    """

    def __init__(self, kind: str, shares: dict[str, float], held_out: bool) -> None:
        unseen = HELD_OUT[kind]
        missing = unseen - set(shares)
        if missing:
            raise ValueError(f"held out, but not there: {kind} {', '.join(sorted(missing))}")
        super().__init__({n: s for n, s in shares.items() if (n in unseen) == held_out or n in NOTHING})

    def __call__(self, u: float) -> str:
        """The name at u, 0…1."""
        return self.at(u)
