"""The worker's end of the wire: leases, start and stop, status; runs captures in a thread beside.

Nobody listening means no capture: leases run out within seconds, so a Blender that has gone takes its capture
with it. The add-on's end is `mocap_core.link`.
"""

import os
import threading
import time
import traceback
from collections import deque
from collections.abc import Callable
from dataclasses import replace

import numpy as np

from mocap_core.endpoint import Endpoint
from mocap_core.previews import Previews
from mocap_core.protocol import (
    Cameras,
    Devices,
    Film,
    PacketError,
    Ping,
    Pong,
    PosePacket,
    Preview,
    Start,
    Status,
    Stop,
    Subscribe,
    decode,
    encode,
    encode_pose,
)

from .cameras import CameraError, find_cameras
from .detector import DetectorError
from .films import Films
from .models import ModelError, Models
from .options import job_of
from .preview import show
from .source import Frame, open_source, shown
from .stream import Figures, Job, run

_LONGEST_LEASE_S = 10.0
_LONGEST_ID = 64
_STATUS_S = 1.0
_WAIT_S = 0.05
_DEAF_S = 0.5
_STOP_S = 8.0  # a camera that is being opened takes its time to let go
_CAMERAS, _NAME = 32, 60  # of them, and letters of a name, that fit a datagram
_GOODBYES = 3  # the last status, over UDP, and then nobody is there to say it again

Address = tuple[str, int]


class Worker:
    """Serves the wire until `serve` returns.

    defaults: what a start that leaves something out means. Where it has a source, that is captured as soon as
    somebody listens, with no start.
    targets: addresses that poses go to without being asked. once: return when a capture has ended or failed.
    idle_exit_s: return when nobody has listened for so long; 0 for never.
    told: called with the status of each new state.
    """

    def __init__(
        self,
        endpoint: Endpoint,
        defaults: Job,
        targets: tuple[Address, ...] = (),
        once: bool = False,
        idle_exit_s: float = 0.0,
        told: Callable[[Status], None] = lambda status: None,
    ):
        self._endpoint = endpoint
        self._defaults = defaults
        self._targets = targets
        self._once = once
        self._idle_exit_s = idle_exit_s
        self._told = told
        self._leases: dict[Address, float] = {}
        self._listened_s = time.perf_counter()
        self._wanted: Job | None = defaults if defaults.source else None
        self._request = ""
        self._handled: deque[str] = deque(maxlen=64)
        self._capture: _Capture | None = None
        self._figures = Figures()
        self._models = Models()
        self._previews, self._films = Previews(), Films()
        self._news: deque[Status] = deque()  # from the capture's thread
        self._status = Status("idle")
        self._status_due_s = 0.0
        self._looking: threading.Thread | None = None
        self._quit = False

    def quit(self) -> None:
        """Makes `serve` return soon; may be called from a signal handler."""
        self._quit = True

    def serve(self) -> Status:
        """Runs until there is nothing left to do; gives the last status. The endpoint is closed then."""
        heard_s = time.perf_counter()
        try:
            while not self._quit:
                self._endpoint.wait(_WAIT_S)
                now = time.perf_counter()
                if now - heard_s > _DEAF_S:
                    # Loading a model can hold up this whole process; leases wait for it.
                    self._leases = {a: until_s + now - heard_s for a, until_s in self._leases.items()}
                    self._films.excuse(now - heard_s)
                heard_s = now
                for datagram, address, arrival_s in self._endpoint.drain():
                    try:
                        self._handle(decode(datagram), address, arrival_s)
                    except PacketError as error:
                        self._endpoint.count_bad(error)
                self._count_leases(now)
                self._advance()
                self._publish(now)
                if self._once and self._capture is None and self._status.state in ("ended", "error"):
                    break
                if self._idle_exit_s and now - self._listened_s > self._idle_exit_s:
                    break
        finally:
            self._end()
        return self._status

    def _handle(self, message: object, address: Address, arrival_s: float) -> None:
        if isinstance(message, Subscribe):
            if message.lease_s <= 0:
                self._leases.pop(address, None)
                return
            if address not in self._leases:
                self._status_due_s = 0.0
            self._leases[address] = arrival_s + min(message.lease_s, _LONGEST_LEASE_S)
        elif isinstance(message, Ping):
            self._endpoint.send(encode(Pong(message.sent, arrival_s, time.perf_counter())), address)
        elif isinstance(message, Preview) and address in self._leases:
            self._previews.ask(address, message, arrival_s)
        elif isinstance(message, Film) and address in self._leases:
            filmed = self._films.ask(address, message, arrival_s)
            self._endpoint.send(encode(Film(filmed)), address)
        elif isinstance(message, Devices) and address in self._leases:
            self._look_for_cameras(address)
        elif isinstance(message, Start | Stop) and address in self._leases:
            if len(message.id) > _LONGEST_ID:
                raise PacketError(f"an id of {len(message.id)} letters, at most {_LONGEST_ID} are answered")
            self._status_due_s = 0.0
            if message.id in self._handled:
                return
            self._handled.append(message.id)
            self._request = message.id
            if self._capture is not None:
                self._capture.stop.set()
            if isinstance(message, Stop):
                self._wanted = None
                if self._capture is None or self._status.state in ("ended", "error"):  # nothing more comes from it
                    self._set_status(Status("idle"))
                return
            self._figures = Figures()
            try:
                self._wanted = job_of(message, self._defaults)
                self._set_status(Status("loading", progress=0.0))
            except CameraError as error:
                self._wanted = None
                self._set_status(Status("error", str(error)))

    def _look_for_cameras(self, address: Address) -> None:
        """Looks in a thread, as some systems open each camera for it; one that looks answers who asked first."""
        if self._looking is None or not self._looking.is_alive():
            self._looking = threading.Thread(target=self._tell_cameras, args=(address,), name="cameras", daemon=True)
            self._looking.start()

    def _tell_cameras(self, address: Address) -> None:
        names = {str(camera.index): camera.name[:_NAME] for camera in find_cameras()[:_CAMERAS]}
        self._endpoint.send(encode(Cameras(names)), address)

    def _count_leases(self, now: float) -> None:
        for address in [address for address, until_s in self._leases.items() if until_s < now]:
            del self._leases[address]
        self._previews.keep(self._leases, now)
        self._films.keep(self._leases, now)
        if self._leases or self._targets:
            self._listened_s = now
            return
        if self._capture is not None:
            self._capture.stop.set()
        self._wanted = self._defaults if self._defaults.source else None  # for the next who listens

    def _advance(self) -> None:
        """Takes the capture's news, and starts the wanted capture when the one before has let go."""
        running = self._capture is not None and self._capture.is_alive()
        self._hear_news()  # after the question, so that the last words of one that is over are among them
        if running:
            return
        self._capture = None
        if self._wanted is None and self._status.state not in ("idle", "ended", "error"):
            self._set_status(Status("idle"))  # it made way for one that was stopped before it began
        if self._wanted is None or not (self._leases or self._targets):
            return
        job = replace(self._wanted, session=os.urandom(4).hex())
        self._wanted = None
        self._figures = Figures()
        send, show = self._send_pose, self._show
        self._capture = _Capture(job, self._models, self._figures, send, show, self._news.append)
        self._capture.start()

    def _hear_news(self) -> None:
        stopping = self._capture is not None and self._capture.stop.is_set()
        while self._news:
            status = self._news.popleft()
            if stopping and status.state not in ("ended", "error", "idle"):
                continue  # it was said before
            if stopping:  # also where it ended by itself meanwhile
                status = replace(status, state="idle", message="")
            making_way = status.state == "idle" and self._wanted is not None and self._leases
            refused = status.state == "idle" and self._status.state == "error"  # a start, for which it was stopped
            if not making_way and not refused:
                self._set_status(status)

    def _send_pose(self, packet: PosePacket) -> None:
        datagram = encode_pose(packet)
        for address in {*self._targets, *self._leases.copy()}:
            self._endpoint.send(datagram, address)

    def _show(self, frame: Frame) -> None:
        show(self._previews, frame)
        self._films.show(frame)

    def _set_status(self, status: Status) -> None:
        # File names may hold what is no text, and the names of a checkpoint's keys may fill pages.
        message = status.message.encode("utf-8", "replace").decode("utf-8")
        status = replace(status, message=message if len(message) <= 1000 else message[:999] + "…")
        changed = (status.state, status.message, status.progress) != (
            self._status.state,
            self._status.message,
            self._status.progress,
        )
        self._status = status
        self._status_due_s = 0.0
        if changed:
            self._told(replace(status, figures=self._figures.as_dict()))

    def _publish(self, now: float) -> None:
        if now < self._status_due_s:
            return
        self._status_due_s = now + _STATUS_S
        self._status = replace(self._status, figures=self._figures.as_dict(), request=self._request)
        datagram = encode(self._status)
        for address in self._leases:
            self._endpoint.send(datagram, address)

    def _end(self) -> None:
        if self._capture is not None:
            self._capture.stop.set()
        self._films.close()  # first: who ends the worker may not wait for long
        if self._capture is not None:
            self._capture.join(_STOP_S)
            self._hear_news()
        for _ in range(_GOODBYES):
            self._status_due_s = 0.0
            self._publish(time.perf_counter())
            time.sleep(0.02)
        self._previews.close()
        self._endpoint.close()


class _Capture(threading.Thread):
    """One capture in a thread; its last words through `tell` are ended, idle or error."""

    def __init__(
        self,
        job: Job,
        models: Models,
        figures: Figures,
        send: Callable[[PosePacket], None],
        show: Callable[[Frame], None],
        tell: Callable[[Status], None],
    ):
        super().__init__(name="capture", daemon=True)
        self.stop = threading.Event()
        self._job, self._models, self._figures = job, models, figures
        self._send, self._show, self._tell = send, show, tell

    def run(self) -> None:
        job = self._job
        try:
            self._loading("Opening the source", 0.0)  # first: what is wrong with it is then said at once
            source = open_source(job.source, job.paced, job.look)
            try:
                backend, lifter = self._models.get(
                    job.config, job.checkpoint, job.device, self._loading, job.backend, job.precision
                )
                detector = None
                if job.detector:
                    detector = self._models.detector(job.detector, job.device, self._loading)
                self._figures.model, self._figures.device = backend.name, backend.device
                self._capture(source, backend, lifter, detector)
            finally:
                source.close()
        except (CameraError, ModelError) as error:
            self._say("error", str(error))
        except Exception as error:  # a bug: its trace goes to the log, and whoever listens hears of it
            traceback.print_exc()
            self._say("error", f"The capture of {shown(job.source)} broke off: {type(error).__name__}: {error}")
        else:
            if self.stop.is_set():
                self._say("idle")
            else:
                self._say("ended", f"{shown(job.source)} has ended.")

    def _capture(self, source, backend, lifter, detector) -> None:
        from .backends import BackendError  # not above: with it comes PyTorch, and that takes seconds

        try:
            # The first time with so many people takes longer than the others.
            most = self._job.max_people
            for count in sorted({count for count in (2, 4, most) if 1 < count <= most}):
                self._loading(f"Warming up for {count} people", 0.95)
                backend.infer(np.zeros((480, 640, 3), np.uint8), np.tile([0.0, 0.0, 640.0, 480.0], (count, 1)))
            job, figures = self._job, self._figures
            run(job, source, backend, lifter, self._send, self._say, figures, self.stop, detector, self._show)
        except (BackendError, DetectorError) as error:
            raise ModelError(str(error)) from None

    def _loading(self, message: str, progress: float) -> None:
        self._say("loading", f"{message}.", progress)

    def _say(self, state: str, message: str = "", progress: float | None = None) -> None:
        self._tell(Status(state, message, progress, session=self._job.session))
