"""The ghost: the joints that come in as skeletons of lines in the scene, where the characters are that they drive.

It shows what was seen, before smoothing, contact and the rig's own proportions. Drawn and never an object, so nothing
of it can be saved or selected; it goes with the overlays.
"""

import time

import bpy
import gpu
import numpy as np

from . import machine, rig, window
from .core.figure import lines
from .core.level import WORLD_FROM_CAMERA
from .core.observe import observe
from .core.protocol import PosePacket
from .core.solve.binding import bind
from .driven import Driven
from .measures import Times
from .strokes import draw_lines, scale

_SHOWN_S = 3.0
_ALPHA, _LINE = 0.85, 2.4


class Ghost:
    """on: as chosen, see `follow`. draw_ms: of our own calls."""

    def __init__(self):
        self.on = False
        self.draw_ms = Times()
        self._handler = None
        # By person, when they were seen last, and lines in the scene's world with their colours.
        self._figures: dict[int, tuple[float, np.ndarray, np.ndarray]] = {}

    def follow(self) -> None:
        """Go by the machine's settings, which have changed."""
        self.on = machine.get("ghost")
        if not self.on:
            self.end()

    def tick(self, scene: bpy.types.Scene, cast: list[Driven], packets: list[PosePacket], now: float) -> None:
        """Take in the packets of a tick. cast: the characters and whom they follow."""
        if not self.on:
            return
        if self._handler is None:
            self._handler = bpy.types.SpaceView3D.draw_handler_add(self._draw, (), "WINDOW", "POST_VIEW")
        for driven in cast:
            theirs = [packet for packet in packets if packet.person == driven.person and packet.metric]
            seen = observe(theirs[-1], None, scene.mocap.mirror)[0] if theirs else None
            if seen is not None:
                points = _in_scene(driven, scene, seen.joints[:17])
                self._figures[driven.person] = now, *lines(points, seen.scores)
                window.redraw_views()

    def end(self) -> None:
        if self._handler is not None:
            bpy.types.SpaceView3D.draw_handler_remove(self._handler, "WINDOW")
            self._handler = None
            window.redraw_views()
        self._figures.clear()

    def _draw(self) -> None:
        began_s = time.perf_counter()
        shown = [figure[1:] for figure in self._figures.values() if began_s - figure[0] < _SHOWN_S]
        space = bpy.context.space_data
        if not shown or space is None or not space.overlay.show_overlays:
            return
        gpu.state.blend_set("ALPHA")
        gpu.state.depth_test_set("NONE")  # in front of the character, in which it mostly lies
        for ends, colours in shown:
            draw_lines(ends, colours, _LINE * scale(), _ALPHA)
        self.draw_ms.add(time.perf_counter() - began_s)


def _in_scene(driven: Driven, scene: bpy.types.Scene, joints_camera: np.ndarray) -> np.ndarray:
    """(17, 3) in the scene's world: at the character's hips and in its size, else standing at the origin."""
    target, state = driven.target, driven.state
    armature = None if target is None else rig.find(target, scene)
    if armature is None or state is None or state.rotation is None:
        points = joints_camera @ WORLD_FROM_CAMERA.T
        return points - [0.0, 0.0, np.nanmin(points[:, 2])]
    leg_m = driven.calibration.leg_m if driven.calibration is not None else state.leg_m
    size = bind(target.rig).leg_length / leg_m if leg_m else 1.0
    points = joints_camera @ state.rotation.T * size / target.space.unit_m @ target.space.rotation
    legs = [armature.pose.bones.get(target.bone_map.bones[f"{side}UpperLeg"]) for side in ("left", "right")]
    if None not in legs:
        points += np.mean([bone.head for bone in legs], axis=0)
    world = np.array(armature.matrix_world)
    return points @ world[:3, :3].T + world[:3, 3]


ghost = Ghost()
