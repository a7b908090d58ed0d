"""`mocap.export`, and what the scene keeps for it: format, rate and names, as the export panel shows them.

From the file browser it goes on in slices, by `mocap.export_in_slices`; a script has the file when the call returns.
"""

import unicodedata
from pathlib import Path
from typing import ClassVar

import bpy

from . import action, export, window
from .exporting import exporting
from .operators import Operator, has_character, require
from .recording import frames_a_second
from .session import session
from .translations import say

_EVERY_S, _SLICE_S = 0.02, 0.015

_FORMATS = (
    ("GLB", "glTF", "Character and motion in one file, .glb, for the web, Godot and most other programs"),
    ("FBX", "FBX", "Character and motion, for Unreal, Unity and Maya"),
    ("BVH", "BVH", "The skeleton's motion alone, Y up, in metres"),
    ("CSV", "CSV", "The joints' places in the world as a table, Z up, in metres"),
    ("NPZ", "NumPy", "The joints' places and rotations in the world as arrays, Z up, in metres"),
    ("GLTF", "glTF and Its Data", "As glTF, but as text, .gltf, with numbers and pictures in files beside it"),
)
_PRESETS = (
    ("BLENDER", "Blender", "For Blender and Maya: objects keep their scale and are turned to Y up"),
    (
        "UNREAL",
        "Unreal",
        "Centimetres and Z up in the data itself; the armature's object makes no bone, or the root bone where it "
        "carries the root motion",
    ),
    ("UNITY", "Unity", "Metres and Y up in the data itself, so that objects have scale 1 and no rotation"),
)
_ROOTS = (
    ("BONE", "Bone", "The hips carry the way over the floor, as they are keyed"),
    ("OBJECT", "Object", "The armature's object walks and turns; the hips stay above it. For glTF and FBX"),
)


class Settings:
    """What scene and operator both have."""

    format: bpy.props.EnumProperty(name="Format", description="The kind of file", items=_FORMATS)
    preset: bpy.props.EnumProperty(
        name="For", description="The program that the FBX is for: its axes, units and names", items=_PRESETS
    )
    fps: bpy.props.FloatProperty(
        name="Rate",
        description="Frames a second of the file; 0 for the scene's",
        default=0.0,
        min=0.0,
        soft_max=120.0,
        max=1000.0,
        precision=2,
    )
    root_motion: bpy.props.EnumProperty(
        name="Root Motion", description="What carries the way over the floor", items=_ROOTS
    )
    deform_only: bpy.props.BoolProperty(
        name="Deform Bones Only",
        description="Leave out the bones that move no mesh, such as a rig's controls",
        default=False,
    )


class MocapExport(Settings, bpy.types.PropertyGroup):
    names: bpy.props.StringProperty(
        name="Names",
        description="A file's name, in which {character}, {take}, {fps}, {preset} and {file} are filled in",
        default="{character}_{take}",
    )


class MOCAP_OT_export(Settings, Operator, bpy.types.Operator):
    bl_idname = "mocap.export"
    bl_label = "Export Take"
    bl_description = "Write the character and its takes to files, one a take"

    filepath: bpy.props.StringProperty(subtype="FILE_PATH", options={"SKIP_SAVE"})
    takes: bpy.props.CollectionProperty(
        type=bpy.types.OperatorFileListElement,
        name="Takes",
        description="Names of Actions; none for what the character plays",
        options={"HIDDEN", "SKIP_SAVE"},
    )
    check_existing: bpy.props.BoolProperty(default=True, options={"HIDDEN"})
    filter_glob: bpy.props.StringProperty(
        default=";".join(f"*{suffix}" for suffix in export.SUFFIXES.values()), options={"HIDDEN"}
    )
    _in_slices = False

    @classmethod
    def poll(cls, context):
        return (
            require(cls, has_character(context), "Choose a character first")
            and require(
                cls,
                export.action_of(context.scene.mocap.target) is not None or bool(chosen(context)),
                "Record or load a take first",
            )
            and require(cls, session.recording is None, "Stop recording first")
            and require(cls, session.solving is None and session.reading is None, "Wait until the last take is solved")
            and require(cls, not exporting.running, "Wait until the export is done")
        )

    def invoke(self, context, event):
        settings = context.scene.mocap_export
        for name in Settings.__annotations__:
            if not self.properties.is_property_set(name):
                setattr(self, name, getattr(settings, name))
        if not self.takes:
            for take in chosen(context):
                self.takes.add().name = take.name
        try:
            name = self._name(context, self._takes(context)[0])
        except export.ExportError as error:
            self.report({"ERROR"}, say(str(error)))
            return {"CANCELLED"}
        self.filepath = str(Path(bpy.data.filepath).parent / name) if bpy.data.filepath else name
        self.check(context)
        self._in_slices = not bpy.app.background
        context.window_manager.fileselect_add(self)
        return {"RUNNING_MODAL"}

    def check(self, context):
        """Keep the file's ending in step with the format."""
        wanted = str(export.with_suffix(Path(self.filepath), self.format))
        changed = wanted != self.filepath
        self.filepath = wanted
        return changed

    def draw(self, context):
        draw_settings(self.layout, self)
        if len(self.takes) > 1:
            self.layout.label(text=say(f"{len(self.takes)} files into this folder"), icon="INFO")

    def run(self, context):
        takes, paths = self._files(context)
        options = export.Options(self.fps, self.preset, self.root_motion, self.deform_only)
        steps = export_files(context.scene, context.view_layer, takes, paths, self.format, options)
        if self._in_slices:
            exporting.begin(steps)
            try:
                window.export_in_slices(context.window)
            except RuntimeError:
                exporting.end()
                raise
            return None
        manager, shown = context.window_manager, 0
        manager.progress_begin(0, 100)
        try:
            while True:
                _, share = next(steps)
                if int(100 * share) > shown:
                    shown = int(100 * share)
                    manager.progress_update(shown)
        except StopIteration as over:
            return over.value
        finally:
            manager.progress_end()

    def _files(self, context) -> tuple[list[bpy.types.Action | None], list[Path]]:
        """The takes and where each is written to. Raises ExportError."""
        takes, path = self._takes(context), Path(bpy.path.abspath(self.filepath))
        if len(takes) == 1:
            return takes, [export.with_suffix(path, self.format)]
        folder = path if path.is_dir() else path.parent
        paths = [export.with_suffix(folder / self._name(context, take), self.format) for take in takes]
        same = [unicodedata.normalize("NFC", path.name).casefold() for path in paths]  # to some systems
        twice = next((path.stem for path, name in zip(paths, same, strict=True) if same.count(name) > 1), None)
        if twice is not None:
            raise export.ExportError(
                f"More than one take would be named {twice}: put {{take}} into the names, or rename one of them."
            )
        return takes, paths

    def _takes(self, context) -> list[bpy.types.Action | None]:
        """The Actions to export; None is what the character plays. Raises ExportError."""
        actions = [bpy.data.actions.get(item.name) for item in self.takes]
        if None in actions:
            raise export.ExportError(f"There is no take {self.takes[actions.index(None)].name}.")
        return actions or [None]

    def _name(self, context, take: bpy.types.Action | None) -> str:
        armature = context.scene.mocap.target
        take = take or export.action_of(armature)
        fps = self.fps or frames_a_second(context.scene)
        return export.file_name(context.scene.mocap_export.names, armature, take.name, fps, self.preset)


def export_files(scene, view_layer, takes, paths: list[Path], kind: str, options: export.Options) -> export.Steps:
    """All files, one after the other. A generator: yields what it does and how far it is; returns a sentence."""
    armature = scene.mocap.target
    for number, (take, path) in enumerate(zip(takes, paths, strict=True)):
        for doing, share in export.export(scene, view_layer, armature, path, kind, options, take):
            yield doing, (number + share) / len(takes)
    return f"Exported {paths[0]}" if len(paths) == 1 else f"Exported {len(paths)} takes to {paths[0].parent}"


class MOCAP_OT_export_in_slices(bpy.types.Operator):
    """Goes on with what `exporting` has begun, and shows it; the user looks on, and may cancel."""

    bl_idname = "mocap.export_in_slices"
    bl_label = "Export Take"
    bl_options: ClassVar = {"INTERNAL"}

    def invoke(self, context, event):
        self._timer = context.window_manager.event_timer_add(_EVERY_S, window=context.window)
        context.window_manager.modal_handler_add(self)
        return {"RUNNING_MODAL"}

    def modal(self, context, event):
        if event.type == "ESC" and event.value == "PRESS":
            exporting.end()
            return self._over(context, {"CANCELLED"}, "WARNING", "The export was cancelled.")
        if not exporting.running:  # it was ended from elsewhere, too
            return self._over(context, {"CANCELLED"}, "WARNING", exporting.problem)
        if event.type != "TIMER":
            return {"PASS_THROUGH"} if window.looks_around(event) else {"RUNNING_MODAL"}
        if bpy.app.is_job_running("RENDER"):  # which has its thread, and may not meet another frame
            return {"RUNNING_MODAL"}
        try:
            told = exporting.advance(_SLICE_S)
        except export.ExportError as error:
            return self._over(context, {"CANCELLED"}, "ERROR", str(error))
        except Exception:
            self._over(context, {"CANCELLED"}, "ERROR", "")
            raise
        if told is not None:
            return self._over(context, {"FINISHED"}, "INFO", told)
        if exporting.doing == export.BLENDER_WRITES:
            window.show_status(export.BLENDER_WRITES)
        else:
            window.show_status(f"{exporting.doing}: {exporting.share:.0%} (Escape cancels)")
        window.redraw_panels()
        return {"RUNNING_MODAL"}

    def cancel(self, context):
        exporting.end("The export ended, because its window was closed.")
        self._over(context, {"CANCELLED"}, "WARNING", "")

    def _over(self, context, status, kind, text):
        context.window_manager.event_timer_remove(self._timer)
        window.show_status(None)
        window.redraw_panels()
        if text:
            self.report({kind}, say(text))
        return status


def draw_settings(layout, settings) -> None:
    """The properties that scene and operator both have."""
    column = layout.column()
    column.use_property_split = True
    column.use_property_decorate = False
    column.prop(settings, "format")
    row = column.row()
    row.enabled = settings.format == "FBX"
    row.prop(settings, "preset")
    column.prop(settings, "fps", text="Rate" if settings.fps else "Rate (Scene's)")
    row = column.row()
    row.enabled = settings.format in ("GLB", "GLTF", "FBX")
    row.prop(settings, "root_motion", expand=True)
    row = column.row()
    row.enabled = settings.format in ("GLB", "GLTF", "FBX", "BVH")
    row.prop(settings, "deform_only")


def of_character(armature: bpy.types.Object) -> list[bpy.types.Action]:
    """The takes that move the armature's bones."""
    return [take for take in bpy.data.actions if action.is_take(take) and action.moves(take, armature)]


def chosen(context: bpy.types.Context) -> list[bpy.types.Action]:
    """The character's takes that are ticked."""
    return [take for take in of_character(context.scene.mocap.target) if take.mocap_export]


CLASSES = (MocapExport, MOCAP_OT_export, MOCAP_OT_export_in_slices)


def add_to_data() -> None:
    bpy.types.Scene.mocap_export = bpy.props.PointerProperty(type=MocapExport)
    bpy.types.Action.mocap_export = bpy.props.BoolProperty(
        name="Export", description="Export this take. Where none is ticked, what the character plays is exported"
    )


def remove_from_data() -> None:
    del bpy.types.Scene.mocap_export
    del bpy.types.Action.mocap_export
