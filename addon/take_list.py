"""The list of takes as Blender holds it, in `window_manager.mocap_takes`: a copy of what `core.take_folder` has
read.

Nothing of it is saved in a .blend. Drawing only asks for news; a timer brings them in, and without a window
`refresh` does.
"""

from dataclasses import replace
from pathlib import Path

import bpy

from . import film_reference, sources, window
from .core import places
from .core.take import TakeError
from .core.take_folder import Entry, TakeFolder, grows
from .core.take_notes import Notes, read_notes, rename, write_notes
from .session import session

_BEAT_S = 0.2
_folder = TakeFolder()
_shown: tuple[Entry, ...] | None = None  # what the collection has now
problem = ""  # a sentence for the user

STATES = (
    ("READY", "Ready", ""),
    ("RECORDING", "Recording", "It is being recorded"),
    ("UNFINISHED", "Unfinished", "Blender or the computer stopped while it was recorded; what came is there"),
    ("READING", "Reading", "Its figures are being read"),
    ("UNREADABLE", "Unreadable", "It cannot be read"),
)


def _get_name(self) -> str:
    return Path(self.path).stem


def _set_name(self, name: str) -> None:
    global problem
    try:
        before = self.path
        if name != self.name:
            _check_idle(Path(before))
        self.path = str(rename(before, name))
        film_reference.take_was_renamed(Path(before), Path(self.path))
        sources.take_was_renamed(before, self.path)
        problem = ""
    except TakeError as error:
        problem = str(error)
    _folder.forget()


def _check_idle(path: Path) -> None:
    """Raises TakeError where a take is being made, whatever the list shows of it."""
    if grows(path) or (session.recording is not None and session.recording.path == path):
        raise TakeError("Stop recording first.")
    if session.solving is not None and session.solving.path == path:
        raise TakeError("Wait until the take is made.")


def _get_star(self) -> bool:
    return self.starred


def _set_star(self, star: bool) -> None:
    _note_of(self, star=star)


def _set_start(self, start_s: float) -> None:
    _note_of(self, start_s=min(max(start_s, 0.0), self.length_s))


def _get_end(self) -> float:
    return self.kept_end_s if self.kept_end_s >= 0 else self.length_s


def _set_end(self, end_s: float) -> None:
    _note_of(self, end_s=max(end_s, 0.0) if end_s < self.length_s else None)


def _set_frame(self, frame: float) -> None:
    _note_of(self, frame=float(frame))


def _note_of(item, **changes) -> None:
    """Change what is noted about an item's take, and show it."""
    global problem
    try:
        _show(item, note(Path(item.path), **changes))
        problem = ""
    except TakeError as error:
        problem = str(error)


class MocapTake(bpy.types.PropertyGroup):
    """A take in the list. Another name renames its file, the star is kept beside it."""

    path: bpy.props.StringProperty(name="File", description="The take's file", subtype="FILE_PATH")
    name: bpy.props.StringProperty(
        name="Name", description="Double-click to rename the take's file", get=_get_name, set=_set_name
    )
    star: bpy.props.BoolProperty(name="Star", description="Mark the take as a good one", get=_get_star, set=_set_star)
    starred: bpy.props.BoolProperty(options={"HIDDEN"})
    state: bpy.props.EnumProperty(items=STATES)
    created: bpy.props.StringProperty(name="Created")
    length_s: bpy.props.FloatProperty(name="Length", unit="TIME_ABSOLUTE")
    frames: bpy.props.IntProperty(name="Frames")
    lost: bpy.props.IntProperty(name="Lost", description="Packets that never came")
    unseen: bpy.props.IntProperty(name="Unseen", description="Frames that show nobody")
    damaged: bpy.props.IntProperty(name="Damaged", description="Lines of the file that cannot be read")
    people: bpy.props.StringProperty(name="People")
    problem: bpy.props.StringProperty()
    filmed: bpy.props.BoolProperty(name="Video", description="The camera's video was kept")
    start_s: bpy.props.FloatProperty(
        name="Start",
        description="Where in the take it begins to be used",
        precision=2,
        step=10,
        get=lambda self: self.kept_start_s,
        set=_set_start,
    )
    end_s: bpy.props.FloatProperty(
        name="End",
        description="Where in the take it ends to be used",
        precision=2,
        step=10,
        get=_get_end,
        set=_set_end,
    )
    frame: bpy.props.FloatProperty(
        name="Frame",
        description="Where on the timeline the take's first picture lies when it is solved again",
        step=100,
        precision=2,
        get=lambda self: self.kept_frame,
        set=_set_frame,
    )
    kept_start_s: bpy.props.FloatProperty(options={"HIDDEN"})
    kept_end_s: bpy.props.FloatProperty(options={"HIDDEN"})
    kept_frame: bpy.props.FloatProperty(options={"HIDDEN"})


class MocapTakes(bpy.types.PropertyGroup):
    """items: newest first. index: the chosen one."""

    items: bpy.props.CollectionProperty(type=MocapTake)
    index: bpy.props.IntProperty(name="Take", description="The chosen take")


def of(context: bpy.types.Context) -> MocapTakes:
    return context.window_manager.mocap_takes


def chosen(context: bpy.types.Context) -> MocapTake | None:
    takes = of(context)
    return takes.items[takes.index] if 0 <= takes.index < len(takes.items) else None


def look(context: bpy.types.Context) -> None:
    """Ask for news; what there is comes in by a timer. For `draw`, which may change nothing."""
    _ask()
    stale = _folder.entries is not _shown or len(of(context).items) != len(_folder.entries)
    if (stale or _folder.reading) and not bpy.app.background and not bpy.app.timers.is_registered(_beat):
        bpy.app.timers.register(_beat, first_interval=0.01)


def _ask() -> None:
    _folder.look(places.takes_folder(), recorded=session.recording.path if session.recording is not None else None)


def note(path: Path, **changes) -> Notes:
    """Change what is noted about a take; all that is noted then. Raises TakeError."""
    notes = replace(read_notes(path), **changes)
    write_notes(path, notes)
    _folder.forget()
    return notes


def _beat() -> float | None:
    if _folder.entries is not _shown or len(of(bpy.context).items) != len(_folder.entries):
        _bring_in(bpy.context)
        window.redraw_panels()
    return _BEAT_S if _folder.reading else None


def _bring_in(context: bpy.types.Context) -> None:
    global _shown
    takes, entries = of(context), _folder.entries
    before = chosen(context)
    path = before.path if before is not None else ""
    newest_before = takes.items[0].path if len(takes.items) else ""
    while len(takes.items) > len(entries):
        takes.items.remove(len(takes.items) - 1)
    for number, entry in enumerate(entries):
        _fill(takes.items[number] if number < len(takes.items) else takes.items.add(), entry)
    places_by_path = {str(entry.path): number for number, entry in enumerate(entries)}
    # A take that has just been made is chosen; else the choice stays with its take.
    came = bool(entries) and str(entries[0].path) != newest_before and newest_before in places_by_path
    takes.index = 0 if came else places_by_path.get(path, min(takes.index, max(len(entries) - 1, 0)))
    _shown = entries


def _fill(item: MocapTake, entry: Entry) -> None:
    summary = entry.summary
    item.path = str(entry.path)
    _show(item, entry.notes)
    item.state = entry.state.upper() or "READY"
    item.created = summary.created[:16].replace("T", " ")
    item.length_s, item.frames = summary.length_s, summary.frames
    item.lost, item.unseen, item.damaged = summary.lost, summary.unseen, summary.damaged
    item.people = ", ".join(map(str, summary.people))
    item.problem, item.filmed = entry.problem, entry.filmed


def _show(item: MocapTake, notes: Notes) -> None:
    item.starred = notes.star
    item.kept_start_s = notes.start_s
    item.kept_end_s = -1.0 if notes.end_s is None else notes.end_s
    item.kept_frame = 1.0 if notes.frame is None else notes.frame


CLASSES = (MocapTake, MocapTakes)


def register() -> None:
    bpy.types.WindowManager.mocap_takes = bpy.props.PointerProperty(type=MocapTakes)


def unregister() -> None:
    global _shown
    if bpy.app.timers.is_registered(_beat):
        bpy.app.timers.unregister(_beat)
    _folder.close()
    _folder.forget()
    _shown = None
    del bpy.types.WindowManager.mocap_takes
