"""Renders the demo's clip and its truth. Runs with the bpy wheel, once, on the project's side.

    python worker/demo/render_clip.py --out worker/demo

Our character, in a room of ours, moves to two of the CMU test clips (mocap.cs.cmu.edu) cut together:
washing a window, then jumping. Neither clip was used to train anything. Writes `clip.mp4` (H.264,
640x480, 30 fps) and `clip_truth.npz`, what the demo measures against:

    times_s (F,)             media time of each frame
    joints_world (F, 21, 3)  metres, the character's body joints in the order of `skeleton.BODY`
    keypoints (F, 17, 2)     the first 17 of them in the picture, px
    camera_from_world (4, 4) OpenCV axes; intrinsics (3, 3)
    size (2,)                picture width and height, px
"""

import argparse
import json
import math
import sys
import tempfile
from pathlib import Path

import av
import bpy
import cv2
import numpy as np

from mocap_core.skeleton import BODY, HUMANOID
from mocap_core.solve import Rig, fit, forward

sys.path.insert(0, str(Path(__file__).parent))
import render_room

from mocap_worker.training.motion import load_clips

FPS, WIDTH, HEIGHT = 30, 640, 480
ASSETS = Path(__file__).resolve().parents[2] / "addon" / "assets"
# (clip, first and last frame at 60 fps); the second follows after a blend of BLEND_FRAMES at 30 fps.
CUTS = (("test/washwindow_1", 10, 310), ("test/jumping_1", 120, 450))
BLEND_FRAMES = 15
SECONDS = 10.0
# The actor's chest points this far to the camera's side: the front three-quarters.
TURN_DEG = 35.0
CAMERA_AT, CAMERA_PITCH_DEG, CAMERA_FOV_DEG = (0.0, -3.5, 1.25), -3.0, 55.0
PLATE_SAMPLES = 64
# Around the joints, px: what moves (hands, hair) and its shadows; the rest of a frame is the empty room's plate.
MARGIN_PX = 70


def load_character() -> "bpy.types.Object":
    bpy.ops.import_scene.gltf(filepath=str(ASSETS / "default_model.glb"))
    return next(item for item in bpy.data.objects if item.type == "ARMATURE")


def rig_of(armature: "bpy.types.Object") -> Rig:
    bones = [name for name in HUMANOID if name in armature.data.bones]
    parents = [bones.index(HUMANOID[name]) if HUMANOID[name] else -1 for name in bones]
    data = [armature.data.bones[name] for name in bones]
    return Rig.from_matrices(
        tuple(bones),
        np.array(parents),
        np.array([np.array(bone.matrix_local) for bone in data]),
        np.array([bone.length for bone in data]),
    )


def motion() -> list[np.ndarray]:
    """The two cuts as body joints (F, 21, 3) at 30 fps, standing around the origin, facing the camera's side."""
    parts = []
    for name, first, last in CUTS:
        joints = load_clips(name)[0].joints_body[first:last:2].astype(np.float64)
        hips = joints[:, [BODY.index("left_hip"), BODY.index("right_hip")]]
        across = (hips[:, 0] - hips[:, 1])[:, :2].mean(0)
        heading = math.atan2(across[1], across[0])  # 0 when facing -y: the left hip on +x
        turn = math.radians(TURN_DEG) - heading
        c, s = math.cos(turn), math.sin(turn)
        joints = joints @ np.array([[c, -s, 0], [s, c, 0], [0, 0, 1]]).T
        centre = joints[:, [BODY.index("left_hip"), BODY.index("right_hip")], :2].mean((0, 1))
        joints[..., :2] -= centre
        parts.append(joints)
    frames = round(SECONDS * FPS)
    if sum(map(len, parts)) - BLEND_FRAMES < frames:
        raise SystemExit(f"the cuts give {sum(map(len, parts)) - BLEND_FRAMES} frames, {frames} are needed")
    return parts


def poses(rig: Rig, parts: list[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """Basis rotations (F, B, 4) and hips locations (F, 3) of the cuts, blended where the clips meet."""
    (rotations, hips), (next_rotations, next_hips) = (on_the_floor(rig, *fit(rig, part)) for part in parts)
    weight = np.linspace(0, 1, BLEND_FRAMES + 2)[1:-1]
    weight = (weight * weight * (3 - 2 * weight))[:, None]
    tail, head = rotations[-BLEND_FRAMES:], next_rotations[:BLEND_FRAMES]
    head = head * np.where((tail * head).sum(-1, keepdims=True) < 0, -1.0, 1.0)
    mixed = tail * (1 - weight[..., None]) + head * weight[..., None]
    mixed /= np.linalg.norm(mixed, axis=-1, keepdims=True)
    between = hips[-BLEND_FRAMES:] * (1 - weight) + next_hips[:BLEND_FRAMES] * weight
    frames = round(SECONDS * FPS)
    return (
        np.concatenate([rotations[:-BLEND_FRAMES], mixed, next_rotations[BLEND_FRAMES:]])[:frames],
        np.concatenate([hips[:-BLEND_FRAMES], between, next_hips[BLEND_FRAMES:]])[:frames],
    )


def on_the_floor(rig: Rig, rotations: np.ndarray, hips: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The same motion, lowered or raised so that the toes of the lower foot mostly are where they rest."""
    toes = [BODY.index(f"{side}_toe") for side in ("left", "right")]
    height = landmarks(rig, forward(rig, rotations, hips))[:, toes, 2].min(1)
    drop = np.percentile(height, 25) - landmarks(rig, rig.rest[None])[0, toes, 2].min()
    return rotations, hips - drop * rig.rest[rig.index["hips"], 2, :3]


def landmarks(rig: Rig, bone_matrices: np.ndarray) -> np.ndarray:
    """The 21 body joints (F, 21, 3) of posed bones (F, B, 4, 4)."""
    placed = json.loads((ASSETS / "default_model.landmarks.json").read_text(encoding="utf-8"))
    out = []
    for name in BODY:
        bone = bone_matrices[:, rig.bones.index(placed[name]["bone"])]
        out.append(bone[:, :3, :3] @ np.array(placed[name]["offset"]) + bone[:, :3, 3])
    return np.stack(out, 1)


def add_camera() -> tuple[np.ndarray, np.ndarray]:
    """Places the camera; returns camera_from_world (4, 4) in OpenCV axes and the intrinsics (3, 3)."""
    camera = bpy.data.cameras.new("Camera")
    camera.angle = math.radians(CAMERA_FOV_DEG)
    placed = bpy.data.objects.new("Camera", camera)
    placed.location = CAMERA_AT
    placed.rotation_euler = (math.radians(90 + CAMERA_PITCH_DEG), 0, 0)
    scene = bpy.context.scene
    scene.collection.objects.link(placed)
    scene.camera = placed
    bpy.context.view_layer.update()
    camera_from_world = np.diag([1.0, -1.0, -1.0, 1.0]) @ np.linalg.inv(np.array(placed.matrix_world))
    focal = WIDTH / 2 / math.tan(math.radians(CAMERA_FOV_DEG) / 2)
    return camera_from_world, np.array([[focal, 0, WIDTH / 2], [0, focal, HEIGHT / 2], [0, 0, 1]])


def project(joints_world, camera_from_world, intrinsics) -> np.ndarray:
    points = joints_world @ camera_from_world[:3, :3].T + camera_from_world[:3, 3]
    pixels = points @ intrinsics.T
    return pixels[..., :2] / pixels[..., 2:]


def encode(pictures, path: Path) -> None:
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=FPS, options={"crf": "20", "preset": "slow"})
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        for picture in pictures:
            frame = av.VideoFrame.from_ndarray(cv2.imread(str(picture))[..., ::-1].copy(), format="rgb24")
            container.mux(stream.encode(frame))
        container.mux(stream.encode())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=Path(__file__).parent)
    parser.add_argument("--samples", type=int, default=8, help="Cycles samples a pixel")
    parser.add_argument("--every", type=int, default=1, help="render each n-th frame alone, for a look")
    parser.add_argument("--pictures", type=Path, help="keep the pictures here; those there already are not redone")
    parser.add_argument("--truth-only", action="store_true", help="write clip_truth.npz alone")
    arguments = parser.parse_args()

    bpy.ops.wm.read_factory_settings(use_empty=True)
    armature = load_character()
    rig = rig_of(armature)
    rotations, hips = poses(rig, motion())
    joints = landmarks(rig, forward(rig, rotations, hips))
    render_room.build()
    camera_from_world, intrinsics = add_camera()
    keypoints = project(joints[:, :17], camera_from_world, intrinsics)
    outside = ((keypoints < 0) | (keypoints >= (WIDTH, HEIGHT))).any(-1)
    print(f"{len(joints)} frames, joints outside the picture: {outside.mean():.1%}")
    arguments.out.mkdir(parents=True, exist_ok=True)
    np.savez_compressed(
        arguments.out / "clip_truth.npz",
        times_s=np.arange(len(joints)) / FPS,
        joints_world=joints.astype(np.float32),
        keypoints=keypoints.astype(np.float32),
        camera_from_world=camera_from_world,
        intrinsics=intrinsics,
        size=np.array([WIDTH, HEIGHT]),
    )
    if arguments.truth_only:
        return

    film(armature, rig, rotations, hips, keypoints, arguments)


def film(armature, rig: Rig, rotations, hips, keypoints, arguments) -> None:
    """Renders the frames with Cycles: the empty room once, then what is around the character in each frame."""
    scene = bpy.context.scene
    scene.render.engine = "CYCLES"
    scene.cycles.use_denoising, scene.cycles.max_bounces = True, 4
    scene.render.use_persistent_data = True
    scene.render.resolution_x, scene.render.resolution_y = WIDTH, HEIGHT
    scene.render.resolution_percentage = 100
    scene.view_settings.look = "AgX - Medium High Contrast"
    folder = arguments.pictures or Path(tempfile.mkdtemp())
    folder.mkdir(parents=True, exist_ok=True)

    plate = folder / "plate.png"
    meshes = [item for item in bpy.data.objects if item.parent == armature]
    if not plate.exists():
        for item in meshes:
            item.hide_render = True
        scene.cycles.samples = PLATE_SAMPLES
        take_picture(plate)
        for item in meshes:
            item.hide_render = False
    room = cv2.imread(str(plate)).astype(np.float32)

    scene.cycles.samples = arguments.samples
    scene.render.use_border = scene.render.use_crop_to_border = True
    for bone in armature.pose.bones:
        bone.rotation_mode = "QUATERNION"
    pictures = []
    for frame in range(0, len(rotations), arguments.every):
        pictures.append(folder / f"{frame:04d}.png")
        if pictures[-1].exists():
            continue
        for index, name in enumerate(rig.bones):
            armature.pose.bones[name].rotation_quaternion = rotations[frame, index]
        armature.pose.bones["hips"].location = hips[frame]
        left, top = np.maximum(np.floor(keypoints[frame].min(0) - MARGIN_PX), 0).astype(int)
        right, bottom = np.minimum(np.ceil(keypoints[frame].max(0) + MARGIN_PX), (WIDTH, HEIGHT)).astype(int)
        scene.render.border_min_x, scene.render.border_max_x = left / WIDTH, right / WIDTH
        scene.render.border_min_y, scene.render.border_max_y = 1 - bottom / HEIGHT, 1 - top / HEIGHT
        part = folder / "part.png"
        take_picture(part)
        cv2.imwrite(str(pictures[-1]), laid_over(room, cv2.imread(str(part)), left, top))
    encode(pictures, arguments.out / "clip.mp4")


def take_picture(path: Path) -> None:
    bpy.context.scene.render.filepath = str(path)
    bpy.ops.render.render(write_still=True)


def laid_over(room: np.ndarray, part: np.ndarray, left: int, top: int) -> np.ndarray:
    """The part's picture in the room's, its border faded in over 40 px."""
    height, width = part.shape[:2]
    across, down = (np.minimum(np.arange(n) + 1, np.arange(n)[::-1] + 1) for n in (width, height))
    fade = np.clip(np.minimum(across[None], down[:, None]) / 40, 0, 1)[..., None]
    out = room.copy()
    region = out[top : top + height, left : left + width]
    region += fade * (part.astype(np.float32) - region)
    return out.round().astype(np.uint8)


if __name__ == "__main__":
    main()
