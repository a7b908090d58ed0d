"""Draws scenes with Blender's Cycles. Runs as a process of its own with the bpy wheel: `in_blender_draw.py SETUP.json`.

Each line of the standard input names a scene, an .npz as `blender.scene_arrays` makes it; two files beside it hold
the answer: .png, RGBA through Blender's own film curve, and .labels.npy, (H, W, 3) float32 with the part, the person
and the depth in metres of what the middle of each pixel shows. A line `@mocap {…}` on the standard output says when.
When the input ends, so does this, and the folder of SETUP.json is removed.
"""

import json
import math
import os
import shutil
import signal
import sys
from pathlib import Path

import bpy
import numpy as np

PEOPLE, FLOORS, WALLS = "people", "floors", "walls"
#: How large the main light is seen from the scene: shadows are soft, as of a window or a large lamp.
_SUN_ANGLE = 0.15
#: A material's own property: what the character's file calls it.
_NAME = "name in the file"


class Studio:
    """The scene in Blender: camera, lights, the film, and what is put before them anew for every picture.

    setup: samples a pixel; character, a GLB; bones and materials, its names in the order of a scene's arrays; parts,
    the part of each bone by name; surfaces, an .npy of (N, H, W, 3) pictures, of which those from `pictures` on fill
    a face.
    """

    def __init__(self, setup: dict) -> None:
        bpy.ops.wm.read_factory_settings(use_empty=True)
        self.setup, self.scene = setup, bpy.context.scene
        self.surfaces = np.load(setup["surfaces"])
        self.made, self.characters, self.layers = [], [], {}
        self._film()
        self.camera = self._add(bpy.data.cameras.new("camera"))
        self.scene.camera = self.camera
        self.suns = [self._add(bpy.data.lights.new(name, "SUN")) for name in ("key", "fill")]
        self.suns[0].data.angle = _SUN_ANGLE
        self.world = _sky(self.scene)
        self.cloth, self.labels = _cloth(), _labels()

    def draw(self, path: Path) -> None:
        with np.load(path) as file:
            arrays = dict(file)
        meta = json.loads(str(arrays.pop("meta")))
        self._clear()
        self._aim(arrays["view"], meta["intrinsics"], meta["size"], meta["frame"])
        self._shine(meta["light"])
        used = 0
        for number, person in enumerate(meta["people"], 1):
            if person == "character":
                self._character(used, number, arrays[f"deform {number}"], arrays[f"colours {number}"])
                used += 1
            else:
                self._person(number, {name: arrays[f"{name} {number}"] for name in person})
        for kind in meta["shapes"]:
            self._shapes(kind, {k: arrays[f"{kind} {k}"] for k in _SHAPE}, meta["light"]["exposure"])
        self._take(path)

    def _add(self, data):
        placed = bpy.data.objects.new(data.name, data)
        self.scene.collection.objects.link(placed)
        return placed

    def _film(self) -> None:
        scene = self.scene
        scene.render.engine = "CYCLES"
        scene.cycles.max_bounces, scene.cycles.seed = 3, 0
        scene.cycles.use_adaptive_sampling = False
        scene.render.use_persistent_data = True  # the labels are of the same scene
        scene.render.film_transparent = True
        scene.render.resolution_percentage = 100
        scene.view_settings.view_transform = "AgX"

    def _aim(self, view: np.ndarray, intrinsics, size, frame) -> None:
        """view: world to camera, x right, y down, z forward. intrinsics: fx, fy, cx, cy px, a pixel's centre at whole
        numbers. frame: xyxy, the columns and rows that are drawn, without the last ones."""
        (width, height), (fx, fy, cx, cy) = size, intrinsics
        render, camera = self.scene.render, self.camera.data
        render.resolution_x, render.resolution_y = width, height
        render.pixel_aspect_x, render.pixel_aspect_y = max(1.0, fy / fx), max(1.0, fx / fy)
        x0, y0, x1, y1 = frame
        render.use_border = True
        render.border_min_x, render.border_max_x = x0 / width, x1 / width
        render.border_min_y, render.border_max_y = 1 - y1 / height, 1 - y0 / height
        camera.sensor_fit, camera.sensor_width = "HORIZONTAL", 36.0
        camera.lens = 36.0 * fx / width
        camera.shift_x = (width / 2 - 0.5 - cx) / width
        camera.shift_y = (cy - height / 2 + 0.5) / width * fx / fy
        camera.clip_start, camera.clip_end = 0.08, 200.0
        self.camera.matrix_world = _matrix(np.linalg.inv(view) @ np.diag([1.0, -1.0, -1.0, 1.0]))

    def _shine(self, light: dict) -> None:
        for sun, kind in zip(self.suns, ("key", "fill"), strict=True):
            colour = np.array(light[f"{kind}_colour"])
            strength = max(float(colour.max()), 1e-6)
            sun.data.color, sun.data.energy = colour / strength, math.pi * strength
            sun.matrix_world = _matrix(_towards(np.array(light[f"{kind}_direction"])))
        for name, node in self.world.items():
            node.outputs[0].default_value = (*light[f"{name}_colour"], 1.0)
        self.scene.view_settings.exposure = math.log2(light["exposure"])

    def _clear(self) -> None:
        for mesh in self.made:
            bpy.data.meshes.remove(mesh)
        self.made = []
        for _, parts in self.characters:
            for item in parts:
                item.hide_render = True

    def _mesh(self, name: str, positions: np.ndarray, triangles: np.ndarray, number: int = 0):
        mesh = bpy.data.meshes.new(name)
        self.made.append(mesh)
        mesh.vertices.add(len(positions))
        mesh.vertices.foreach_set("co", positions.astype(np.float32).ravel())
        mesh.loops.add(triangles.size)
        mesh.loops.foreach_set("vertex_index", triangles.astype(np.int32).ravel())
        mesh.polygons.add(len(triangles))
        mesh.polygons.foreach_set("loop_start", np.arange(0, triangles.size, 3, dtype=np.int32))
        mesh.update(calc_edges=True)
        placed = self._add(mesh)
        placed.pass_index = number
        return placed

    def _person(self, number: int, person: dict) -> None:
        placed = self._mesh(PEOPLE, person["positions"], person["triangles"], number)
        _attribute(placed.data, "colour", "POINT", person["colours"])
        _attribute(placed.data, "gloss", "POINT", person["gloss"])
        _attribute(placed.data, "part", "FACE", person["parts"])
        placed.data.shade_smooth()
        placed.data.materials.append(self.cloth)

    def _shapes(self, kind: str, s: dict, exposure: float) -> None:
        placed = self._mesh(kind, s["positions"], np.arange(len(s["positions"])).reshape(-1, 3))
        mesh = placed.data
        for name, values in (("from", s["colour_a"]), ("span", s["colour_b"] - s["colour_a"])):
            _attribute(mesh, name, "POINT", values)
        glow, gloss = s["style"][:, 2], s["style"][:, 3]
        _attribute(mesh, "look", "POINT", np.stack([1 - glow, 0.85 - 0.5 * gloss, glow / exposure], 1))
        mesh.uv_layers.new(name="UVMap").uv.foreach_set("vector", s["uv"].astype(np.float32).ravel())
        mesh.shade_smooth()
        mesh.normals_split_custom_set(s["normals"])
        layers, slots = np.unique(s["style"][::3, 0].astype(int), return_inverse=True)
        for layer in layers:
            mesh.materials.append(self._layer(int(layer)))
        mesh.polygons.foreach_set("material_index", slots.astype(np.int32).ravel())
        # Light comes through walls, or closed rooms would be dark; a floor reflects it.
        placed.visible_shadow = kind not in (WALLS, FLOORS)
        placed.visible_diffuse = placed.visible_glossy = kind != WALLS

    def _layer(self, number: int):
        if number not in self.layers:
            self.layers[number] = _surface(self.surfaces[number], number >= self.setup["pictures"])
        return self.layers[number]

    def _character(self, used: int, number: int, deform: np.ndarray, colours: np.ndarray) -> None:
        """Shows the character in the pose of `deform` (B, 4, 4), what moves each bone from its rest pose in the world.

        The file is read, and its skin moved by its armature, by Blender alone.
        """
        if used == len(self.characters):
            self.characters.append(self._imported(used))
        armature, parts = self.characters[used]
        posed = {}
        to_world = np.array(armature.matrix_world)
        moved = dict(zip(self.setup["bones"], np.linalg.inv(to_world) @ deform @ to_world, strict=True))
        for bone in armature.data.bones:  # parents first
            rest, above = np.array(bone.matrix_local), np.eye(4)
            if bone.parent:
                above = posed[bone.parent.name] @ np.linalg.inv(np.array(bone.parent.matrix_local))
            posed[bone.name] = moved[bone.name] @ rest if bone.name in moved else above @ rest
            armature.pose.bones[bone.name].matrix_basis = _matrix(np.linalg.inv(above @ rest) @ posed[bone.name])
        rows = dict(zip(self.setup["materials"], colours, strict=True))
        for item in parts:
            item.hide_render, item.pass_index = False, number
            for material in item.data.materials:
                row = rows.get(material and material.get(_NAME))
                shader = material and material.node_tree.nodes.get("Principled BSDF")
                if row is not None and shader:  # others stay as the file has them
                    shader.inputs["Base Color"].default_value = (*row[:3], 1.0)
                    shader.inputs["Roughness"].default_value = 0.85 - 0.5 * row[3]

    def _imported(self, number: int):
        objects, materials = set(bpy.data.objects), set(bpy.data.materials)
        bpy.ops.import_scene.gltf(filepath=self.setup["character"])
        for made in set(bpy.data.materials) - materials:
            made[_NAME] = made.name
            made.name = f"{number}: {made.name}"
        new = set(bpy.data.objects) - objects
        armature = next(item for item in new if item.type == "ARMATURE")
        meshes = [item for item in new if item.type == "MESH" and item.find_armature() == armature]
        for item in new - {armature, *meshes}:  # what the importer shows bones as
            item.hide_render = True
        for item in meshes:
            groups = [self.setup["parts"].get(group.name, 0) for group in item.vertex_groups]
            of_vertex = [
                groups[max(v.groups, key=lambda g: g.weight).group] if len(v.groups) else 0 for v in item.data.vertices
            ]
            _attribute(item.data, "part", "FACE", [of_vertex[p.vertices[-1]] for p in item.data.polygons])
        return armature, meshes

    def _take(self, path: Path) -> None:
        scene, render, layer = self.scene, self.scene.render, self.scene.view_layers[0]
        layer.material_override = None
        scene.cycles.samples, scene.cycles.use_denoising = self.setup["samples"], True
        scene.cycles.denoising_prefilter = "FAST"
        scene.cycles.pixel_filter_type, scene.cycles.filter_width = "BLACKMAN_HARRIS", 1.5
        render.image_settings.file_format, render.image_settings.color_mode = "PNG", "RGBA"
        render.image_settings.color_depth = "8"
        render.filepath = str(path.with_suffix(".png"))
        bpy.ops.render.render(write_still=True)
        # What the middle of each pixel shows, not smoothed.
        layer.material_override = self.labels
        scene.cycles.samples, scene.cycles.use_denoising = 1, False
        scene.cycles.pixel_filter_type, scene.cycles.filter_width = "BOX", 0.01
        render.image_settings.file_format, render.image_settings.color_depth = "OPEN_EXR", "32"
        exr = path.with_suffix(".exr")
        render.filepath = str(exr)
        bpy.ops.render.render(write_still=True)
        image = bpy.data.images.load(str(exr))
        image.colorspace_settings.name = "Non-Color"
        width, height = image.size
        pixels = np.empty(width * height * 4, np.float32)
        image.pixels.foreach_get(pixels)
        bpy.data.images.remove(image)
        np.save(path.with_suffix(".labels.npy"), pixels.reshape(height, width, 4)[::-1, :, :3])


_SHAPE = ("positions", "normals", "uv", "colour_a", "colour_b", "style")


def _matrix(values: np.ndarray):
    from mathutils import Matrix

    return Matrix(values.tolist())


def _towards(direction: np.ndarray) -> np.ndarray:
    """(4, 4) of an object whose +z points in a direction: a sun shines along its −z."""
    z = direction / np.linalg.norm(direction)
    x = np.cross([0.0, 1.0, 0.0] if abs(z[1]) < 0.9 else [1.0, 0.0, 0.0], z)
    x /= np.linalg.norm(x)
    out = np.eye(4)
    out[:3, :3] = np.stack([x, np.cross(z, x), z], 1)
    return out


def _attribute(mesh, name: str, domain: str, values) -> None:
    """Sets numbers (N,) or vectors (N, 3) of points or faces."""
    values = np.ascontiguousarray(values, np.float32)
    kind, field = ("FLOAT", "value") if values.ndim == 1 else ("FLOAT_VECTOR", "vector")
    mesh.attributes.new(name, kind, domain).data.foreach_set(field, values.ravel())


class _Nodes:
    """A material's nodes by what they do."""

    def __init__(self, name: str) -> None:
        self.material = bpy.data.materials.new(name)
        self.material.use_nodes = True
        self.tree = self.material.node_tree
        self.tree.nodes.clear()

    def add(self, kind: str, inputs=(), **settings):
        """A node; inputs: by name or number, numbers or other nodes' outputs."""
        node = self.tree.nodes.new(f"ShaderNode{kind}")
        for name, value in settings.items():
            setattr(node, name, value)
        for name, value in dict(inputs).items():
            if isinstance(value, bpy.types.NodeSocket):
                self.tree.links.new(value, node.inputs[name])
            else:
                node.inputs[name].default_value = value
        return node

    def attribute(self, name: str, output: str = "Vector"):
        return self.add("Attribute", attribute_name=name).outputs[output]

    def done(self, shader):
        self.add("OutputMaterial", {"Surface": shader.outputs[0]})
        self.material.cycles.emission_sampling = "NONE"  # else everything that may glow is looked at as a lamp
        return self.material


def _cloth():
    """People's skin and clothes: the colours of their vertices, with fine folds."""
    n = _Nodes("cloth")
    folds = n.add("TexNoise", {"Vector": n.add("NewGeometry").outputs["Position"], "Scale": 30.0, "Detail": 1.0})
    bump = n.add("Bump", {"Strength": 0.15, "Distance": 0.02, "Height": folds.outputs[0]})
    rough = n.add("Math", {0: n.attribute("gloss", "Fac"), 1: -0.5, 2: 0.85}, operation="MULTIPLY_ADD")
    inputs = {"Base Color": n.attribute("colour"), "Roughness": rough.outputs[0], "Normal": bump.outputs[0]}
    return n.done(n.add("BsdfPrincipled", inputs))


def _surface(picture: np.ndarray, is_picture: bool):
    """A surface between two colours as a (H, W, 3) uint8 picture says, which repeats."""
    height, width = picture.shape[:2]
    image = bpy.data.images.new("surface", width, height)
    image.colorspace_settings.name = "sRGB" if is_picture else "Non-Color"
    opaque = np.dstack([picture, np.full_like(picture[..., 0], 255)])
    image.pixels.foreach_set((opaque / 255).astype(np.float32).ravel())
    image.pack()
    n = _Nodes("surface")
    seen = n.add("TexImage", image=image)
    look = n.add("SeparateXYZ", {0: n.attribute("look")})
    between = {0: seen.outputs["Color"], 1: n.attribute("span"), 2: n.attribute("from")}
    base = n.add("VectorMath", between, operation="MULTIPLY_ADD").outputs[0]
    dimmed = n.add("VectorMath", {0: base, "Scale": look.outputs[0]}, operation="SCALE").outputs[0]
    inputs = {"Base Color": dimmed, "Roughness": look.outputs[1]}
    inputs |= {"Emission Color": base, "Emission Strength": look.outputs[2]}
    return n.done(n.add("BsdfPrincipled", inputs))


def _labels():
    """Part, person and depth as the light that a surface sends out."""
    n = _Nodes("labels")
    values = n.add(
        "CombineXYZ",
        {
            0: n.attribute("part", "Fac"),
            1: n.add("ObjectInfo").outputs["Object Index"],
            2: n.add("CameraData").outputs["View Z Depth"],
        },
    )
    return n.done(n.add("Emission", {"Color": values.outputs[0]}))


def _sky(scene) -> dict:
    """Light from above and from below; gives the nodes that hold the two colours."""
    world = scene.world = bpy.data.worlds.new("sky")
    world.use_nodes = True
    world.cycles.sampling_method = "NONE"  # so smooth a sky needs no map of where it is bright, which takes long
    tree = world.node_tree
    tree.nodes.clear()
    where, split = tree.nodes.new("ShaderNodeTexCoord"), tree.nodes.new("ShaderNodeSeparateXYZ")
    height, mix = tree.nodes.new("ShaderNodeMapRange"), tree.nodes.new("ShaderNodeMixRGB")
    background, out = tree.nodes.new("ShaderNodeBackground"), tree.nodes.new("ShaderNodeOutputWorld")
    height.inputs["From Min"].default_value = -1.0
    colours = {name: tree.nodes.new("ShaderNodeRGB") for name in ("ground", "sky")}
    for a, b in (
        (where.outputs["Generated"], split.inputs[0]),
        (split.outputs["Z"], height.inputs["Value"]),
        (height.outputs[0], mix.inputs["Fac"]),
        (colours["ground"].outputs[0], mix.inputs["Color1"]),
        (colours["sky"].outputs[0], mix.inputs["Color2"]),
        (mix.outputs[0], background.inputs["Color"]),
        (background.outputs[0], out.inputs["Surface"]),
    ):
        tree.links.new(a, b)
    return colours


def say(**message) -> None:
    print("\n@mocap " + json.dumps(message), flush=True)


def main() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the process that asks
    setup = Path(sys.argv[1])
    studio = Studio(json.loads(setup.read_text("utf-8")))
    try:
        say(blender=bpy.app.version_string)
        for line in sys.stdin:
            studio.draw(Path(line.rstrip("\n")))
            say(drawn=True)
    except BrokenPipeError:
        pass  # nobody asks any more
    shutil.rmtree(setup.parent, ignore_errors=True)
    os._exit(0)  # without Blender's clean-up, in which it sometimes hangs


if __name__ == "__main__":
    main()
