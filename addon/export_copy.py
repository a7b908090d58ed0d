"""A copy of the character for a file: in a scene of its own, so that nothing of the user's moves while it is exported.

`sample` gives where its bones are at the times that are asked for; `bake` leaves the copy with that motion alone, keyed
on every frame, and with the meshes.
"""

from contextlib import contextmanager
from dataclasses import dataclass

import bpy
import numpy as np
from mathutils import Matrix

from . import action, context_owner, take_layers
from .core.rotation import from_matrix, same_hemisphere
from .rig_controls import bone_path

_POSE = {"location": 3, "rotation_quaternion": 4, "rotation_euler": 3, "rotation_axis_angle": 4, "scale": 3}
_MOVES = 1e-6  # a channel that changes by less stands still


class CopyError(Exception):
    """The character cannot be exported as asked; the text is a sentence for the user."""


@dataclass(frozen=True)
class Motion:
    """Where the bones are.

    names: (B,) and parents: (B,), −1 for none, parents first. rest: (B, 4, 4), tails: (B, 3) and posed: (F, B, 4, 4) in
    the armature's space; armature: (F, 4, 4) that in the world, and armature_rest: (4, 4) as it stands now. times_s:
    (F,) from the take's first frame. frames: (F,) their numbers at fps.
    """

    names: list[str]
    parents: np.ndarray
    rest: np.ndarray
    tails: np.ndarray
    posed: np.ndarray
    armature: np.ndarray
    armature_rest: np.ndarray
    times_s: np.ndarray
    frames: np.ndarray
    fps: float

    @property
    def posed_world(self) -> np.ndarray:
        return self.armature[:, None] @ self.posed

    @property
    def rest_world(self) -> np.ndarray:
        return self.armature_rest @ self.rest


class RigCopy:
    """The character again, in a scene of its own, from `with RigCopy(…) as copy` until the end of that."""

    def __init__(self, scene: bpy.types.Scene, armature: bpy.types.Object):
        self._of, self._user_scene = armature, scene
        self.scene: bpy.types.Scene | None = None
        self._made: list[bpy.types.ID] = []
        self._renamed: list[tuple[bpy.types.ID, str]] = []

    def __enter__(self) -> "RigCopy":
        try:
            self._make()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_) -> None:
        if self.scene is not None:
            bpy.data.scenes.remove(self.scene)
        bpy.data.batch_remove(self._made)
        for theirs, name in reversed(self._renamed):
            theirs.name = name

    def _make(self) -> None:
        armature = self._of
        self.scene = bpy.data.scenes.new("Export")
        units, theirs = self.scene.unit_settings, self._user_scene.unit_settings
        units.system, units.scale_length = theirs.system, theirs.scale_length
        self.rest_world = np.array(armature.matrix_world)
        self.armature = self._own(armature.copy())
        self.armature.data = self._own(armature.data.copy())
        self.armature.data.pose_position = "POSE"
        self.scene.collection.objects.link(self.armature)
        self._turn_to_itself()

    def sample(self, take: bpy.types.Action, fps: float, progress=lambda fraction: None) -> Motion:
        """The bones' matrices from the take's first frame to its last; with all that plays, where the take does.

        fps: frames a second of the result. progress: is called now and then.
        """
        copy, scene = self.armature, self.scene
        scene_fps = self._user_scene.render.fps / self._user_scene.render.fps_base
        action.leave_tweaking(copy)
        if take != action.current(copy) and not take_layers.strips(copy, take):
            (copy.animation_data or copy.animation_data_create()).use_nla = False
            action.assign(take, copy)
        first, last = take_layers.span(copy, take)
        count = int((last - first) / scene_fps * fps + 1e-3) + 1
        times_s = np.arange(count) / fps
        bones = copy.data.bones
        names = [bone.name for bone in bones]
        rows = {name: row for row, name in enumerate(names)}
        posed = np.empty((count, len(names), 4, 4))
        world = np.empty((count, 4, 4))
        buffer = np.empty(16 * len(names), np.float32)
        layer = scene.view_layers[0]
        for row, time_s in enumerate(times_s):
            frame = first + time_s * scene_fps
            whole = int(np.floor(frame + 1e-4))
            scene.frame_set(whole, subframe=max(0.0, min(frame - whole, 0.999999)))
            seen = copy.evaluated_get(layer.depsgraph)
            if row == 0:
                order = [rows[bone.name] for bone in seen.pose.bones]
            seen.pose.bones.foreach_get("matrix", buffer)
            posed[row, order] = buffer.reshape(-1, 4, 4).swapaxes(-1, -2)  # columns come first
            world[row] = seen.matrix_world
            if row % 100 == 0:
                progress(row / count)
        return Motion(
            names,
            np.array([rows[bone.parent.name] if bone.parent else -1 for bone in bones], dtype=int),
            np.array([bone.matrix_local for bone in bones]).reshape(-1, 4, 4),
            np.array([bone.tail_local for bone in bones]).reshape(-1, 3),
            posed,
            world,
            self.rest_world,
            times_s,
            round(first / scene_fps * fps) + np.arange(count),
            fps,
        )

    def bake(self, motion: Motion, name: str, axes: Matrix | None = None, object_name: str = "") -> None:
        """Leave the copy with the motion and its meshes alone. Raises CopyError.

        axes: what the exporter will turn and scale all objects by. It is brought into the data here, as is the object's
        own scale, so that the file's object has none of both. object_name: instead of the armature's.
        """
        copy, scene = self.armature, self.scene
        self._free(copy)
        scale = np.linalg.norm(motion.armature_rest[:3, :3], axis=0)
        into = np.eye(4)
        if axes is not None:
            if np.ptp(scale) > 1e-3 * scale.max() or np.linalg.det(motion.armature_rest[:3, :3]) < 0:
                raise CopyError(
                    f"{self._of.name} is scaled unevenly or mirrored, which engines cannot have: apply its scale."
                )
            into[:3, :3] = np.array(axes.to_3x3()) * scale.mean()
        self._add_meshes(into)
        size = np.linalg.norm(into[:3, 0])
        copy.data.transform(Matrix(into))
        rest = np.array([bone.matrix_local for bone in copy.data.bones]).reshape(-1, 4, 4)
        posed = into @ motion.posed
        posed[..., :3, :3] /= size
        world = motion.armature @ np.linalg.inv(into)
        local = _local(rest, motion.parents)
        basis = np.linalg.inv(local) @ _local(posed, motion.parents)
        self._name(name, object_name)
        self._write(name, motion, basis, world)
        scene.render.fps = max(1, round(motion.fps))
        scene.render.fps_base = scene.render.fps / motion.fps
        scene.frame_end = int(motion.frames[-1])
        scene.frame_start = int(motion.frames[0])
        scene.frame_set(scene.frame_start)

    @contextmanager
    def shown(self):
        """The copy's scene as the one that exporters see."""
        context_owner.renew()
        window, bones = bpy.context.window, self._of.pose.bones
        before = (window.scene, window.view_layer) if window is not None else None
        pose = {name: np.empty(width * len(bones), np.float32) for name, width in _POSE.items()}
        for name, numbers in pose.items():
            bones.foreach_get(name, numbers)
        try:
            with bpy.context.temp_override(scene=self.scene, view_layer=self.scene.view_layers[0]):
                yield
        finally:
            # glTF's exporter puts its scene into the window. With the change back, Blender evaluates all animation, and
            # what was posed and not keyed would be lost.
            if before is not None and window.scene != before[0]:
                window.scene, window.view_layer = before
                for name, numbers in pose.items():
                    bones.foreach_set(name, numbers)
                self._of.update_tag(refresh={"DATA"})

    # Its parts

    def _keep(self, made):
        self._made.append(made)
        return made

    def _own(self, copied):
        """A copy of linked or overridden data that may be changed."""
        self._keep(copied)
        if copied.override_library is not None:
            copied.make_local(clear_liboverride=True)
        return copied

    def _turn_to_itself(self) -> None:
        """What in the copy points to the character points to the copy."""
        copy, old = self.armature, (self._of, self._of.data)
        new = {self._of: copy, self._of.data: copy.data}
        for owner in (copy, *copy.pose.bones):
            for constraint in owner.constraints:
                for part in (constraint, *getattr(constraint, "targets", ())):
                    for field in ("target", "pole_target"):
                        if getattr(part, field, None) in old:
                            setattr(part, field, new[getattr(part, field)])
        for animated in (copy, copy.data):
            for curve in animated.animation_data.drivers if animated.animation_data else ():
                for variable in curve.driver.variables:
                    for target in variable.targets:
                        if target.id in old:
                            target.id = new[target.id]

    def _free(self, copy: bpy.types.Object) -> None:
        """Without constraints, drivers, parent and whatever else would move it."""
        copy.animation_data_clear()
        copy.data.animation_data_clear()
        copy.parent = None
        for owner in (copy, *copy.pose.bones):
            while owner.constraints:
                owner.constraints.remove(owner.constraints[0])
        copy.rotation_mode = "QUATERNION"
        copy.delta_location, copy.delta_scale = (0, 0, 0), (1, 1, 1)
        copy.delta_rotation_euler, copy.delta_rotation_quaternion = (0, 0, 0), (1, 0, 0, 0)
        for bone in copy.pose.bones:
            bone.rotation_mode = "QUATERNION"
            bone.custom_shape = None
        for bone in copy.data.bones:
            bone.use_inherit_rotation, bone.inherit_scale = True, "FULL"
            bone.use_local_location = True

    def _add_meshes(self, into: np.ndarray) -> None:
        """Copies of the meshes that are seen, with their places and points turned as the armature's are."""
        armature, copy = self._of, self.armature
        world, back = np.linalg.inv(self.rest_world), np.linalg.inv(into)
        changed = not np.allclose(into, np.eye(4))
        shared: dict[tuple[bpy.types.Mesh, str], bpy.types.Mesh] = {}
        for item in list(bpy.context.view_layer.objects):
            if not moved_by(item, armature) or not item.visible_get():
                continue
            mesh = self._own(item.copy())
            mesh.animation_data_clear()
            while mesh.constraints:
                mesh.constraints.remove(mesh.constraints[0])
            place = world @ np.array(item.matrix_world)
            mesh.parent, mesh.matrix_parent_inverse = copy, Matrix()
            if item.parent == armature and item.parent_type == "BONE":
                bone = armature.pose.bones[item.parent_bone]
                tail = bone.matrix @ Matrix.Translation((0, bone.length, 0))
                place = np.linalg.inv(np.array(tail)) @ place
                mesh.parent_type, mesh.parent_bone = "BONE", item.parent_bone
                size = np.linalg.norm(into[:3, 0])
                place[:3, 3] *= size
                turn = Matrix.Scale(size, 4)  # a bone's own axes do not turn
            else:
                mesh.parent_type = "OBJECT"
                place = into @ place @ back
                turn = Matrix(into)
            mesh.matrix_basis = Matrix(place)
            if changed:
                key = item.data, mesh.parent_type
                if key not in shared:
                    shared[key] = self._keep(item.data.copy())
                    shared[key].transform(turn, shape_keys=True)
                mesh.data = shared[key]
            for modifier in mesh.modifiers:
                if modifier.type == "ARMATURE" and modifier.object == armature:
                    modifier.object = copy
            self.scene.collection.objects.link(mesh)
            self._lend_name(item, mesh)
        for (theirs, _), ours in shared.items():
            self._lend_name(theirs, ours)

    def _name(self, take: str, object_name: str) -> None:
        self._lend_name(self._of, self.armature)
        self._lend_name(self._of.data, self.armature.data)
        if object_name:
            taken = bpy.data.objects.get(object_name)
            if taken is not None and taken != self.armature:
                self._lend_name(taken, self.armature)
            self.armature.name = object_name
        taken = bpy.data.scenes.get(take)
        if taken is not None:
            self._lend_name(taken, self.scene)
        self.scene.name = take

    def _lend_name(self, theirs: bpy.types.ID, ours: bpy.types.ID) -> None:
        """Give ours the name of theirs, which gets it back at the end."""
        name = theirs.name
        if theirs.library is None:
            self._renamed.append((theirs, name))
            theirs.name = f"{name[:50]} (exported)"
        ours.name = name

    def _write(self, name: str, motion: Motion, basis: np.ndarray, world: np.ndarray) -> None:
        """Keys on every frame, of the object where it moves and of all bones."""
        copy = self.armature
        taken = bpy.data.actions.get(name)
        made = self._keep(action.new(copy, name))
        if taken is not None:
            self._lend_name(taken, made)
        channels, values = [], []
        copy.matrix_world = Matrix(world[0])
        moves = np.ptp(world, axis=0).max() > _MOVES
        for path, group, matrices, keyed in (
            ("", "Object", world, moves),
            *((f"{bone_path(bone)}.", bone, basis[:, row], True) for row, bone in enumerate(motion.names)),
        ):
            if not keyed:
                continue
            scale = np.linalg.norm(matrices[:, :3, :3], axis=-2)
            turned = same_hemisphere(from_matrix(matrices[:, :3, :3] / scale[:, None]))
            channels += [action.Channel(f"{path}location", 3, group)]
            channels += [action.Channel(f"{path}rotation_quaternion", 4, group)]
            values += [matrices[:, :3, 3], turned]
            if np.abs(scale - 1).max() > 1e-5:
                channels.append(action.Channel(f"{path}scale", 3, group))
                values.append(scale)
            elif path:
                copy.pose.bones[group].scale = (1, 1, 1)
        for channel, numbers in zip(channels, values, strict=True):
            action.write(made, channel, motion.frames, numbers)
        copy.update_tag()


def moved_by(item: bpy.types.Object, armature: bpy.types.Object) -> bool:
    """Whether it is a mesh that the armature moves."""
    if item.type != "MESH":
        return False
    modified = any(modifier.type == "ARMATURE" and modifier.object == armature for modifier in item.modifiers)
    return modified or item.parent == armature


def _local(matrices: np.ndarray, parents: np.ndarray) -> np.ndarray:
    """(…, B, 4, 4) from matrices in one space to each in its parent's."""
    out = matrices.copy()
    children = parents >= 0
    out[..., children, :, :] = np.linalg.inv(matrices[..., parents[children], :, :]) @ matrices[..., children, :, :]
    return out
