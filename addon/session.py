"""The one runtime object, `session`: from datagrams to the posed character, and from a recording to an
Action.

`tick` is called by a timer in a window and by scripts without one. Names are kept, not references, because
undo and file loads make those invalid. What the user sees is read from `stats`.
"""

import time
from pathlib import Path
from urllib.parse import urlsplit

import bpy

from . import action, bone_maps, machine, preferences, rig, window
from .calibrating import Calibrating
from .capture import Capture
from .core import adaptive
from .core.calibration import Calibration
from .core.link import LinkError, PoseLink
from .core.pipeline import Settings, State, recentred, step
from .core.protocol import PosePacket
from .core.seal import read_key
from .core.solve.rig import RigError
from .core.stages import LAG_JOINTS
from .core.take import TakeError, read_take
from .held import pose_of, stand
from .measures import Rate, Times
from .recording import Recording, frames_a_second, stand_in
from .replay import Replay
from .solving import SolvedTake, Solving, named, people_in

SLICE_S = 0.004  # of the final solve, a tick
# Where ticks are rarer than packets, the last few are filtered, so that the newest is seen with its motion.
CATCH_UP = 4
PRESENT_S = 1.0
STAGES = ("receive", "solve", "write", "evaluate", "keys")
_REDRAW_S = 0.25
USUAL_NOISE_M, USUAL_STEP_S = 0.015, 1 / 30  # what lag is told for as long as nobody is seen


class SessionError(Exception):
    """What was asked for cannot be done; the text is a sentence for the user."""


class Session:
    """Holds the link, the solver's state and the take being recorded or solved; see the module.

    notice: the last thing that went wrong, a sentence for the user. last_take: what the last take became.
    calibration: of this capture's actor and camera, if there was one.
    """

    def __init__(self):
        self.link: PoseLink | None = None
        self.recording: Recording | None = None
        self.solving: Solving | None = None
        self.last_take: SolvedTake | None = None
        self.calibrating: Calibrating | None = None
        self.calibration: Calibration | None = None
        self.notice = ""
        self._capture = Capture()
        self._replay = Replay()
        self._scene_name = ""
        self._target: rig.Target | None = None
        self._refused: tuple[object, str] = (None, "")  # a character as it is told apart, and why it is not driven
        self._state: State | None = None
        self._person = 0  # whom `_state` is of
        self._redrawn_s = 0.0
        self._reset_figures()

    # What the operators call

    def connect(self, scene: bpy.types.Scene) -> None:
        """Open the port and subscribe at the worker. Raises SessionError."""
        address, key = preferences.get("worker_address"), preferences.get("key")
        host, _, port = address.rpartition(":")
        try:
            self.link = PoseLink(scene.mocap.port, (host, int(port)), read_key(key) if key else None)
        except LinkError as error:
            raise SessionError(str(error)) from error
        except ValueError as error:
            raise SessionError(
                f"Check the worker's address {address!r} and the key in the preferences: {error}."
            ) from error
        self.notice = ""
        self.calibrating = self.calibration = None
        self._scene_name = scene.name
        self._target, self._refused = None, (None, "")
        self._reset_figures()
        self._armature(scene)
        clockwork.start()

    def disconnect(self) -> None:
        """Close the port and end a worker that was started here. A take being recorded is stopped first."""
        if self.recording is not None:
            try:
                self.record_stop()
            except SessionError as error:
                self.notice = str(error)
        self._close()

    def start_capture(self, scene: bpy.types.Scene) -> None:
        """Ask the worker for the machine's source, model and device; one is started if none answers."""
        if self.link is None:
            self.connect(scene)
        self.notice = ""
        self.calibrating = self.calibration = None  # the camera may be another one
        try:
            self._replay.aim(self.link)
        except LinkError as error:
            raise SessionError(str(error)) from error
        self._capture.start(self.link, scene.mocap.people)

    def stop_capture(self) -> None:
        if self.link is not None:
            self._capture.stop(self.link)

    def recentre(self) -> None:
        """Put the character back where it stood, facing as it did. Raises SessionError."""
        if self._state is None or self._state.pose is None:
            raise SessionError("There is nobody yet whose character could be put back.")
        if self.recording is not None:
            raise SessionError("Stop recording first: a take goes on from where it began.")
        self._state = recentred(self._state)

    def calibrate(self) -> None:
        """Begin the countdown, or end one that runs. Raises SessionError."""
        if self.link is None:
            raise SessionError("Start the capture first.")
        if self.recording is not None:
            raise SessionError("Stop recording first: a take has one calibration.")
        self.notice = ""
        self.calibrating = Calibrating(time.perf_counter()) if self.calibrating is None else None

    def forget_calibration(self) -> None:
        """Go on from running estimates."""
        self.calibrating = self.calibration = None
        if self._state is not None:
            self._state = recentred(self._state)

    def record_start(self, scene: bpy.types.Scene) -> None:
        """Record from now on, from the playhead. Raises SessionError."""
        if self.link is None:
            raise SessionError("Connect or start the capture first.")
        if self.solving is not None:
            raise SessionError("Wait until the last take is solved.")
        armature = self._armature(scene, again=True)
        if armature is None:
            raise SessionError(self._refused[1] or "Choose a character first.")
        source = _without_password(preferences.get("source"))
        try:
            self.recording = Recording(
                self._target, stand(armature, self._target), armature, scene, source, self.calibration
            )
        except TakeError as error:
            raise SessionError(str(error)) from error
        self.notice = ""

    def record_stop(self) -> None:
        """End the take and solve it: in slices where there is a window, else at once. Raises SessionError."""
        recording, self.recording = self.recording, None
        try:
            recording.writer.close()
        except TakeError as error:
            self.notice = str(error)
        scene = bpy.data.scenes.get(self._scene_name)
        if scene is None:
            raise SessionError(f"The scene is gone. The take is kept as {recording.path}.")
        if scene.mocap.person not in (people := people_in(recording.packets)):
            recording.discard(rig.find(recording.target, scene))
            if not people:
                raise SessionError("The take is empty: nobody was seen while recording.")
            raise SessionError(
                f"Person {scene.mocap.person} was not seen while recording; {named(people)}. The take is kept as "
                f"{recording.path}; choose another person and load it."
            )
        self._solve(
            scene,
            Solving(
                recording.path,
                recording.target,
                _settings(scene, recording.calibration),
                recording.stand,
                recording.packets,
                recording.first_frame,
                recording.fps,
                recording.action_name,
                scene.mocap.person,
                recording.held,
            ),
        )

    def load_take(self, path: Path, scene: bpy.types.Scene) -> None:
        """Solve a take from disk for the scene's character, from the playhead. Raises SessionError."""
        if self.recording is not None or self.solving is not None:
            raise SessionError("Wait for the take that is being made.")
        armature = scene.mocap.target
        if armature is None or armature.name not in scene.objects:
            raise SessionError("Choose a character first.")
        try:
            take = read_take(path)
            target = rig.read(armature, bone_maps.of(scene, armature))
        except (TakeError, RigError) as error:
            raise SessionError(str(error)) from error
        if scene.mocap.person not in (people := people_in(take.packets)):
            shown = f"not person {scene.mocap.person}; {named(people)}. Choose another person" if people else "nobody"
            raise SessionError(f"{path} shows {shown}.")
        self.notice = ""
        self._scene_name = scene.name
        stood = stand_in(take.header) or stand(armature, target)
        fps = frames_a_second(scene)
        self._solve(
            scene,
            Solving(
                path,
                target,
                _settings(scene, Calibration.from_header(take.header)),
                stood,
                take.packets,
                scene.frame_current,
                fps,
                person=scene.mocap.person,
                held=pose_of(armature, target),
            ),
        )

    # The tick

    def tick(self, now: float | None = None) -> None:
        """Take in what came, pose the character by the newest, go on with what is being recorded or solved.

        now: time.perf_counter(), which it is by default.
        """
        now = time.perf_counter() if now is None else now
        scene = bpy.data.scenes.get(self._scene_name)
        if scene is None:
            return
        if self.link is not None:
            self._live(scene, now)
        if self.solving is not None and self.solving.advance(SLICE_S):
            self._finish(scene)
        if now - self._redrawn_s > _REDRAW_S:
            self._redrawn_s = now
            window.redraw_panels()
            if self.solving is not None:
                window.show_status(f"Solving the take: {self.solving.progress:.0%}")

    @property
    def busy(self) -> bool:
        """True while ticks are needed."""
        return self.link is not None or self.solving is not None

    @property
    def worker_runs(self) -> bool:
        """True while a worker that was started here runs."""
        return self._capture.runs

    @property
    def world_from_camera(self):
        """(3, 3) the live solver's rotation from camera axes to the character's world, or None before a pose."""
        return None if self._state is None else self._state.rotation

    @property
    def error(self) -> str:
        """What is wrong now, a sentence for the user, or an empty string."""
        return self._capture.error or self.notice or self._refused[1] or machine.problem

    def stats(self) -> dict:
        """What the panel and scripts want to know; times in milliseconds as {p50, p95}, None before the
        first.

        latency_ms: from a frame's grab to the updated pose. arrival_ms: from a packet's arrival to that.
        tick_ms: a tick with a packet, without Blender's own evaluation; stages_ms: its parts, with that. people:
        who is in the picture, by number. lag_ms: by how much the smoothing is late, now or, before a pose, as a rule.
        seated: hips and legs hold. calibration: what is to be done, or what was told.
        """
        link, status = self.link, self.link.status if self.link else None
        counters = link.counters if link else None
        names = ("received", "lost", "late", "reordered", "bad")
        now = time.perf_counter()
        return {
            "state": self._state_name(),
            "wanted": self._capture.wanted,
            "message": status.message if status and self._capture.wanted else "",
            "error": self.error,
            "port": link.port if link else None,
            "fps": round(self._rate.value(now), 1),
            "latency_ms": self._latency.summary(),
            "arrival_ms": self._arrival.summary(),
            "tick_ms": self._tick.summary(),
            "stages_ms": {stage: times.summary() for stage, times in self._stages.items()},
            **{name: getattr(counters, name) if counters else 0 for name in names},
            "people": [person for person, seen_s in sorted(self._people.items()) if now - seen_s < PRESENT_S],
            "lag_ms": round(1e3 * self._lag_s(), 1),
            "seated": self._state is not None and self._state.seated,
            "calibration": self._calibration_says(),
            "recorded": self.recording.writer.packets if self.recording else 0,
            "progress": self.solving.progress if self.solving else (status.progress if status else None),
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
        received_s = clock()
        self._capture.watch(self.link, now)
        armature = self._armature(scene)
        person = scene.mocap.person
        if self.calibrating is not None:
            self._calibrate([packet for packet in packets if packet.person == person], now)
        newest = self.link.newest.get(person)
        if newest is None or armature is None:
            return
        if person != self._person:
            self._person, self._state = person, self._initial(armature)
            self.calibrating = self.calibration = None
        theirs = [packet for packet in packets if packet.person == person]
        begun_s = clock()
        settings = _settings(scene, self.calibration)
        for packet in theirs[-CATCH_UP:]:
            self._state, pose = step(self._target.rig, settings, self._state, packet)
        solved_s = clock()
        if pose is not None:
            rig.pose(armature, self._target, pose)
        written_s = clock()
        _view_layer(scene).update()
        done_s = clock()
        if self.recording is not None:
            if pose is not None:
                self.recording.show(pose)
            self.recording.write_some(armature, done_s)
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
        self._measure(newest, done_s)

    def _calibrate(self, packets: list[PosePacket], now: float) -> None:
        calibrating = self.calibrating
        calibrating.take(packets, now)
        if calibrating.done:
            self.notice = calibrating.error
            self.calibrating = None
            if calibrating.calibration is not None:
                self.calibration = calibrating.calibration
                self._state = recentred(self._state) if self._state is not None else None

    def _initial(self, armature: bpy.types.Object) -> State:
        return State.initial(stand(armature, self._target), pose_of(armature, self._target))

    def _record(self, packets: list[PosePacket]) -> None:
        try:
            self.recording.take(packets)
        except TakeError as error:
            self.record_stop()
            self.notice = str(error)

    def _measure(self, packet: PosePacket, done_s: float) -> None:
        self._arrival.add(done_s - packet.meta["received"])
        grabbed, offset_s = packet.meta.get("grabbed"), self.link.clock_offset_s
        if "v" in packet.meta and grabbed is not None and offset_s is not None:
            self._latency.add(done_s - (grabbed - offset_s))

    def _armature(self, scene: bpy.types.Scene, again: bool = False) -> bpy.types.Object | None:
        """The scene's character, read when it changes, or `again`; None where it cannot be driven."""
        chosen = scene.mocap.target
        if chosen is None or chosen.name not in scene.objects:
            if self._target is not None:
                self._refused = (None, f"{self._target.name} is gone. Choose a character, or undo.")
            return None
        known = self._target is not None and rig.find(self._target, scene) == chosen
        # What is recorded goes on as it began, even where the map or a limb's switch is changed.
        if known and not again and (self.recording is not None or rig.is_current(self._target, scene, chosen)):
            lost = ", ".join(rig.gone(self._target, chosen))
            self._refused = (None, f"{lost} is gone from {chosen.name}; the rest goes on." if lost else "")
            return chosen
        told_apart = bone_maps.told_apart(scene, chosen)
        if told_apart == self._refused[0] and not again:
            return None
        self._release(scene)
        before = self._target
        try:
            self._target = rig.read(chosen, bone_maps.of(scene, chosen))
        except RigError as error:
            self._target, self._refused = None, (told_apart, str(error))
            return None
        self._refused = (None, "")
        if before is None or before.uid != self._target.uid or before.rig.bones != self._target.rig.bones:
            self._state = self._initial(chosen)
        return chosen

    def _release(self, scene: bpy.types.Scene | None) -> None:
        """Let the character's switches be as they were."""
        armature = rig.find(self._target, scene) if self._target is not None and scene is not None else None
        if armature is not None:
            rig.release(armature, self._target)

    # The finished take

    def _solve(self, scene: bpy.types.Scene, solving: Solving) -> None:
        self.solving = solving
        if not bpy.app.background:
            clockwork.start()
            return
        while not solving.advance(1.0):
            pass
        self._finish(scene)
        if self.notice:
            raise SessionError(self.notice)

    def _finish(self, scene: bpy.types.Scene) -> None:
        solving, self.solving = self.solving, None
        window.show_status(None)
        armature = rig.find(solving.target, scene)
        if armature is None:
            self.notice = (
                f"{solving.target.name} is gone. The take is kept; load {solving.path} for another character."
            )
            return
        take_action = bpy.data.actions.get(solving.action_name) or action.new(armature, solving.path.stem)
        self.last_take = solving.write(armature, take_action)
        window.push_undo("Record Take")

    # Its own upkeep

    def _close(self) -> None:
        if self.recording is not None:
            self.recording.close()
        self.recording = self.solving = self.calibrating = None
        self._release(bpy.data.scenes.get(self._scene_name))
        self._target = None
        self._capture.close()
        self._replay.close()
        if self.link is not None:
            self.link.close()
            self.link = None

    def end(self, why: str) -> None:
        """Let go of everything at once; a take being recorded stays on disk and `notice` says where."""
        if self.link is None and self.solving is None:
            return
        kept = self.recording or self.solving
        self._close()
        self.notice = f"{why} The take so far is kept as {kept.path}." if kept else why

    def _lag_s(self) -> float:
        scene = bpy.data.scenes.get(self._scene_name) or bpy.context.scene
        heaviness = _settings(scene, None).heaviness
        track = self._state.track if self.link is not None and self._state is not None else None
        if track is None:
            return adaptive.usual_lag_s(USUAL_NOISE_M, heaviness, USUAL_STEP_S)
        return adaptive.lag_s(track, heaviness, LAG_JOINTS)

    def _calibration_says(self) -> str:
        if self.calibrating is not None:
            return self.calibrating.says
        return f"Calibrated: {self.calibration.height_m:.2f} m tall" if self.calibration is not None else ""

    def _state_name(self) -> str:
        if self.recording is not None:
            return "recording"
        if self.solving is not None:
            return "solving"
        if self.link is None:
            return "off"
        return self._capture.state(self.link) if self._capture.wanted else "connected"

    def _reset_figures(self) -> None:
        self._stages = {stage: Times() for stage in STAGES}
        self._people: dict[int, float] = {}  # when each was last seen
        self._latency, self._arrival, self._tick, self._rate = Times(), Times(), Times(), Rate()


def _settings(scene: bpy.types.Scene, calibration: Calibration | None) -> Settings:
    chosen = scene.mocap
    if calibration is not None and chosen.mirror:
        calibration = calibration.mirrored()
    return Settings(
        level=chosen.level,
        mirror=chosen.mirror,
        smoothness=chosen.smoothness,
        legs=chosen.legs,
        calibration=calibration,
    )


def _view_layer(scene: bpy.types.Scene) -> bpy.types.ViewLayer:
    return bpy.context.view_layer if bpy.context.scene == scene else scene.view_layers[0]


def _without_password(source: str) -> str:
    """The source as it may be written into a take."""
    if not preferences.holds_password(source):
        return source
    parts = urlsplit(source)
    return parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()


session = Session()
clockwork = window.Clockwork(
    tick=session.tick,
    busy=lambda: session.busy,
    failed=lambda error: session.end(f"The capture ended by an error: {error}."),
    loading=lambda: session.end("The capture ended, because another file was loaded."),
)


def register() -> None:
    clockwork.register()


def unregister() -> None:
    clockwork.unregister()
    session.end("")
