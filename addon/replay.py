"""Sources that need no worker: while one is chosen, the link asks a player in this process instead."""

from functools import cache
from pathlib import Path

from . import machine
from .core import sample_motion, sample_picture
from .core.link import PoseLink
from .core.player import Player
from .core.take import read_take
from .sources import kind_of


class Replay:
    """The player of the moment, if there is one."""

    def __init__(self):
        self._player: Player | None = None
        self._worker: tuple[str, int] | None = None  # whom the link asked before

    @property
    def plays(self) -> bool:
        """True while the link asks a player."""
        return self._player is not None

    @property
    def draws(self) -> bool:
        """True while that gives pictures, too."""
        return self._player is not None and self._player.draws

    def aim(self, link: PoseLink) -> None:
        """Have the link ask whoever gives the chosen source. Raises LinkError."""
        source = machine.get("source")
        if self._player is None:
            self._worker = link.worker
        player = None
        if kind_of(source) == "TEST":
            player = Player("the test motion", sample_motion.packets, key=link.key, draw=sample_picture.draw)
        elif kind_of(source) == "TAKE":
            # Read once, in the player's thread: a long take takes seconds.
            packets = cache(lambda: read_take(source).packets)
            player = Player(Path(source).stem, packets, machine.get("replay_loop"), link.key)
        wanted = self._worker if player is None else player.address
        if wanted != link.worker:
            link.worker = wanted
        self.close()
        self._player = player

    def close(self) -> None:
        if self._player is not None:
            self._player.close()
            self._player = None
