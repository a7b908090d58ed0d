"""A copy of the character for a file: in a scene of its own, so that nothing of the user's moves while it is exported.

`sample` gives where its bones are at the times that are asked for; `bake` leaves the copy with that motion alone, and
with the meshes. Both go in steps of a few milliseconds, between which the user's Blender goes on: no file that is saved
meanwhile has the copy in it, and `sweep` removes what an undo step brought back of one.
"""

from collections.abc import Iterator
from contextlib import contextmanager

import bpy
import numpy as np
from mathutils import Matrix

from . import action, context_owner, export_sampling
from .core.rotation import from_matrix, same_hemisphere
from .export_sampling import Motion
from .rig_controls import bone_path

_POSE = {"location": 3, "rotation_quaternion": 4, "rotation_euler": 3, "rotation_axis_angle": 4, "scale": 3}
_MOVES = 1e-6  # a channel that changes by less stands still
_MARK = "mocap_export_copy"  # all that is made here has it
_KINDS = ("objects", "armatures", "meshes", "actions")


class CopyError(Exception):
    """The character cannot be exported as asked; the text is a sentence for the user."""


class RigCopy:
    """The character again, in a scene of its own, from `with RigCopy(…) as copy` until the end of that.

    The meshes are those that the view layer shows at the beginning.
    """

    def __init__(self, scene: bpy.types.Scene, view_layer: bpy.types.ViewLayer, armature: bpy.types.Object):
        self._of, self._user_scene, self._view_layer = armature, scene, view_layer

    def __enter__(self) -> "RigCopy":
        try:
            self._make()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_) -> None:
        sweep()

    def _make(self) -> None:
        armature = self._of
        self.scene = self._keep(bpy.data.scenes.new("Export"))
        for name in ("system", "scale_length"):
            setattr(self.scene.unit_settings, name, getattr(self._user_scene.unit_settings, name))
        for name in ("fps", "fps_base"):
            setattr(self.scene.render, name, getattr(self._user_scene.render, name))
        self.rest_world = np.array(armature.matrix_world)
        self._meshes = self._places()
        self.armature = self._own(armature.copy())
        self.armature.data = self._own(armature.data.copy())
        self.armature.data.pose_position = "POSE"
        self.scene.collection.objects.link(self.armature)
        self._turn_to_itself()

    def sample(self, take: bpy.types.Action, fps: float) -> Iterator[float]:
        """See `export_sampling.sample`."""
        return export_sampling.sample(self.armature, self.scene, take, fps, self.rest_world, self._keep)

    def bake(self, motion: Motion, axes: Matrix | None = None) -> Iterator[float]:
        """Leave the copy with the motion and its meshes alone. A generator: yields how far it is. Raises CopyError.

        axes: what the exporter will turn and scale all objects by. It is brought into the data here, as is the object's
        own scale, so that the file's object has none of both.
        """
        copy, scene = self.armature, self.scene
        yield from self._free(copy)
        scale = np.linalg.norm(motion.armature_rest[:3, :3], axis=0)
        into = np.eye(4)
        if axes is not None:
            if np.ptp(scale) > 1e-3 * scale.max() or np.linalg.det(motion.armature_rest[:3, :3]) < 0:
                raise CopyError(
                    f"{self._of.name} is scaled unevenly or mirrored, which engines cannot have: apply its scale."
                )
            into[:3, :3] = np.array(axes.to_3x3()) * scale.mean()
        yield from self._add_meshes(into)
        copy.data.transform(Matrix(into))
        scene.render.fps = max(1, round(motion.fps))
        scene.render.fps_base = scene.render.fps / motion.fps
        scene.frame_end = int(motion.frames[-1])
        scene.frame_start = int(motion.frames[0])
        yield from self._write(motion, into)

    @contextmanager
    def shown(self, take: str, object_name: str = ""):
        """The copy's scene as the one that exporters see, with everything named as in the file: the copy as what it is
        of, whose names the user's get back.

        take: its name. object_name: instead of the armature's.
        """
        context_owner.renew()
        window, bones = bpy.context.window, self._of.pose.bones
        before = (window.scene, window.view_layer) if window is not None else None
        pose = {name: np.empty(width * len(bones), np.float32) for name, width in _POSE.items()}
        for name, numbers in pose.items():
            bones.foreach_get(name, numbers)
        lent: list[tuple[bpy.types.ID, bpy.types.ID, str]] = []
        try:
            self._lend_names(lent, take, object_name)
            with bpy.context.temp_override(scene=self.scene, view_layer=self.scene.view_layers[0]):
                yield
        finally:
            for theirs, ours, name in reversed(lent):
                ours.name = "Export"
                if theirs.library is None:
                    theirs.name = name
            # glTF's exporter puts its scene into the window. With the change back, Blender evaluates all animation, and
            # what was posed and not keyed would be lost.
            if before is not None and window.scene != before[0]:
                window.scene, window.view_layer = before
                for name, numbers in pose.items():
                    bones.foreach_set(name, numbers)
                self._of.update_tag(refresh={"DATA"})

    # Its parts

    def _keep(self, made):
        made.is_runtime_data = True  # so that no file has it
        made[_MARK] = True
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

    def _free(self, copy: bpy.types.Object) -> Iterator[float]:
        """Without constraints, drivers, parent and whatever else would move it."""
        copy.animation_data_clear()
        copy.data.animation_data_clear()
        copy.parent = None
        for owner in (copy, *copy.pose.bones):
            while owner.constraints:
                owner.constraints.remove(owner.constraints[0])
            yield 0.0
        copy.rotation_mode = "QUATERNION"
        copy.delta_location, copy.delta_scale = (0, 0, 0), (1, 1, 1)
        copy.delta_rotation_euler, copy.delta_rotation_quaternion = (0, 0, 0), (1, 0, 0, 0)
        for bone in copy.pose.bones:
            bone.rotation_mode = "QUATERNION"
            bone.custom_shape = None
            yield 0.0
        for bone in copy.data.bones:
            bone.use_inherit_rotation, bone.inherit_scale = True, "FULL"
            bone.use_local_location = True

    def _places(self) -> list[tuple[bpy.types.Object, np.ndarray]]:
        """The meshes that are seen, each with its place (4, 4) in the armature, or at the tail of the bone that is its
        parent."""
        armature, world = self._of, np.linalg.inv(self.rest_world)
        out = []
        for item in self._view_layer.objects:
            if not moved_by(item, armature) or not item.visible_get(view_layer=self._view_layer):
                continue
            place = world @ np.array(item.matrix_world)
            if _on_bone(item, armature):
                bone = armature.pose.bones[item.parent_bone]
                tail = bone.matrix @ Matrix.Translation((0, bone.length, 0))
                place = np.linalg.inv(np.array(tail)) @ place
            out.append((item, place))
        return out

    def _add_meshes(self, into: np.ndarray) -> Iterator[float]:
        """Copies of the meshes, with their places and points turned as the armature's are."""
        armature, copy = self._of, self.armature
        back, size = np.linalg.inv(into), np.linalg.norm(into[:3, 0])
        changed = not np.allclose(into, np.eye(4))
        shared: dict[tuple[bpy.types.Mesh, str], bpy.types.Mesh] = {}
        self._copies: list[tuple[bpy.types.ID, bpy.types.ID]] = []
        for item, place in self._meshes:
            mesh = self._own(item.copy())
            mesh.animation_data_clear()
            while mesh.constraints:
                mesh.constraints.remove(mesh.constraints[0])
            mesh.parent, mesh.matrix_parent_inverse = copy, Matrix()
            if _on_bone(item, armature):
                mesh.parent_type, mesh.parent_bone = "BONE", item.parent_bone
                place = place.copy()
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
            self._copies.append((item, mesh))
            yield 0.0
        self._copies += [(theirs, ours) for (theirs, _), ours in shared.items()]

    def _lend_names(self, lent: list, take: str, object_name: str) -> None:
        """lent: gets (theirs, ours, name), as each is given to ours."""

        def lend(theirs: bpy.types.ID | None, ours: bpy.types.ID, name: str) -> None:
            if theirs is not None and theirs != ours:
                lent.append((theirs, ours, name))
                if theirs.library is None:
                    theirs.name = f"{name[:50]} (exported)"
            ours.name = name

        for theirs, ours in (*self._copies, (self._of, self.armature), (self._of.data, self.armature.data)):
            lend(theirs, ours, theirs.name)
        if object_name:
            lend(bpy.data.objects.get(object_name), self.armature, object_name)
        lend(bpy.data.scenes.get(take), self.scene, take)
        lend(bpy.data.actions.get(take), self._baked, take)

    def _write(self, motion: Motion, into: np.ndarray) -> Iterator[float]:
        """Keys on every frame, of the object and of all bones, where they move; else on the first and the last."""
        copy, size = self.armature, np.linalg.norm(into[:3, 0])
        frames, parents, back = motion.frames, motion.parents, np.linalg.inv(into)
        local = _local(np.array([bone.matrix_local for bone in copy.data.bones]).reshape(-1, 4, 4), parents)
        rest = np.concatenate((np.eye(4)[None], np.linalg.inv(local)))
        shape = len(frames), 1 + len(motion.names)  # the object comes first
        places, turns, scales = np.empty((*shape, 3)), np.empty((*shape, 4)), np.empty((*shape, 3))
        before = None
        for block in motion.blocks():
            posed = into @ motion.posed[block]
            posed[..., :3, :3] /= size
            world = motion.armature[block] @ back
            basis = rest @ np.concatenate((world[:, None], _local(posed, parents)), axis=1)
            places[block] = basis[..., :3, 3]
            scales[block] = np.linalg.norm(basis[..., :3, :3], axis=-2)
            turned = from_matrix(basis[..., :3, :3] / scales[block][..., None, :])
            turns[block] = same_hemisphere(turned, before)
            before = turns[block][-1]
            if block.start == 0:
                copy.matrix_world = Matrix(world[0])
            yield 0.5 * block.stop / len(frames)
        self._baked = made = self._keep(action.blank(copy, "Export"))
        action.assign(made, copy)
        for row, bone in enumerate(("", *motion.names)):
            path, group = (f"{bone_path(bone)}.", bone) if bone else ("", "Object")
            channels = [("location", places), ("rotation_quaternion", turns)]
            if np.abs(scales[:, row] - 1).max() > 1e-5:
                channels.append(("scale", scales))
            elif bone:
                copy.pose.bones[bone].scale = (1, 1, 1)
            moves = [np.ptp(values[:, row], axis=0).max() > _MOVES for _, values in channels]
            for (name, values), moved in zip(channels, moves, strict=True):
                if bone or any(moves):  # where the object stands still, it has no keys
                    kept = slice(None, None, 1 if moved else max(1, len(frames) - 1))
                    channel = action.Channel(f"{path}{name}", values.shape[-1], group)
                    action.write(made, channel, frames[kept], values[kept, row])
                    yield 0.5 + 0.5 * row / shape[1]
        copy.update_tag()


def sweep() -> None:
    """Remove every copy from this file."""
    for scene in [scene for scene in bpy.data.scenes if _MARK in scene]:
        bpy.data.scenes.remove(scene)
    bpy.data.batch_remove([one for kind in _KINDS for one in getattr(bpy.data, kind) if _MARK in one])


def moved_by(item: bpy.types.Object, armature: bpy.types.Object) -> bool:
    """Whether it is a mesh that the armature moves."""
    if item.type != "MESH":
        return False
    modified = any(modifier.type == "ARMATURE" and modifier.object == armature for modifier in item.modifiers)
    return modified or item.parent == armature


def _on_bone(item: bpy.types.Object, armature: bpy.types.Object) -> bool:
    return item.parent == armature and item.parent_type == "BONE"


def _local(matrices: np.ndarray, parents: np.ndarray) -> np.ndarray:
    """(…, B, 4, 4) from matrices in one space to each in its parent's."""
    out = matrices.copy()
    children = parents >= 0
    out[..., children, :, :] = np.linalg.inv(matrices[..., parents[children], :, :]) @ matrices[..., children, :, :]
    return out
