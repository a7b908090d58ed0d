"""The one runtime object, `session`: from datagrams to the posed character, and from a recording to an
Action.

`tick` is called by a timer in a window and by scripts without one. Names are kept, not references, because
undo and file loads make those invalid. What the user sees is read from `stats`.
"""

import time
from contextlib import suppress
from pathlib import Path
from urllib.parse import urlsplit

import bpy

from . import machine, preferences, rig, window
from .calibrating import Calibrating
from .capture import Capture
from .core import adaptive
from .core.calibration import Calibration
from .core.journal import Journal
from .core.link import LinkError, PoseLink
from .core.protocol import PosePacket
from .core.quality import Quality
from .core.reading import Reading
from .core.seal import read_key
from .core.stages import LAG_JOINTS
from .core.take import TakeError
from .cues import Cues
from .driven import Driven, assigned, people_asked_for, settings_of
from .exporting import exporting
from .filming import Filming
from .ghost import ghost
from .making import Making, of_recording, of_take
from .measures import Latency, Rate, Times
from .pose_before import PoseBefore
from .preview import preview
from .prompter import prompter
from .recording import Recording
from .replay import Replay
from .silence import LiveSilence
from .solving import SolvedTake, Solving

_SMALL = 200_000  # bytes of a take that is read at once
SLICE_S = 0.004  # of the final solve, a tick
PRESENT_S = 1.0
STAGES = ("receive", "solve", "write", "evaluate", "keys")
_REDRAW_S = 0.25
USUAL_NOISE_M, USUAL_STEP_S = 0.015, 1 / 30  # what lag is told for as long as nobody is seen


class SessionError(Exception):
    """What was asked for cannot be done; the text is a sentence for the user."""


class Session:
    """Holds the link, the solver's state and the take being recorded or solved; see the module.

    notice: the last thing that went wrong, a sentence for the user. last_take: what the last take became for the
    first of its characters, last_takes: for each. before: the characters' poses before the last recording. cues: what
    begins and ends recordings by itself.
    """

    def __init__(self):
        self.link: PoseLink | None = None
        self.recording: Recording | None = None
        self._making: Making | None = None
        self.reading: Reading | None = None
        self._again = False  # what is read is a take that is solved again
        self.last_takes: list[SolvedTake] = []
        self.cues = Cues()
        self.filming: Filming | None = None
        self.before: list[PoseBefore] = []
        self._journal: Journal | None = None  # of the last recording, on its way to the disk
        self.notice = ""
        self.at_once = bpy.app.background
        self._capture = Capture()
        self._replay = Replay()
        self._silence = LiveSilence()
        self._scene_uid = 0
        self._cast = [Driven(0)]  # the scene's character, then the others
        self._reached: tuple = ()  # see _whom; of the link
        self._redrawn_s = 0.0
        self._warned = ""
        self._reset_figures()

    # What the operators call

    def connect(self, scene: bpy.types.Scene) -> None:
        """Open the port and subscribe at the worker. Raises SessionError."""
        address, key = preferences.get("worker_address"), preferences.get("key")
        host, _, port = address.rpartition(":")
        try:
            if not 1 <= int(port) <= 65535:
                raise ValueError("a port is a number from 1 to 65535")
            self.link = PoseLink(scene.mocap.port, (host, int(port)), read_key(key) if key else None)
        except LinkError as error:
            raise SessionError(str(error)) from error
        except ValueError as error:
            raise SessionError(
                f"Check the worker's address {address!r} and the key in the preferences: {error}."
            ) from error
        self.notice = self._capture.error = ""
        self._reached = _whom(scene)
        self._scene_uid = scene.session_uid
        self._cast = [Driven(scene.mocap.person)]
        self._reset_figures()
        self._driven(scene)
        clockwork.start()

    def disconnect(self) -> None:
        """Close the port and end a worker that was started here. A take being recorded is stopped first, and solved."""
        self.notice = ""
        if self.recording is not None:
            try:
                self.record_stop()
            except SessionError as error:
                self.notice = str(error)
        self._let_go()

    def start_capture(self, scene: bpy.types.Scene) -> None:
        """Ask the worker for the machine's source, model and device; one is started if none answers. Where another
        worker is wanted than the one that is connected, that one is left."""
        if self.link is not None and self._reached != _whom(scene):
            if self.recording is not None:
                raise SessionError("Stop recording first.")
            self.disconnect()
        if self.link is None:
            self.connect(scene)
        self.notice = ""
        for driven in self._cast:
            driven.calibrating = driven.calibration = None  # the camera may be another one
        try:
            self._replay.aim(self.link)
        except LinkError as error:
            raise SessionError(str(error)) from error
        self._capture.start(self.link, people_asked_for(scene))

    def stop_capture(self) -> None:
        if self.link is not None:
            self._capture.stop(self.link)

    def recentre(self) -> None:
        """Put every character back where it stood, facing as it did. Raises SessionError."""
        if self.recording is not None:
            raise SessionError("Stop recording first: a take goes on from where it began.")
        if not any([driven.recentre() for driven in self._cast]):
            raise SessionError("There is nobody yet whose character could be put back.")

    def calibrate(self) -> None:
        """Begin the countdown for everybody who is followed and in the picture, or end one that runs. Raises
        SessionError."""
        if self.link is None:
            raise SessionError("Start the capture first.")
        if self.recording is not None:
            raise SessionError("Stop recording first: a take has one calibration.")
        self.notice = ""
        now = time.perf_counter()
        cancelled = self.calibrating is not None
        seen = self._in_the_picture(now)
        there = [driven for driven in self._cast if driven.person in seen] or self._cast[:1]
        for driven in self._cast:
            driven.calibrating = Calibrating(now) if driven in there and not cancelled else None

    def forget_calibration(self) -> None:
        """Go on from running estimates."""
        for driven in self._cast:
            driven.forget_calibration()

    def record(self, scene: bpy.types.Scene) -> None:
        """Record, after the countdown if there is one. Raises SessionError."""
        if scene.mocap.record.countdown_s and self.link is not None and self.solving is None:
            self.notice = ""
            self.cues.count_down(time.perf_counter(), scene.mocap.record.countdown_s)
        else:
            self.record_start(scene)

    def record_start(self, scene: bpy.types.Scene) -> None:
        """Record from now on, from the playhead. Raises SessionError."""
        if self.link is None:
            raise SessionError("Connect or start the capture first.")
        if self.solving is not None or self.reading is not None:
            raise SessionError("Wait until the last take is solved.")
        if exporting.running:
            raise SessionError("Wait until the export is done.")
        cast = self._driven(scene, again=True)
        if not cast or cast[0][0] is not self._cast[0]:
            raise SessionError(self._cast[0].problem or "Choose a character first.")
        source = _without_password(preferences.get("source"))
        try:
            self.cues.cancel()
            self.recording = Recording(cast, scene, source)
            self.filming = Filming(self.recording.path, self.link) if scene.mocap.record.keep_video else None
        except TakeError as error:
            raise SessionError(str(error)) from error
        self.notice = ""

    def record_stop(self) -> None:
        """End the take and solve it: in slices where there is a window, else at once. Raises SessionError."""
        recording, self.recording = self.recording, None
        self._end_filming()
        recording.end(self.link.clock_offset_s if self.link is not None else None)
        self.before, self._journal = [part.before for part in recording.parts], recording.journal
        scene = self._scene
        if scene is None:
            for part in recording.parts:
                part.discard(None)
            raise SessionError(f"The scene is gone. The take is kept as {recording.path}.")
        waiting, problem = of_recording(recording, scene)
        if not recording.journal.people:
            recording.journal.discard()
            raise SessionError("The take is empty: nobody was seen while recording.")
        if not waiting:
            raise SessionError(problem)
        self.notice = problem or self.notice
        self._make(scene, Making(waiting, self._journal))

    def load_take(self, path: Path, scene: bpy.types.Scene, again: bool = False) -> None:
        """Solve a take from disk for every character whose person it shows, from the playhead; `again`: where it was,
        in place of the Action that was made of it. Raises SessionError.

        A large one is read by a thread, and what is wrong with it is said in `notice`.
        """
        if self.recording is not None or self.solving is not None or self.reading is not None:
            raise SessionError("Wait for the take that is being made.")
        if exporting.running:
            raise SessionError("Wait until the export is done.")
        chosen = scene.mocap.target
        if chosen is None or chosen.name not in scene.objects:
            raise SessionError("Choose a character first.")
        self._scene_uid, self.notice = scene.session_uid, ""
        self.reading, self._again = Reading(path), again
        if bpy.app.background or not path.exists() or path.stat().st_size < _SMALL:
            self._read(scene)
        else:
            clockwork.start()

    def _read(self, scene: bpy.types.Scene) -> None:
        """Go on with a take that has been read. Raises SessionError."""
        reading, self.reading = self.reading, None
        try:
            take, people = reading.take()
        except TakeError as error:
            raise SessionError(str(error)) from error
        waiting, problem = of_take(take, people, scene, self._again)
        if not waiting:
            raise SessionError(problem)
        self.notice = problem
        self._make(scene, Making(waiting, self._journal, self._again))

    # The tick

    def tick(self, now: float | None = None) -> None:
        """Take in what came, pose the character by the newest, go on with what is being recorded or solved.

        now: time.perf_counter(), which it is by default.
        """
        now = time.perf_counter() if now is None else now
        scene = self._scene
        if scene is None:
            return
        if self.link is not None:
            self._live(scene, now)
            prompter.show(self._prompt(now), self.recording is not None)
        if self.reading is not None and self.reading.done:
            try:
                self._read(scene)
            except SessionError as error:
                self.notice = str(error)
        elif self._making is not None:
            self._go_on(scene, SLICE_S)
        if now - self._redrawn_s > _REDRAW_S:
            self._redrawn_s = now
            window.redraw_panels()
            self._warn()
            if self._making is not None:
                window.show_status(f"Solving the take: {self._making.progress:.0%}")

    @property
    def _scene(self) -> bpy.types.Scene | None:
        """The scene that is captured for, whatever it is called by now."""
        return next((scene for scene in bpy.data.scenes if scene.session_uid == self._scene_uid), None)

    @property
    def busy(self) -> bool:
        """True while ticks are needed."""
        return self.link is not None or self.solving is not None or self.reading is not None

    @property
    def worker_runs(self) -> bool:
        """True while a worker that was started here runs."""
        return self._capture.runs

    @property
    def solving(self) -> Solving | None:
        """What is solved just now of a take for one of its characters, or None."""
        return self._making.solving if self._making is not None else None

    @property
    def last_take(self) -> SolvedTake | None:
        return self.last_takes[0] if self.last_takes else None

    @property
    def calibrating(self) -> Calibrating | None:
        """The first character's calibration that is under way, or another's."""
        return next((driven.calibrating for driven in self._cast if driven.calibrating is not None), None)

    @property
    def calibration(self) -> Calibration | None:
        """The first character's calibration, or another's."""
        return next((driven.calibration for driven in self._cast if driven.calibration is not None), None)

    @property
    def world_from_camera(self):
        """(3, 3) the live solver's rotation from camera axes to the first character's world, or None before a pose."""
        state = self._cast[0].state
        return None if state is None else state.rotation

    @property
    def error(self) -> str:
        """What is wrong now, a sentence for the user, or an empty string."""
        problem = next((driven.problem for driven in self._cast if driven.problem), "")
        problem = problem or (self.link.problem if self.link is not None else "")
        return self._capture.error or self.notice or problem or machine.problem

    @property
    def can_dismiss(self) -> bool:
        """True where what went wrong is over, and only its sentence is left."""
        return bool(self.notice or (self._capture.error and not self._capture.wanted))

    def dismiss(self) -> None:
        """Take that sentence away."""
        self.notice = ""
        if not self._capture.wanted:
            self._capture.error = ""

    def stats(self) -> dict:
        """What the panel and scripts want to know; times in milliseconds as {p50, p95}, None before the
        first.

        latency_ms: from a frame's grab to the updated pose; latency_stages_ms: its parts, see `measures.Latency`.
        quality: 0…1 by limb, None with nobody in view. changed: the settings are others than those of the capture.
        arrival_ms: from a packet's arrival to that.
        preview_ms, ghost_ms: our part of a redraw.
        tick_ms: a tick with a packet, without Blender's own evaluation; stages_ms: its parts, with that. people:
        who is in the picture, by number. lag_ms: by how much the smoothing is late, now or, before a pose, as a rule.
        seated: hips and legs hold. calibration: what is to be done, or what was told. countdown_s: until a take begins,
        or None.
        """
        link, status = self.link, self.link.status if self.link else None
        counters = link.counters if link else None
        names = ("received", "lost", "late", "reordered", "bad")
        now = time.perf_counter()
        return {
            "state": self._state_name(),
            "wanted": self._capture.wanted,
            "changed": self._changed(bpy.context.scene),
            "message": self._message(),
            "error": self.error,
            "port": link.port if link else None,
            "fps": round(self._rate.value(now), 1),
            "latency_ms": self._latency.whole.summary(),
            "latency_stages_ms": {stage: times.summary() for stage, times in self._latency.stages.items()},
            "arrival_ms": self._latency.stages["blender"].summary(),
            "quality": self._quality.value(now),
            "preview_ms": preview.draw_ms.summary(),
            "ghost_ms": ghost.draw_ms.summary(),
            "tick_ms": self._tick.summary(),
            "stages_ms": {stage: times.summary() for stage, times in self._stages.items()},
            **{name: getattr(counters, name) if counters else 0 for name in names},
            "people": self._in_the_picture(now),
            "lag_ms": round(1e3 * self._lag_s(), 1),
            "seated": self._cast[0].state is not None and self._cast[0].state.seated,
            "calibration": self._calibration_says(),
            "countdown_s": self.cues.left(now),
            "recorded": self.recording.journal.packets if self.recording else 0,
            "progress": self._making.progress if self._making else (status.progress if status else None),
            "worker": dict(status.figures) if status else {},
        }

    def _live(self, scene: bpy.types.Scene, now: float) -> None:
        clock = time.perf_counter
        start_s = clock()
        packets = self.link.poll(now)
        for packet in packets:
            if not packet.empty:
                self._people[packet.person] = now
        if self.recording is not None and packets:
            self._record(packets)
        if self.recording is not None and self.filming is not None:
            self.filming.tick(self.link, now)
        self._follow_cues(scene, packets, now)
        preview.tick(self.link, packets, now, self._replay.plays and not self._replay.draws)
        ghost.tick(scene, self._cast, packets, now)
        received_s = clock()
        self._capture.watch(self.link, now)
        leading = self.link.newest.get(scene.mocap.person)
        if leading is not None and not leading.empty:
            self._quality.add(now, leading.scores)
        cast = self._driven(scene)
        self._silence.follow(scene, cast, self.link, now)
        by_person = {driven.person: [] for driven in self._cast}
        for packet in packets:
            by_person.get(packet.person, []).append(packet)
        for driven in self._cast:
            if driven.calibrating is not None:
                self._calibrate(driven, by_person[driven.person], now)
        seen = [(driven, armature) for driven, armature in cast if driven.person in self.link.newest]
        if not seen:
            return
        begun_s = clock()
        poses = [driven.step(settings_of(scene, driven.calibration), by_person[driven.person]) for driven, _ in seen]
        solved_s = clock()
        written = [
            None if pose is None else rig.pose(armature, driven.target, pose)
            for (driven, armature), pose in zip(seen, poses, strict=True)
        ]
        written_s = clock()
        _view_layer(scene).update()
        done_s = clock()
        if self.recording is not None:
            for (driven, armature), pose, basis in zip(seen, poses, written, strict=True):
                self.recording.show(driven, armature, pose, basis, done_s)
        ended_s = clock()
        spent_s = (
            received_s - start_s,
            solved_s - begun_s,
            written_s - solved_s,
            done_s - written_s,
            ended_s - done_s,
        )
        for stage, seconds in zip(STAGES, spent_s, strict=True):
            self._stages[stage].add(seconds)
        self._tick.add(ended_s - start_s - (done_s - written_s))
        self._rate.add(done_s)
        self._latency.add(self.link.newest[seen[0][0].person].meta, done_s, self.link.clock_offset_s)

    def _calibrate(self, driven: Driven, packets: list[PosePacket], now: float) -> None:
        problem = driven.calibrate(packets, now)
        if problem:
            self.notice = problem if len(self._cast) == 1 else f"Person {driven.person}: {problem}"

    def _end_filming(self) -> None:
        filming, self.filming = self.filming, None
        if filming is not None:
            filming.end(self.link)
            self.notice = self.notice or filming.problem

    def _record(self, packets: list[PosePacket]) -> None:
        try:
            self.recording.take(packets)
        except TakeError as error:
            with suppress(SessionError):  # what the disk says comes first
                self.record_stop()
            self.notice = str(error)

    def _prompt(self, now: float) -> str:
        """What is to be seen from far away."""
        if self.recording is not None:
            return f"{int(self.recording.length_s) // 60}:{int(self.recording.length_s) % 60:02d}"
        if self.cues.begins_s is not None:
            return str(self.cues.left(now))
        return self.calibrating.says if self.calibrating is not None else ""

    def _warn(self) -> None:
        """Say in the status bar what is wrong, once; the panel says it as long as it is so."""
        error, before = self.error, self._warned
        self._warned = error
        if error and error.partition(":")[0] != before.partition(":")[0]:  # what follows may change each moment
            window.warn(error)

    def _follow_cues(self, scene: bpy.types.Scene, packets: list[PosePacket], now: float) -> None:
        watched = [packet for packet in packets if packet.person == self._cast[0].person]
        wanted = self.cues.follow(scene.mocap.record, watched, self.recording, now) if self.solving is None else ""
        try:
            if wanted == "begin":
                self.record_start(scene)
            elif wanted == "stop":
                self.record_stop()
        except SessionError as error:
            self.notice = str(error)

    def _driven(self, scene: bpy.types.Scene, again: bool = False) -> list[tuple[Driven, bpy.types.Object]]:
        """The characters that can be driven, as they are assigned now; read anew where they changed, or `again`."""
        pairs = assigned(scene)
        if len(pairs) > 1 or len(self._cast) > 1:
            self._recast(scene, pairs)
        out = []
        for driven, (chosen, person) in zip(self._cast, pairs, strict=True):
            armature = driven.armature(scene, chosen, again, as_it_began=self.recording is not None)
            driven.follow(person, armature)
            if armature is not None:
                out.append((driven, armature))
        return out

    def _recast(self, scene: bpy.types.Scene, pairs: list[tuple[bpy.types.Object | None, int]]) -> None:
        """Bring `_cast` in step with the characters but the first: who stays goes on as it was."""
        before = {driven.uid: driven for driven in self._cast[1:]}
        uids = [(armature.session_uid, person) for armature, person in pairs[1:]]
        self._cast[1:] = [before.pop(uid, None) or Driven(person, uid) for uid, person in uids]
        for driven in before.values():
            driven.release(scene)

    def _in_the_picture(self, now: float) -> list[int]:
        return [person for person, seen_s in sorted(self._people.items()) if now - seen_s < PRESENT_S]

    # The finished take

    def _make(self, scene: bpy.types.Scene, making: Making) -> None:
        self._making, self.last_takes = making, making.takes
        if not self.at_once:
            clockwork.start()
            return
        if making.journal is not None:
            making.journal.wait()
        while self._making is not None:
            self._go_on(scene, 1.0)
        if making.problem:
            raise SessionError(making.problem)

    def _go_on(self, scene: bpy.types.Scene, budget_s: float) -> None:
        making = self._making
        making.advance(scene, budget_s)
        if making.solving is not None:
            return
        self._making = None
        self.notice = making.problem or self.notice or (making.journal.problem if making.journal is not None else "")
        window.show_status(None)
        if making.again and making.takes and scene.mocap.chains:
            self.notice = self.notice or window.solve_chains()
        if making.takes:
            made = making.takes[0]
            # Its operator lies over that of the chains, so it comes before their first step.
            window.push_undo(f"{made.action} is made: {len(made.frames)} frames.")

    # Its own upkeep

    def _close(self) -> None:
        if self._making is not None:
            self._making.solving.close()
            window.show_status(None)
        self.leave_unfinished()
        if self.recording is not None:
            self._end_filming()
            self.recording.end()
        self.recording = self._making = self.reading = None
        self._let_go()

    def leave_unfinished(self) -> None:
        """Let characters go of every Action that no undo step has yet. Before an undo: Blender keeps a character that
        the step does not change as it is, and would crash with an Action that is gone. All are begun anew, also of
        those characters of a take that were done: the journal and the solves have everything."""
        scene = self._scene
        for part in self.recording.parts if self.recording is not None else ():
            part.discard(scene and rig.find(part.target, scene))
        if self._making is not None:
            self._making.leave(scene)

    def _let_go(self) -> None:
        """Of the worker and the characters; what is solved goes on."""
        self.cues.cancel()
        self._silence.end()
        for driven in self._cast:
            driven.release(self._scene)
        self._cast = [Driven(0)]
        preview.end()
        ghost.end()
        prompter.show("")
        self._capture.close()
        self._replay.close()
        if self.link is not None:
            self.link.close()
            self.link = None

    def end(self, why: str) -> None:
        """Let go of everything at once; a take being recorded stays on disk and `notice` says where."""
        if self.link is None and self.solving is None and self.reading is None:
            return
        kept = self.recording or self.solving or self.reading
        self._close()
        self.notice = f"{why} The take so far is kept as {kept.path}." if kept else why

    def _lag_s(self) -> float:
        scene = self._scene or bpy.context.scene
        heaviness = settings_of(scene, None).heaviness
        state = self._cast[0].state
        track = state.track if self.link is not None and state is not None else None
        if track is None:
            return adaptive.usual_lag_s(USUAL_NOISE_M, heaviness, USUAL_STEP_S)
        return adaptive.lag_s(track, heaviness, LAG_JOINTS)

    def _calibration_says(self) -> str:
        if self.calibrating is not None:
            return self.calibrating.says
        heights = [f"{driven.calibration.height_m:.2f} m" for driven in self._cast if driven.calibration is not None]
        return f"Calibrated: {', '.join(heights)} tall" if heights else ""

    def _state_name(self) -> str:
        if self.recording is not None:
            return "recording"
        if self.cues.begins_s is not None:
            return "counting"
        if self.solving is not None or self.reading is not None:
            return "solving"
        if self.link is None:
            return "off"
        if self.link.looking_up:
            return "looking"
        return self._capture.state(self.link) if self._capture.wanted else "connected"

    def _message(self) -> str:
        if self.link is not None and self.link.looking_up:
            return f"Looking up {self.link.looking_up} …"
        return self.link.status.message if self.link and self.link.status and self._capture.wanted else ""

    def _changed(self, scene: bpy.types.Scene) -> bool:
        """True where the settings are no longer those of the capture that runs."""
        elsewhere = self._capture.wanted and self._reached != _whom(scene)
        return elsewhere or self._capture.changed(people_asked_for(scene))

    def _reset_figures(self) -> None:
        self._stages = {stage: Times() for stage in STAGES}
        self._people: dict[int, float] = {}  # when each was last seen
        self._latency, self._quality, self._tick, self._rate = Latency(), Quality(), Times(), Rate()


def _view_layer(scene: bpy.types.Scene) -> bpy.types.ViewLayer:
    return bpy.context.view_layer if bpy.context.scene == scene else scene.view_layers[0]


def _whom(scene: bpy.types.Scene) -> tuple:
    """What the settings say of who is connected to, and where."""
    return preferences.get("worker_address"), preferences.get("key"), scene.mocap.port


def _without_password(source: str) -> str:
    """The source as it may be written into a take."""
    if not preferences.holds_password(source):
        return source
    try:
        parts = urlsplit(source)
    except ValueError:  # what is no URL may still hold one
        scheme, _, rest = source.partition("://")
        return f"{scheme}://{rest.rpartition('@')[2]}"
    return parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()


session = Session()


def _failed(error: Exception) -> None:
    session.end(f"The capture ended by an error: {error}.")
    window.warn(session.notice)


clockwork = window.Clockwork(
    tick=session.tick,
    busy=lambda: session.busy,
    failed=_failed,
    loading=lambda: session.end("The capture ended, because another file was loaded."),
)


# Blender knows handlers by their function.
@bpy.app.handlers.persistent
def _before_undo(*_) -> None:
    session.leave_unfinished()


def register() -> None:
    clockwork.register()
    for handlers in (bpy.app.handlers.undo_pre, bpy.app.handlers.redo_pre):
        handlers.append(_before_undo)


def unregister() -> None:
    for handlers in (bpy.app.handlers.undo_pre, bpy.app.handlers.redo_pre):
        handlers.remove(_before_undo)
    clockwork.unregister()
    session.end("")
