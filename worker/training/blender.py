"""A second renderer: the same scenes and labels as `render.Renderer`'s, drawn by Blender's Cycles in its own process.

Poses, bodies, clothes' colours, places, cameras and the main lights are the scene's; how light falls, is reflected and
becomes a picture is Blender's, and so is what hides what. The character is Blender's own import of its file, moved by
its armature; varied people are meshes with coloured vertices.
"""

from __future__ import annotations

import importlib.util
import json
import math
import os
import platform
import subprocess
import sys
import tempfile
import weakref
from collections import deque
from contextlib import suppress
from pathlib import Path
from threading import Timer

import cv2
import numpy as np

from . import shaders
from .gltf import Character, material_names
from .posed import PosedPeople
from .render import Backdrop, Camera, Drawing, PlainLook, RenderError, Scene, Shapes, opengl, part_of_bone
from .solids import SOLIDS
from .surroundings import Surroundings
from .wardrobe import Wardrobe, lighter

_SAMPLES = 4
#: How coarse people's meshes are; colours are told at their vertices.
_CELL_M = 0.006
#: Longer than any picture takes to draw.
_PATIENCE_S = 300


class BlenderRenderer:
    """Draws scenes with Blender. path: the character's file, which Blender reads itself."""

    def __init__(
        self,
        path: Path,
        character: Character,
        size: tuple[int, int],
        wardrobe: Wardrobe | None,
        around: Surroundings,
    ) -> None:
        if importlib.util.find_spec("bpy") is None:
            raise RenderError(
                f"Blender's bpy module is not in this environment (Python {platform.python_version()}). Run it in a "
                "clone of the project with Python 3.11 or 3.13: `uv run --python 3.11 mocap …`."
            )
        self.size, self._around = size, around
        self._inverse_rest = np.linalg.inv(character.rest)
        parts = np.array([part_of_bone(bone) for bone in character.bones])
        self._posed = PosedPeople(opengl(), lighter(wardrobe, _CELL_M), parts) if wardrobe else None
        self._folder = tempfile.TemporaryDirectory(prefix="mocap-blender-", ignore_cleanup_errors=True)
        place = Path(self._folder.name)
        np.save(place / "surfaces.npy", around.layers())
        setup = {
            "samples": _SAMPLES,
            "character": str(Path(path).resolve()),
            "bones": list(character.bones),
            "parts": dict(zip(character.bones, parts.tolist(), strict=True)),
            "materials": material_names(path),
            "surfaces": str(place / "surfaces.npy"),
            "pictures": len(around.tiles),
        }
        (place / "setup.json").write_text(json.dumps(setup), "utf-8")
        self._blender = _Blender(place / "setup.json")
        self._close = weakref.finalize(self, self._blender.close)

    def draw(self, scene: Scene, size: tuple[int, int] | None = None) -> Drawing:
        """The picture, and what each of its pixels shows."""
        width, height = size or self.size
        path = Path(self._folder.name) / "scene.npz"
        np.savez(path, **self._arrays(scene, (width, height)))
        self._blender.ask(path)
        data = np.fromfile(path.with_suffix(".png"), np.uint8)
        rgba = cv2.cvtColor(cv2.imdecode(data, cv2.IMREAD_UNCHANGED), cv2.COLOR_BGRA2RGBA).astype(np.float32)
        labels = np.load(path.with_suffix(".labels.npy"))
        cover = rgba[..., 3:] / 255
        image = rgba[..., :3] * cover + backdrop(scene.backdrop, self._around.photos, (width, height)) * (1 - cover)
        x0, y0, x1, y1 = _pixels(scene.camera.frame, (width, height))
        for of_pixel in (image, labels):
            of_pixel[:y0], of_pixel[:, :x0], of_pixel[y1:], of_pixel[:, x1:] = 0, 0, 0, 0
        parts, people = np.round(labels[..., :2]).astype(np.uint8).transpose(2, 0, 1)
        depth = np.where(people > 0, labels[..., 2], 0).astype(np.float32)
        return Drawing(np.round(image).astype(np.uint8), parts, people, depth)

    def _arrays(self, scene: Scene, size: tuple[int, int]) -> dict[str, np.ndarray]:
        """A scene as `in_blender_draw` reads it."""
        out, people = {"view": scene.camera.view}, []
        for number, person in enumerate(scene.people, 1):
            deform = person.bones @ self._inverse_rest
            if isinstance(person.look, PlainLook):
                people.append("character")
                out[f"deform {number}"], out[f"colours {number}"] = deform, person.look.colours
                continue
            matrices = np.zeros((shaders.MAX_BONES, 4, 4), "f4")
            matrices[: len(deform)] = deform.transpose(0, 2, 1)
            mesh = vars(self._posed(person, matrices.tobytes(), scene.noise))
            people.append(list(mesh))
            out |= {f"{name} {number}": values for name, values in mesh.items()}
        meshes = shape_meshes(scene.shapes, scene.camera, len(self._around.tiles))
        for kind, mesh in meshes.items():
            out |= {f"{kind} {name}": values for name, values in mesh.items()}
        light = {name: np.asarray(value, float).tolist() for name, value in vars(scene.light).items()}
        intrinsics = [float(v) for v in scene.camera.intrinsics]
        meta = {
            "size": size,
            "frame": _pixels(scene.camera.frame, size),
            "intrinsics": intrinsics,
            "light": light,
            "people": people,
            "shapes": list(meshes),
        }
        return out | {"meta": np.array(json.dumps(meta))}


def _pixels(frame, size: tuple[int, int]) -> tuple[int, int, int, int]:
    """The columns and rows of a picture of `size` px that are in the camera's frame, xyxy, without the last ones."""
    low = [min(max(math.ceil(v), 0), side) for v, side in zip(frame[:2], size, strict=True)]
    return (*low, *(max(min(math.floor(v) + 1, side), a) for v, a, side in zip(frame[2:], low, size, strict=True)))


def backdrop(behind: Backdrop, photos: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """(H, W, 3) 0…255, what is behind everything."""
    photo = photos[behind.photo]
    x, y, across, down = behind.window
    u = (x + (np.arange(size[0]) + 0.5) / size[0] * across) * photo.shape[1] - 0.5
    v = (y + (np.arange(size[1]) + 0.5) / size[1] * down) * photo.shape[0] - 0.5
    u, v = np.meshgrid(u.astype(np.float32), v.astype(np.float32))
    seen = cv2.remap(photo, u, v, cv2.INTER_LINEAR, borderMode=cv2.BORDER_WRAP)
    return np.minimum(seen * np.array(behind.gain), 255)


def shape_meshes(shapes: dict[str, Shapes], camera: Camera, pictures: int) -> dict[str, dict[str, np.ndarray]]:
    """Every solid in its place as triangles, (3 · T, …) each: "things", and of the flat ones, which are seen from
    their front alone, "floors", which face up, and "walls". pictures: the first layer that fills a face."""
    kinds: dict[str, list] = {"things": [], "floors": [], "walls": []}
    for solid, s in shapes.items():
        positions, normals = SOLIDS[solid]()
        axes = s.model[:, :3, :3]
        turned = normals @ np.linalg.inv(axes)
        turned /= np.linalg.norm(turned, axis=2, keepdims=True)
        mesh = {
            "positions": positions @ axes.transpose(0, 2, 1) + s.model[:, None, :3, 3],
            "normals": turned,
            "uv": _uv(positions, normals, s, pictures),
            **{n: np.repeat(getattr(s, n)[:, None], len(positions), 1) for n in ("colour_a", "colour_b", "style")},
        }
        rows = {"things": np.full(len(axes), solid != "quad")}
        if solid == "quad":
            front = ((camera.eye - s.model[:, :3, 3]) * turned[:, 0]).sum(1) > 0
            up = turned[:, 0, 2] > 0.9
            rows = {"floors": front & up, "walls": front & ~up}
        for kind, chosen in rows.items():
            if chosen.any():
                kinds[kind].append({name: values[chosen] for name, values in mesh.items()})
    out = {}
    for kind, meshes in kinds.items():
        if meshes:
            mesh = {n: np.concatenate([m[n].reshape(-1, m[n].shape[2]) for m in meshes]) for n in meshes[0]}
            order = _outwards(mesh["positions"], mesh["normals"])
            out[kind] = {name: values[order] for name, values in mesh.items()}
    return out


def _outwards(positions: np.ndarray, normals: np.ndarray) -> np.ndarray:
    """(3 · T,) an order of triangles' corners in which they turn as their normals say."""
    a, b, c = positions.reshape(-1, 3, 3).transpose(1, 0, 2)
    wrong = (np.cross(b - a, c - a) * normals[::3]).sum(1) < 0
    order = np.arange(len(positions)).reshape(-1, 3)
    order[wrong] = order[wrong][:, [0, 2, 1]]
    return order.ravel()


def _uv(positions: np.ndarray, normals: np.ndarray, s: Shapes, pictures: int) -> np.ndarray:
    """(N, P, 2) where a solid's corners (P, 3) are on its surface's tile, as SHAPE_VERTEX has it: in metres along the
    face's own two axes by the tile's size, or for a picture on the whole face."""
    a = np.abs(normals)
    top, side = (a[:, 2] > a[:, 0]) & (a[:, 2] > a[:, 1]), a[:, 0] > a[:, 1]
    axes = np.where(top[:, None], (0, 1), np.where(side[:, None], (1, 2), (0, 2)))
    on_face = np.take_along_axis(positions, axes, 1)
    size_m = np.linalg.norm(s.model[:, :3, :3], axis=1)
    in_tiles = on_face * size_m[:, axes] / s.style[:, None, 1:2]
    is_picture = (s.style[:, 0] > pictures - 0.5)[:, None, None]
    return np.where(is_picture, on_face * (1, -1) + 0.5, in_tiles)


class _Blender:
    """The process that draws."""

    def __init__(self, setup: Path) -> None:
        command = [sys.executable, str(Path(__file__).with_name("in_blender_draw.py")), str(setup)]
        environment = os.environ | {"BLENDER_USER_RESOURCES": str(setup.parent / "blender"), "PYTHONUTF8": "1"}
        flags = subprocess.CREATE_NO_WINDOW if sys.platform == "win32" else 0
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env=environment,
            text=True,
            encoding="utf-8",
            errors="replace",
            creationflags=flags,
        )
        self._answer()

    def ask(self, scene: Path) -> None:
        """Has a scene drawn. Raises RenderError, with Blender's own last words."""
        try:
            self._process.stdin.write(f"{scene}\n")
            self._process.stdin.flush()
        except OSError:
            pass  # its last words say more
        self._answer()

    def _answer(self) -> None:
        said = deque(maxlen=12)
        late = Timer(_PATIENCE_S, self._process.kill)
        late.start()
        try:
            for line in self._process.stdout:
                if line.startswith("@mocap "):
                    return
                if line.strip():
                    said.append(line.rstrip())
        finally:
            late.cancel()
        code = self._process.wait()
        raise RenderError(f"Blender ended while it drew (exit code {code}):\n  " + "\n  ".join(said))

    def close(self) -> None:
        """Ends the process. Blender may crash or hang while it closes, when all is done."""
        self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            with suppress(OSError):
                pipe.close()
