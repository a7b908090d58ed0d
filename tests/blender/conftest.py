"""Blender as the tests have it: the built zip installed in a user folder of its own, and an actor who sends
packets.

The actor's packets go over real UDP. MOCAP_ZIP names a zip that was built before; else one is built here.
"""

import atexit
import json
import os
import shutil
import socket
import sys
import tempfile
import time
from importlib import import_module, util
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

MODULE = "bl_ext.user_default.vitpose_live_mocap"
ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(Path(__file__).parent / "fixtures"), str(ROOT / "worker" / "bench" / "rigs")]
_status: list[int] = []

if util.find_spec("bpy"):
    # Before anything imports bpy, which reads this once.
    _folder = tempfile.mkdtemp(prefix="mocap blender ä ")
    atexit.register(shutil.rmtree, _folder, ignore_errors=True)
    os.environ["BLENDER_USER_RESOURCES"] = str(Path(_folder) / "blender")
    os.environ["MOCAP_DATA"] = str(Path(_folder) / "data")

    from driving import actor_on, capture, drive  # noqa: F401


def pytest_collection_modifyitems(items):
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.blender)


def pytest_sessionfinish(exitstatus):
    _status.append(int(exitstatus))


@pytest.hookimpl(trylast=True)
def pytest_unconfigure():
    """Leave without Blender's clean-up, in which the wheels sometimes crash or hang after a long run."""
    if _status and "MOCAP_LEAVE_AT_ONCE" in os.environ:
        shutil.rmtree(_folder, ignore_errors=True)
        sys.stdout.flush()
        os._exit(_status[0])


def _copy_of_checkout(folder: Path) -> Path:
    """What is built from the repository, so that a test neither finds nor leaves anything in the checkout."""
    built_from = "blender_manifest.toml __init__.py LICENSE README.md pyproject.toml constraints.txt"
    folder.mkdir(parents=True, exist_ok=True)
    for name in built_from.split():
        if (ROOT / name).exists():
            shutil.copy(ROOT / name, folder / name)
    for name in ("addon", "worker", "configs", "checkpoints"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__", "package"))
    return folder


@pytest.fixture(scope="session")
def copy_of_checkout():
    return _copy_of_checkout


@pytest.fixture(scope="session")
def zip_path(tmp_path_factory) -> Path:
    if "MOCAP_ZIP" in os.environ:
        return Path(os.environ["MOCAP_ZIP"])
    extension = pytest.importorskip("mocap_worker.extension", reason="there is no zip, and none can be built")
    checkout = _copy_of_checkout(tmp_path_factory.mktemp("checkout"))
    return extension.build(tmp_path_factory.mktemp("zip"), checkout)


@pytest.fixture(scope="session")
def extension(zip_path):
    """The installed extension: its `session`, and modules as `addon("rig")` and `core("protocol")`."""
    import bpy

    bpy.ops.wm.read_homefile(use_factory_startup=True, use_empty=True)
    bpy.ops.extensions.package_install_files(
        filepath=str(zip_path), repo="user_default", enable_on_install=True
    )
    yield SimpleNamespace(
        session=import_module(f"{MODULE}.addon.session").session,
        addon=lambda name: import_module(f"{MODULE}.addon.{name}"),
        core=lambda name: import_module(f"{MODULE}.addon.core.{name}"),
    )


@pytest.fixture
def session(extension):
    """The session, in an empty file; closed when the test ends."""
    import bpy

    bpy.ops.wm.read_homefile(use_factory_startup=True, use_empty=True)
    bpy.context.scene.mocap.port = 0
    yield extension.session
    extension.session.end("")
    extension.session.notice = ""
    extension.addon("preferences").put("worker_address", "")


@pytest.fixture
def character(session):
    """The default character, added and chosen."""
    import bpy

    bpy.ops.mocap.add_default_rig()
    return bpy.context.scene.mocap.target


@pytest.fixture
def actor(extension, character):
    return Actor(extension, character)


@pytest.fixture(scope="session")
def rig_folder(tmp_path_factory, extension) -> Path:
    """Where rigs that take long to make are kept for the run."""
    return tmp_path_factory.mktemp("rigs")


class Actor:
    """Somebody who looks like the character and moves in front of a level camera, 4 m away and 1.2 m up.

    rotations: (F, B, 4) and hips_location (F, 3), the truth. packets: what a worker would send of it.
    """

    FPS = 30.0
    SIZE = (640, 480)
    FOCAL_PX = 560.0
    CAMERA = np.array([0.0, -4.0, 1.2])

    def __init__(self, extension, character, seconds: float = 3.0):
        self._extension = extension
        maps = extension.addon("bone_maps")
        self.rig = extension.addon("rig").read(character, maps.find(character).bone_map).rig
        self.frames = round(seconds * self.FPS)
        self.times_s = 1.0 + np.arange(self.frames) / self.FPS
        self.rotations, self.hips_location = self._dance()
        self.matrices = extension.core("solve.forward").forward(self.rig, self.rotations, self.hips_location)
        self.packets = self.packets_of(self.matrices)

    def _dance(self):
        """Arms up and down, elbows and knees bending, the body turning a little and stepping sideways."""
        rotation = self._extension.core("rotation")
        phase = 2 * np.pi * 0.5 * (self.times_s - self.times_s[0])
        turns = np.zeros((self.frames, len(self.rig.bones), 3))  # about the axes of armature space

        def turn(bone, axis, degrees):
            turns[:, self.rig.index[bone], axis] = np.radians(degrees)

        turn("hips", 2, 15 * np.sin(phase))
        turn("spine", 0, 6 * np.sin(phase))
        for side, sign in (("left", 1), ("right", -1)):
            turn(f"{side}UpperArm", 1, sign * (45 + 35 * np.sin(phase)))
            turn(f"{side}LowerArm", 2, -sign * (40 + 30 * np.cos(phase)))
            turn(f"{side}UpperLeg", 0, -20 * (1 + sign * np.sin(phase)))
            turn(f"{side}LowerLeg", 0, 25 * (1 + sign * np.sin(phase)))
        rest = self.rig.rest[:, :3, :3]
        matrices = rotation.to_matrix(rotation.from_rotvec(turns))
        rotations = rotation.from_matrix(np.swapaxes(rest, -1, -2) @ matrices @ rest)
        moved = np.stack([0.15 * np.sin(phase), 0 * phase, -0.02 + 0.02 * np.cos(phase)], -1)
        return rotations, moved @ rest[self.rig.index["hips"]]

    def joints(self, matrices):
        """Body keypoints (F, 17, 3) in the world, from the landmarks on the character's bones."""
        skeleton = self._extension.core("skeleton")
        assets = Path(self._extension.addon("character").__file__).parent / "assets"
        landmarks = json.loads((assets / "default_model.landmarks.json").read_text("utf-8"))
        points = [landmarks[name] for name in skeleton.COCO17]
        offsets = np.array([[*point["offset"], 1.0] for point in points])
        bones = [self.rig.index[point["bone"]] for point in points]
        return (matrices[:, bones] @ offsets[..., None])[..., :3, 0]

    def packets_of(self, matrices):
        protocol = self._extension.core("protocol")
        joints = self.joints(matrices) - self.CAMERA
        camera = np.stack([joints[..., 0], -joints[..., 2], joints[..., 1]], -1)
        pixels = camera[..., :2] / camera[..., 2:] * self.FOCAL_PX + np.array(self.SIZE) / 2
        packets = []
        for number, time_s in enumerate(self.times_s):
            root = camera[number, 11:13].mean(0)
            meta = {"v": 1, "session": "dance", "seq": number, "person": 0, "size": list(self.SIZE)}
            meta |= {"skeleton": "coco17", "units": "m", "measured": True, "root": root.round(4).tolist()}
            scores = np.full(17, 0.9)
            packets.append(protocol.PosePacket(pixels[number], scores, camera[number] - root, time_s, meta))
        return packets

    def limbs(self, matrices):
        """Directions (F, 8, 3) of upper and lower arms and legs."""
        heads = matrices[:, :, :3, 3]
        pairs = [
            (f"{side}{bone}", f"{side}{child}")
            for side in ("left", "right")
            for bone, child in (
                ("UpperArm", "LowerArm"),
                ("LowerArm", "Hand"),
                ("UpperLeg", "LowerLeg"),
                ("LowerLeg", "Foot"),
            )
        ]
        index = self.rig.index
        along = np.stack([heads[:, index[b]] - heads[:, index[a]] for a, b in pairs], axis=1)
        return along / np.linalg.norm(along, axis=-1, keepdims=True)

    def posed(self, character) -> np.ndarray:
        """The character's bone matrices (B, 4, 4) as Blender has evaluated them, in armature space."""
        bones = character.pose.bones
        return np.array([bones[name].matrix for name in self.rig.bones]).reshape(-1, 4, 4)

    def errors_deg(self, matrices, numbers) -> np.ndarray:
        """Angles (F, 8) between the limbs of poses (F, B, 4, 4) and the actor's in the packets `numbers`."""
        cosines = np.sum(self.limbs(matrices) * self.limbs(self.matrices[numbers]), axis=-1)
        return np.degrees(np.arccos(np.clip(cosines, -1, 1)))


@pytest.fixture
def sender(extension, session):
    """Sends packets and bytes to the session's port; `play` ticks after each one, as a timer would."""
    protocol = extension.core("protocol")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as out:

        def send(*messages):
            for message in messages:
                datagram = message if isinstance(message, bytes) else protocol.encode(message)
                out.sendto(datagram, ("127.0.0.1", session.link.port))

        def arrived():
            return session.link.counters.received + session.link.counters.bad

        def tick_until_arrived(count):
            """Tick until `count` more datagrams were taken in."""
            wanted, until = arrived() + count, time.perf_counter() + 60.0
            while arrived() < wanted:
                session.tick()
                time.sleep(0.0005)  # so that the receiving thread gets its turn
                assert time.perf_counter() < until, f"{arrived()} datagrams arrived, {wanted} were sent"

        def play(packets, after=lambda number: None):
            for number, packet in enumerate(packets):
                before = arrived()
                send(packet)
                tick_until_arrived(1 - (arrived() - before))
                after(number)

        yield SimpleNamespace(send=send, play=play, tick_until_arrived=tick_until_arrived)
