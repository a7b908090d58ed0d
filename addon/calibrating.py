"""A calibration under way: a countdown to get into place, then two seconds of standing, by the packets' own clock."""

from .core.calibration import STAND_S, Calibration, CalibrationError, calibrate
from .core.observe import observe
from .core.protocol import PosePacket
from .core.take_clock import RESTART_GAP_S

COUNTDOWN_S = 3.0
PATIENCE_S = 20.0  # for the first packet


class Calibrating:
    """Takes packets in until `done`; then there is a `calibration`, or an `error`, a sentence for the user."""

    def __init__(self, now: float):
        self.calibration: Calibration | None = None
        self.error = ""
        self._asked_s = now
        self._session: str | None = None
        self._start_s: float | None = None
        self._time_s = 0.0
        self._lifter = None
        self._seen = []

    @property
    def done(self) -> bool:
        return self.calibration is not None or bool(self.error)

    @property
    def left_s(self) -> float:
        """Seconds until it is over; the last two are the standing."""
        spent_s = 0.0 if self._start_s is None else self._time_s - self._start_s
        return max(0.0, COUNTDOWN_S + STAND_S - spent_s)

    @property
    def says(self) -> str:
        """What the actor should do now."""
        if self._start_s is None:
            return "Calibration waits for somebody in the picture"
        if self.left_s > STAND_S:
            return f"Stand straight, whole in the picture: {self.left_s - STAND_S:.0f}"
        return f"Stand still: {self.left_s:.0f}"

    def take(self, packets: list[PosePacket], now: float) -> None:
        """Go on with the packets that came, of the person who is calibrated."""
        if self._start_s is None and now - self._asked_s > PATIENCE_S:
            self.error = "Calibration saw nobody. Start the capture, and stand in the picture."
        for packet in packets:
            if self.done:
                return
            anew = packet.session != self._session or packet.timestamp < self._time_s - RESTART_GAP_S
            if not anew and packet.timestamp < self._time_s:  # it comes late
                continue
            if self._start_s is None and packet.empty:
                continue
            if self._start_s is None or anew:
                self._session, self._start_s, self._seen, self._lifter = packet.session, packet.timestamp, [], None
            self._time_s = packet.timestamp
            observation, self._lifter = observe(packet, self._lifter)
            if observation is not None and self.left_s <= STAND_S:
                self._seen.append(observation)
            if self.left_s <= 0:
                self._finish()

    def _finish(self) -> None:
        try:
            self.calibration = calibrate(self._seen)
        except CalibrationError as error:
            self.error = str(error)
