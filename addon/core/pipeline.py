"""Pose packets to poses of a rig: `step` one at a time, live; `solve_take` a whole take at once.

Both run the same stages. What a packet means is `observe`'s, up and facing are `level`'s, smoothing is
`filters`', feet are `contact`'s, bones are `solve`'s.
"""

from .live import State, recentred, step
from .offline import TakePoses, solve_take
from .stages import Settings, Stand

__all__ = ["Settings", "Stand", "State", "TakePoses", "recentred", "solve_take", "step"]
