"""The operators of the worker's set-up: set up, update, cancel, check, repair, remove, and what helps beside."""

import secrets
import shutil
from typing import ClassVar

import bpy

from . import machine, setting_up, worker_process
from .core import make_worker, places, systems, uv, worker_environment
from .core.background import format_bytes
from .core.make_worker import SetupError
from .drawing import sentence
from .operators import Operator, require
from .session import session
from .translations import say

_WIDTH_PX, _LETTERS = 420, 62
BUILDS = (
    ("auto", "Auto", "As the machine has it: CUDA for NVIDIA, ROCm for AMD, else the processor"),
    ("cpu", "CPU", "The processor alone: the smallest download"),
    ("cuda", "CUDA", "For an NVIDIA GPU"),
    ("rocm", "ROCm", "For an AMD GPU, on Linux"),
    ("index", "Plain", "As the package index has it, where PyTorch's own cannot be reached"),
)


class MOCAP_OT_setup_worker(Operator, bpy.types.Operator):
    bl_idname = "mocap.setup_worker"
    bl_label = "Set Up Worker"
    bl_description = (
        "Make the worker's own Python environment in your data folder, beside Blender. Asks before it downloads; goes "
        "on in the background, and when Blender is closed"
    )

    build: bpy.props.EnumProperty(name="PyTorch", description="What the model will run on", items=BUILDS)
    repair: bpy.props.BoolProperty(default=False, options={"HIDDEN", "SKIP_SAVE"})

    @classmethod
    def description(cls, context, properties):
        anew = "Make the worker's Python environment anew, for one that does not run. Asks first; models and takes stay"
        return say(anew if properties.repair else cls.bl_description)

    @classmethod
    def poll(cls, context):
        return _may_be_set_up(cls)

    def invoke(self, context, event):
        made = worker_environment.made()
        self.build = made.backend if made else machine.get("torch_build") or "auto"
        title = "Repair Worker" if self.repair else self.bl_label
        return context.window_manager.invoke_props_dialog(self, width=_WIDTH_PX, title=title, confirm_text="Download")

    def draw(self, context):
        layout = self.layout
        column = layout.column()
        column.use_property_split = True
        column.use_property_decorate = False
        column.prop(self, "build")
        if self.build == "auto":
            sentence(column, f"This machine: {_DRIVERS[systems.graphics()]}.", "INFO", _LETTERS)
        sentence(column, self._what_it_takes(), "IMPORT", _LETTERS)
        if uv.find() is None:
            size = format_bytes(uv.ABOUT_BYTES)
            sentence(column, f"uv, which does it, is fetched from its makers first: {size}.", "IMPORT", _LETTERS)
        sentence(column, f"Everything goes into {places.worker_folder()}.", "FILE_FOLDER", _LETTERS)
        sentence(column, "It goes on while you work, and when Blender is closed.", "TIME", _LETTERS)

    def _what_it_takes(self) -> str:
        made = worker_environment.made()
        if made is not None and made.backend == self.build:
            return "What has not changed is here already; the rest is fetched, usually a few megabytes."
        fetched, needed = make_worker.about_bytes(self.build, graphics=systems.graphics())
        return (
            f"Fetches about {format_bytes(fetched)} of PyTorch and other packages, less where some are here already, "
            f"and takes about {format_bytes(needed)} of the {format_bytes(_free())} that are free."
        )

    def run(self, context):
        _, needed = make_worker.about_bytes(self.build, graphics=systems.graphics())
        # A repair finds most of it there, and must not be refused for a full disk.
        if setting_up.situation() == "missing" and _free() < needed:
            free = format_bytes(_free())
            raise SetupError(f"About {format_bytes(needed)} are needed in {places.worker_folder()}; {free} are free.")
        machine.put("torch_build", "" if self.build == "auto" else self.build)
        setting_up.start(self.build, self.repair)


class MOCAP_OT_update_worker(Operator, bpy.types.Operator):
    bl_idname = "mocap.update_worker"
    bl_label = "Update Worker"
    bl_description = (
        "Bring the worker to the version that the add-on carries, at once: what has changed is downloaded, for the "
        "same PyTorch as before. Goes on in the background, and when Blender is closed"
    )

    @classmethod
    def poll(cls, context):
        return _may_be_set_up(cls) and require(
            cls, setting_up.situation() == "older", "The worker is the one that the add-on carries"
        )

    def run(self, context):
        setting_up.update()


class MOCAP_OT_setup_cancel(Operator, bpy.types.Operator):
    bl_idname = "mocap.setup_cancel"
    bl_label = "Cancel"
    bl_description = "End the set-up. What has been fetched stays, and the next one goes on from there"

    @classmethod
    def poll(cls, context):
        return require(cls, setting_up.report().state == "running", "Nothing is being set up")

    def run(self, context):
        setting_up.cancel()


class MOCAP_OT_setup_dismiss(Operator, bpy.types.Operator):
    bl_idname = "mocap.setup_dismiss"
    bl_label = "Dismiss"
    bl_description = "Take this message away"

    def run(self, context):
        setting_up.forget()


class MOCAP_OT_setup_log(Operator, bpy.types.Operator):
    bl_idname = "mocap.setup_log"
    bl_label = "Open Log"
    bl_description = "What the set-up said, line by line"

    @classmethod
    def poll(cls, context):
        return require(cls, make_worker.log_file().is_file(), "There is no log yet")

    def run(self, context):
        bpy.ops.wm.path_open(filepath=str(make_worker.log_file()))


class MOCAP_OT_worker_log(Operator, bpy.types.Operator):
    bl_idname = "mocap.worker_log"
    bl_label = "Open Worker's Log"
    bl_description = "What the worker said since it was last started from here, line by line"

    @classmethod
    def poll(cls, context):
        return require(cls, worker_process.log_file().is_file(), "There is no log yet")

    def run(self, context):
        bpy.ops.wm.path_open(filepath=str(worker_process.log_file()))


class MOCAP_OT_check_worker(Operator, bpy.types.Operator):
    bl_idname = "mocap.check_worker"
    bl_label = "Check Worker"
    bl_description = "Have the worker look what it has and what is missing: Python, PyTorch, GPU, model, cameras, ports"

    @classmethod
    def poll(cls, context):
        return require(cls, not setting_up.checking(), "It is being looked at")

    def run(self, context):
        setting_up.check()


class MOCAP_OT_remove_worker(Operator, bpy.types.Operator):
    bl_idname = "mocap.remove_worker"
    bl_label = "Remove Worker"
    bl_description = "Delete the worker's environment. Takes, models and settings stay"
    bl_options: ClassVar = {"REGISTER"}

    @classmethod
    def poll(cls, context):
        return require(cls, not session.worker_runs, "Disconnect first: the worker runs")

    def invoke(self, context, event):
        return context.window_manager.invoke_confirm(
            self, event, title="Remove the worker?", message=self.bl_description, confirm_text="Remove", icon="WARNING"
        )

    def run(self, context):
        setting_up.remove()
        return "The worker is removed."


class MOCAP_OT_copy_worker_command(Operator, bpy.types.Operator):
    bl_idname = "mocap.copy_worker_command"
    bl_label = "Copy Command"
    bl_description = "Copy what starts the worker in a terminal; Start Capture then joins it"

    def run(self, context):
        try:
            program = worker_process.find()
        except worker_process.WorkerError as error:
            raise SetupError(str(error)) from None
        port = machine.get("worker_address").rpartition(":")[2]
        context.window_manager.clipboard = systems.command_line(worker_process.command(program, port))
        return "The command is copied: paste it into a terminal."


class MOCAP_OT_forget_program(Operator, bpy.types.Operator):
    bl_idname = "mocap.forget_program"
    bl_label = "Look for Another"
    bl_description = "No longer ask for the program that the preferences name"

    def run(self, context):
        machine.put("worker", "")


class MOCAP_OT_make_key(Operator, bpy.types.Operator):
    bl_idname = "mocap.make_key"
    bl_label = "New Key"
    bl_description = "Make a key for a worker on another machine, and copy it for that one"

    def run(self, context):
        key = secrets.token_urlsafe(24)
        machine.put("key", key)
        context.window_manager.clipboard = key
        return "The key is copied: give it to the worker, in the variable MOCAP_KEY."


class MOCAP_OT_online_preferences(Operator, bpy.types.Operator):
    bl_idname = "mocap.online_preferences"
    bl_label = "Open Preferences"
    bl_description = "Show Blender's setting Allow Online Access, in the preferences under System"

    def run(self, context):
        bpy.ops.screen.userpref_show("INVOKE_DEFAULT", section="SYSTEM")


ONLINE = "Switch on Allow Online Access in Blender's preferences, under System"
_DRIVERS = {
    "cuda": "an NVIDIA GPU was found, so CUDA",
    "rocm": "an AMD GPU with ROCm was found",
    "metal": "its GPU is used through Metal",
    "": "no GPU was found that PyTorch knows, so the processor",
}


def _may_be_set_up(cls) -> bool:
    return (
        require(cls, bpy.app.online_access, ONLINE)
        and require(cls, setting_up.report().state != "running", "The set-up runs already")
        and require(cls, not session.worker_runs, "Disconnect first: the worker runs")
    )


def _free() -> float:
    folder = places.worker_folder()
    while not folder.exists():
        folder = folder.parent
    return float(shutil.disk_usage(folder).free)


CLASSES = (
    MOCAP_OT_setup_worker,
    MOCAP_OT_update_worker,
    MOCAP_OT_setup_cancel,
    MOCAP_OT_setup_dismiss,
    MOCAP_OT_setup_log,
    MOCAP_OT_worker_log,
    MOCAP_OT_check_worker,
    MOCAP_OT_remove_worker,
    MOCAP_OT_copy_worker_command,
    MOCAP_OT_forget_program,
    MOCAP_OT_make_key,
    MOCAP_OT_online_preferences,
)
