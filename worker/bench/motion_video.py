"""Captured motion on the default character, drawn as a video before a fixed camera, and what the worker finds in it.

Owns the closed loop up to the packets: our own renderer, a file, `mocap run` as a process of its own with the weights
that ship, and its datagrams. The character is in the training's pictures, its surroundings here are not.
"""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np

from mocap_core.protocol import PacketError, PosePacket, decode
from mocap_core.skeleton import COCO_COUNT
from mocap_core.solve import fit, forward

from ..commands.train import default_character
from ..demo import video
from ..demo.bench import BenchError
from ..training.chance import Chance
from ..training.gltf import Character, read_character
from ..training.lifter_people import action_of
from ..training.lighting import sample_light
from ..training.motion import Clip
from ..training.people import Person
from ..training.pictures import simplified
from ..training.pile import Pile
from ..training.poses import character_rig, landmark_points, read_landmarks
from ..training.render import Backdrop, Camera, PlainLook, Renderer
from ..training.render import Scene as Picture
from ..training.scene import noise_picture
from ..training.surroundings import Surroundings, surroundings
from .motion_scenes import FPS, SIZE, Scene, before_a_camera

MOST_WALKS = 2  # as people walk much alike, and the worker takes its time
CELLS_M, OVERSAMPLE = 0.01, 1.0
_WIDTH, _HEIGHT = (int(side) for side in SIZE)


def seen_by_the_worker(
    clips: list[Clip], folder: Path, progress: Callable[[str, int, int], None]
) -> tuple[list[Scene], list[list[PosePacket]]]:
    """The clips as scenes of the default character, and the worker's packets of each, one a frame.

    Raises ImportError, CharacterError and RenderError where nothing can be drawn, BenchError where the worker fails.
    """
    os.environ.setdefault("LP_NUM_THREADS", "0")  # software OpenGL draws in this thread
    glb = default_character()
    character = read_character(glb)
    landmarks = read_landmarks(glb.with_suffix(".landmarks.json"), character)
    around = surroundings(folder, held_out=True)
    renderer = Renderer(simplified(character, CELLS_M), (_WIDTH, _HEIGHT), OVERSAMPLE, around=around)
    walks = [clip.name for clip in clips if action_of(clip.name) == "walking"][MOST_WALKS:]
    clips = [clip for clip in clips if clip.name not in walks]
    filmed, sent = [], []
    for seed, clip in enumerate(clips):
        scene, bones = acted(character, landmarks, clip, seed)
        path = folder / f"{seed}.mp4"
        with video.writer(path, _WIDTH, _HEIGHT, FPS) as append:
            for picture in _drawn(renderer, character, around, scene, bones, seed):
                append(picture)
        filmed.append(scene)
        sent.append(one_a_frame(_found(path, folder), len(bones)))
        progress("Drawing videos for ViTPose", seed + 1, len(clips))
    return filmed, sent


def acted(character: Character, landmarks, clip: Clip, seed: int) -> tuple[Scene, np.ndarray]:
    """The scene of a clip of 60 fps that the character acts, and its bones (F, B, 4, 4) in the world at `FPS`."""
    rig = character_rig(character)
    count = (len(clip.joints_body) - 1) // 2 * 2 + 1
    bones = forward(rig, *fit(rig, clip.joints_body[:count].astype(float)))
    joints = landmark_points(bones, landmarks)
    bones[..., 2, 3] -= joints[:, :, 2].min()
    joints[..., 2] -= joints[:, :, 2].min()
    leg_m = float(np.linalg.norm(np.diff(joints[0, [11, 13, 15]], axis=0), axis=-1).sum())
    rng = np.random.default_rng([7, seed])
    return before_a_camera(clip.name, action_of(clip.name), joints[:, :COCO_COUNT], leg_m, rng), bones[::2]


def _drawn(renderer: Renderer, character: Character, around: Surroundings, scene: Scene, bones: np.ndarray, seed: int):
    """The pictures (H, W, 3) RGB uint8 of a scene."""
    rng = np.random.default_rng([8, seed])
    c = Chance(rng)
    colours = character.colours.astype(float)
    colours[:, 3] = 0.1  # gloss
    pile = Pile(c, around, colours[:, :3], 0.0)
    hips = scene.joints[:, 11:13].mean(1)
    middle = (hips.min(0) + hips.max(0)) / 2 * [1.0, 1.0, 0.0]
    away = scene.camera[2, :3] * [1.0, 1.0, 0.0]
    away /= np.linalg.norm(away)
    reach = np.linalg.norm((hips - middle)[:, :2], axis=1).max() + 1.5
    along = np.cross([0.0, 0.0, 1.0], -away)
    wall = np.stack([along, [0.0, 0.0, 1.0], -away], 1)
    pile.add("quad", middle, (40, 40, 1), pile.surface("floor"))
    pile.add("quad", middle + away * reach + [0, 0, 2.5], (40, 5, 1), pile.surface("wall"), wall)
    for number in range(5):
        aside = 1.7 * (number - 2) + c.normal(0.2)
        place = middle + away * (reach - 0.02) + along * aside + [0, 0, c.between(1.2, 1.9)]
        pile.add("quad", place, (c.between(0.4, 1.1), c.between(0.4, 1.0), 1), pile.picture(), wall)
    picture = Picture(
        Camera(
            scene.camera,
            (scene.focal_px, scene.focal_px, _WIDTH / 2 - 0.5, _HEIGHT / 2 - 0.5),
            (0, 0, _WIDTH - 1, _HEIGHT - 1),
        ),
        sample_light(c, 0.3),
        (),
        pile.shapes(),
        Backdrop(c.whole(0, len(around.photos)), (0.0, 0.0, 1.0, 1.0), (1.0, 1.0, 1.0)),
        noise_picture(rng),
    )
    for posed in bones:
        person = Person(posed, np.zeros((COCO_COUNT, 3)), PlainLook(colours), colours[:, :3], np.zeros(8), {})
        yield renderer.draw(replace(picture, people=(person,))).image


def one_a_frame(packets: list[PosePacket], frames: int) -> list[PosePacket]:
    """Of the person that most packets are of, one a frame; of a frame without it an empty one."""
    who, _ = Counter(p.person for p in packets if not p.empty).most_common(1)[0]
    by_frame = {round(p.timestamp * FPS): p for p in packets if p.empty or p.person == who}
    meta = packets[0].meta
    nobody = PosePacket(np.full((COCO_COUNT, 2), np.nan), np.zeros(COCO_COUNT), None, 0.0, meta)
    return [
        by_frame.get(row) or replace(nobody, timestamp=row / FPS, meta=meta | {"seq": len(packets) + row})
        for row in range(frames)
    ]


def _found(path: Path, folder: Path) -> list[PosePacket]:
    """What `mocap run` sends of a video, over UDP."""
    packets = []
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as inbox:
        inbox.bind(("127.0.0.1", 0))
        inbox.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 22)
        inbox.settimeout(0.2)
        command = [sys.executable, "-m", "mocap_worker", "run", "--source", str(path), "--once", "--control-port", "0"]
        command += ["--send", f"127.0.0.1:{inbox.getsockname()[1]}", "--as-fast-as-possible"]
        log = folder / "worker.log"
        with (
            log.open("w") as said,
            subprocess.Popen(
                command, stdout=said, stderr=said, env=os.environ | {"MOCAP_DATA": str(folder / "data")}
            ) as worker,
        ):
            try:
                ended = False
                while True:
                    try:
                        message = decode(inbox.recv(65536))
                    except TimeoutError:
                        if ended:
                            break
                        ended = worker.poll() is not None
                        continue
                    except PacketError as error:
                        raise BenchError(f"The worker sent what cannot be read: {error}") from error
                    if isinstance(message, PosePacket):
                        packets.append(message)
            except BaseException:
                worker.terminate()
                raise
        if worker.returncode or all(packet.empty for packet in packets):
            raise BenchError(f"The worker ended with status {worker.returncode}:\n{log.read_text()[-1000:]}")
    return packets
