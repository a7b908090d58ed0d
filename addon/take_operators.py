"""What can be done with a take in the list: recover, delete, see its folder."""

from pathlib import Path
from typing import ClassVar

import bpy

from . import film_reference, take_list
from .core import places
from .core.take import TakeError
from .core.take_notes import delete, read_notes
from .film_reference import FilmError
from .filming import film_path
from .operators import Operator, has_character, require
from .refining import refined_of, refining
from .session import SessionError, session
from .translations import say
from .worker_process import WorkerError


def chosen_path(context: bpy.types.Context) -> str:
    item = take_list.chosen(context)
    return item.path if item is not None else ""


class TakeOperator(Operator):
    """For the take of `filepath`, or the chosen one."""

    def path(self, context: bpy.types.Context) -> Path:
        path = self.filepath or chosen_path(context)
        if not path:
            raise SessionError("Choose a take first.")
        return Path(bpy.path.abspath(path))


def _file():
    return bpy.props.StringProperty(
        name="Take", description="The take's file; empty for the chosen one", subtype="FILE_PATH", options={"SKIP_SAVE"}
    )


class MOCAP_OT_delete_take(TakeOperator, bpy.types.Operator):
    bl_idname = "mocap.delete_take"
    bl_label = "Delete Take"
    bl_description = (
        "Delete the take's file and what belongs to it from the disk. Actions that were made of it stay. "
        "This cannot be undone"
    )

    filepath: _file()

    @classmethod
    def poll(cls, context):
        return require(cls, take_list.chosen(context) is not None, "Choose a take first")

    def invoke(self, context, event):
        name = self.path(context).stem
        return context.window_manager.invoke_confirm(
            self,
            event,
            title=say(f"Delete {name}?"),
            message=self.bl_description,
            confirm_text="Delete",
            icon="WARNING",
        )

    def run(self, context):
        path = self.path(context)
        for busy in (session.recording, session.solving):
            if busy is not None and busy.path == path:
                raise SessionError("Wait until the take is made.")
        if not path.exists():
            raise SessionError(f"{path.name} is gone already.")
        try:
            delete(path)
        except TakeError as error:
            raise SessionError(str(error)) from error
        take_list.look(context)
        return f"Deleted {path.stem}"


class MOCAP_OT_recover_take(TakeOperator, bpy.types.Operator):
    bl_idname = "mocap.recover_take"
    bl_label = "Recover"
    bl_description = (
        "Keep what was recorded before Blender or the computer stopped, and make an Action of it for the character, "
        "if one is chosen, where it was recorded on the timeline"
    )

    filepath: _file()

    @classmethod
    def poll(cls, context):
        return require(cls, session.recording is None and session.solving is None, "Wait until the last take is made")

    def run(self, context):
        path = self.path(context)
        try:
            if not read_notes(path).recording:
                raise SessionError(f"{path.stem} was ended as it should be.")
            take_list.note(path, recording=False)
        except TakeError as error:
            raise SessionError(str(error)) from error
        take_list.look(context)
        if has_character(context):
            session.load_take(path, context.scene, again=True)
        return f"Recovered {path.stem}"


class MOCAP_OT_solve_again(TakeOperator, bpy.types.Operator):
    bl_idname = "mocap.solve_again"
    bl_label = "Solve Again"
    bl_description = (
        "Make the take's Action anew for the character, with the settings as they are now: smoothness, legs, pinned "
        "feet, parts, keys. It replaces the one that was made of the take for this character"
    )

    filepath: _file()

    @classmethod
    def poll(cls, context):
        return require(cls, has_character(context), "Choose a character first") and require(
            cls, session.recording is None and session.solving is None, "Wait until the last take is made"
        )

    def run(self, context):
        session.load_take(self.path(context), context.scene, again=True)


class MOCAP_OT_show_film(TakeOperator, bpy.types.Operator):
    bl_idname = "mocap.show_film"
    bl_label = "Show Video"
    bl_description = "Show the take's video behind the character, in step with the take on the timeline"
    bl_options: ClassVar = {"REGISTER", "UNDO"}

    filepath: _file()

    def run(self, context):
        try:
            film_reference.show(self.path(context), context.scene)
        except FilmError as error:
            raise SessionError(str(error)) from error


class MOCAP_OT_refine_take(TakeOperator, bpy.types.Operator):
    bl_idname = "mocap.refine_take"
    bl_label = "Refine"
    bl_description = (
        "Make a new take of the take's video, beside Blender: the largest model that was fetched, the flip test, "
        "smoothing without lag. Cancelled, it goes on where it was when it is pressed again"
    )

    filepath: _file()

    @classmethod
    def poll(cls, context):
        return require(cls, not refining.running, "A take is being refined")

    def run(self, context):
        path = self.path(context)
        if not film_path(path).exists():
            raise SessionError(f"No video was kept with {path.stem}: record with Keep Video.")
        if refined_of(path).exists():
            raise SessionError(f"{refined_of(path).stem} is there already: delete or rename it to refine again.")
        try:
            refining.begin(path)
        except WorkerError as error:
            raise SessionError(str(error)) from error


class MOCAP_OT_cancel_refining(Operator, bpy.types.Operator):
    bl_idname = "mocap.cancel_refining"
    bl_label = "Cancel"
    bl_description = "Stop refining; what was found so far is kept"

    @classmethod
    def poll(cls, context):
        return require(cls, refining.running, "Nothing is being refined")

    def run(self, context):
        refining.cancel()


class MOCAP_OT_open_takes_folder(Operator, bpy.types.Operator):
    bl_idname = "mocap.open_takes_folder"
    bl_label = "Open Folder"
    bl_description = "Show the takes' folder in the file browser of the system"

    def run(self, context):
        folder = places.takes_folder()
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise SessionError(f"The folder {folder} cannot be made: {error.strerror}.") from error
        bpy.ops.wm.path_open(filepath=str(folder))


CLASSES = (
    MOCAP_OT_delete_take,
    MOCAP_OT_recover_take,
    MOCAP_OT_solve_again,
    MOCAP_OT_show_film,
    MOCAP_OT_refine_take,
    MOCAP_OT_cancel_refining,
    MOCAP_OT_open_takes_folder,
)
