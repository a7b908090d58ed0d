"""Reads a skinned character from a GLB file into arrays that a renderer can take.

Owns the GLB container, accessors and the axes: glTF is y up, everything here is z up like Blender's
armature space. Only what a humanoid needs is read: one skin, triangles, base colours and their pictures.
"""

from __future__ import annotations

import json
import struct
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

_COMPONENT = {5120: "i1", 5121: "u1", 5122: "<i2", 5123: "<u2", 5125: "<u4", 5126: "<f4"}
_WIDTH = {"SCALAR": 1, "VEC2": 2, "VEC3": 3, "VEC4": 4, "MAT4": 16}
#: glTF's y up to Blender's z up: (x, y, z) -> (x, -z, y).
Z_UP = np.array([[1, 0, 0, 0], [0, 0, -1, 0], [0, 1, 0, 0], [0, 0, 0, 1]], float)


class CharacterError(Exception):
    """A character file that cannot be read, or lacks what drawing needs."""


@dataclass(frozen=True)
class Character:
    """A skinned mesh in its rest pose, z up, metres.

    positions, normals: (V, 3); uv: (V, 2) with v down; joints, weights: (V, 4), indices into `bones`;
    material: (V,) index of colour; triangles: (T, 3).
    colours: (M, 4) linear RGBA; textures: for each material an RGB uint8 picture or None.
    bones: names, parents first; parents: (B,) with -1 at the root; rest: (B, 4, 4) matrices in armature
    space.
    """

    positions: np.ndarray
    normals: np.ndarray
    uv: np.ndarray
    joints: np.ndarray
    weights: np.ndarray
    material: np.ndarray
    triangles: np.ndarray
    colours: np.ndarray
    textures: tuple
    bones: tuple[str, ...]
    parents: np.ndarray
    rest: np.ndarray


def read_character(path: str | Path) -> Character:
    """The first skin of a GLB file and all triangles bound to it."""
    document, blob = _read_glb(Path(path))
    if not document.get("skins"):
        raise CharacterError(f"{path} has no skin; a rigged character is needed")
    nodes = document["nodes"]
    world = _node_matrices(document)
    skin = document["skins"][0]["joints"]
    order = sorted(skin, key=lambda n: _depth(nodes, n))
    index = {node: i for i, node in enumerate(order)}
    parent_of = {child: n for n, node in enumerate(nodes) for child in node.get("children", ())}
    parents = []
    for node in order:
        above = parent_of.get(node)
        while above is not None and above not in index:
            above = parent_of.get(above)
        parents.append(-1 if above is None else index[above])
    from_skin = np.array([index[node] for node in skin])

    parts: dict[str, list] = {k: [] for k in ("positions", "normals", "uv", "joints", "weights", "material")}
    triangles, count = [], 0
    for node in nodes:
        if "mesh" not in node or "skin" not in node:
            continue
        for primitive in document["meshes"][node["mesh"]]["primitives"]:
            if primitive.get("mode", 4) != 4:
                continue
            attributes = primitive["attributes"]
            if not {"POSITION", "NORMAL", "JOINTS_0", "WEIGHTS_0"} <= set(attributes):
                raise CharacterError(f"{path}: a part of mesh {node['mesh']} has no normals or skin weights")
            position = _accessor(document, blob, attributes["POSITION"])
            size = len(position)
            parts["positions"].append(position @ Z_UP[:3, :3].T)
            parts["normals"].append(_accessor(document, blob, attributes["NORMAL"]) @ Z_UP[:3, :3].T)
            uv = attributes.get("TEXCOORD_0")
            parts["uv"].append(np.zeros((size, 2)) if uv is None else _accessor(document, blob, uv))
            parts["joints"].append(from_skin[_accessor(document, blob, attributes["JOINTS_0"]).astype(int)])
            parts["weights"].append(_accessor(document, blob, attributes["WEIGHTS_0"]))
            parts["material"].append(np.full(size, primitive.get("material", 0)))
            if "indices" in primitive:
                indices = _accessor(document, blob, primitive["indices"])
            else:
                indices = np.arange(size)
            triangles.append(indices.reshape(-1, 3).astype(int) + count)
            count += size
    if not triangles:
        raise CharacterError(f"{path} has no skinned triangles")
    weights = np.concatenate(parts["weights"]).astype(np.float32)
    colours, textures = _materials(document, blob)
    return Character(
        positions=np.concatenate(parts["positions"]).astype(np.float32),
        normals=np.concatenate(parts["normals"]).astype(np.float32),
        uv=np.concatenate(parts["uv"]).astype(np.float32),
        joints=np.concatenate(parts["joints"]).astype(np.int32),
        weights=weights / np.maximum(weights.sum(1, keepdims=True), 1e-6),
        material=np.concatenate(parts["material"]).astype(np.int32),
        triangles=np.concatenate(triangles).astype(np.int32),
        colours=colours,
        textures=textures,
        bones=tuple(nodes[node]["name"] for node in order),
        parents=np.array(parents),
        rest=np.stack([Z_UP @ world[node] for node in order]),
    )


def material_names(path: str | Path) -> list[str]:
    """The names of a GLB file's materials, in the order of `Character.colours`."""
    document, _ = _read_glb(Path(path))
    return [material.get("name", f"Material_{i}") for i, material in enumerate(document.get("materials") or [{}])]


def _read_glb(path: Path) -> tuple[dict, bytes]:
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise CharacterError(f"{path} cannot be read: {error.strerror}") from error
    if raw[:4] != b"glTF" or len(raw) < 20:
        raise CharacterError(f"{path} is no GLB file")
    document, blob, at = {}, b"", 12
    while at + 8 <= len(raw):
        length, kind = struct.unpack_from("<II", raw, at)
        chunk = raw[at + 8 : at + 8 + length]
        if kind == 0x4E4F534A:
            document = json.loads(chunk)
        elif kind == 0x004E4942:
            blob = chunk
        at += 8 + length
    return document, blob


def _view(document: dict, blob: bytes, number: int) -> tuple[bytes, int]:
    view = document["bufferViews"][number]
    start = view.get("byteOffset", 0)
    return blob[start : start + view["byteLength"]], view.get("byteStride", 0)


def _accessor(document: dict, blob: bytes, number: int) -> np.ndarray:
    """An accessor as (count, width) floats or integers; normalised integers become 0…1."""
    accessor = document["accessors"][number]
    dtype = np.dtype(_COMPONENT[accessor["componentType"]])
    width, count = _WIDTH[accessor["type"]], accessor["count"]
    data, stride = _view(document, blob, accessor["bufferView"])
    array = np.ndarray(
        (count, width),
        dtype,
        data,
        accessor.get("byteOffset", 0),
        (stride or dtype.itemsize * width, dtype.itemsize),
    )
    if accessor.get("normalized"):
        return array / float(np.iinfo(dtype).max)
    return array.astype(np.float64) if dtype.kind == "f" else array.copy()


def _materials(document: dict, blob: bytes) -> tuple[np.ndarray, tuple]:
    colours, textures = [], []
    for material in document.get("materials") or [{}]:
        surface = material.get("pbrMetallicRoughness", {})
        colours.append(surface.get("baseColorFactor", [1, 1, 1, 1]))
        texture = surface.get("baseColorTexture")
        if texture is None:
            textures.append(None)
            continue
        image = document["images"][document["textures"][texture["index"]]["source"]]
        data, _ = _view(document, blob, image["bufferView"])
        picture = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
        textures.append(cv2.cvtColor(picture, cv2.COLOR_BGR2RGB))
    return np.array(colours, np.float32), tuple(textures)


def _depth(nodes: list, target: int) -> int:
    parent_of = {child: n for n, node in enumerate(nodes) for child in node.get("children", ())}
    depth = 0
    while target in parent_of:
        target, depth = parent_of[target], depth + 1
    return depth


def _node_matrices(document: dict) -> list[np.ndarray]:
    nodes = document["nodes"]
    out: list = [None] * len(nodes)
    children = {c for node in nodes for c in node.get("children", ())}
    todo = [(n, np.eye(4)) for n in range(len(nodes)) if n not in children]
    while todo:
        n, above = todo.pop()
        node = nodes[n]
        if "matrix" in node:
            local = np.array(node["matrix"], float).reshape(4, 4).T
        else:
            local = np.eye(4)
            x, y, z, w = node.get("rotation", [0, 0, 0, 1])
            local[:3, :3] = [
                [1 - 2 * (y * y + z * z), 2 * (x * y - z * w), 2 * (x * z + y * w)],
                [2 * (x * y + z * w), 1 - 2 * (x * x + z * z), 2 * (y * z - x * w)],
                [2 * (x * z - y * w), 2 * (y * z + x * w), 1 - 2 * (x * x + y * y)],
            ]
            local[:3, :3] *= np.array(node.get("scale", [1, 1, 1]))
            local[:3, 3] = node.get("translation", [0, 0, 0])
        out[n] = above @ local
        todo += [(child, out[n]) for child in node.get("children", ())]
    return out
