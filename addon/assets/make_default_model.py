"""Build default_model.glb and default_model.landmarks.json from code.

Run with the bpy wheel: python addon/assets/make_default_model.py --out addon/assets/default_model.glb
Nothing in it is random: the same bpy and numpy give the same files.
"""

import argparse
import json
from pathlib import Path

import bpy
import numpy as np
from character import parts, skeleton, weights
from mathutils import Vector

ARMATURE_NAME = "MocapCharacter"


def make_armature():
    """The armature object, every bone rolled towards its z_axis."""
    data = bpy.data.armatures.new(ARMATURE_NAME)
    rig = bpy.data.objects.new(ARMATURE_NAME, data)
    bpy.context.collection.objects.link(rig)
    bpy.context.view_layer.objects.active = rig
    bpy.ops.object.mode_set(mode="EDIT")
    for bone in skeleton.bones():
        edit = data.edit_bones.new(bone.name)
        edit.head, edit.tail = bone.head, bone.tail
        edit.align_roll(Vector(bone.z_axis))
        if bone.parent:
            edit.parent = data.edit_bones[bone.parent]
    bpy.ops.object.mode_set(mode="OBJECT")
    return rig


def make_mesh(pieces, rig):
    """One mesh object of all parts, skinned to the rig."""
    vertices, faces, materials = [], [], []
    normals, flat = [], []
    groups = {}
    for piece in pieces:
        start = sum(len(v) for v in vertices)
        vertices.append(piece.vertices)
        normals.append(piece.normals)
        flat += [len(faces) + i for i in piece.flat]
        faces += [[start + i for i in face] for face in piece.faces]
        materials += piece.materials
        for name, w in weights.limited(piece.weights).items():
            groups.setdefault(name, []).append((start, w))
    mesh = bpy.data.meshes.new("Body")
    mesh.from_pydata(np.concatenate(vertices), [], faces)
    names = sorted(set(materials))
    for name in names:
        mesh.materials.append(make_material(name, *parts.MATERIALS[name]))
    mesh.polygons.foreach_set("material_index", [names.index(m) for m in materials])
    mesh.polygons.foreach_set("use_smooth", [True] * len(faces))
    mesh.update()
    corners = np.concatenate(normals)[np.concatenate(faces)]
    for face in flat:
        polygon = mesh.polygons[face]
        corners[list(polygon.loop_indices)] = polygon.normal
    mesh.normals_split_custom_set(corners)
    body = bpy.data.objects.new("Body", mesh)
    bpy.context.collection.objects.link(body)
    for bone in rig.data.bones:
        group = body.vertex_groups.new(name=bone.name)
        for start, w in groups.get(bone.name, []):
            for i in np.flatnonzero(w):
                group.add([int(start + i)], float(w[i]), "REPLACE")
    body.parent = rig
    body.modifiers.new("Armature", "ARMATURE").object = rig
    return body


def make_material(name, colour, roughness):
    """A Principled material; colour is linear RGB."""
    material = bpy.data.materials.new(name)
    material.use_nodes = True
    material.diffuse_color = (*colour, 1)
    shader = material.node_tree.nodes["Principled BSDF"]
    shader.inputs["Base Color"].default_value = (*colour, 1)
    shader.inputs["Roughness"].default_value = roughness
    material.use_backface_culling = True
    return material


def unwrap(body):
    """UVs by projection from the sides that the faces look to."""
    bpy.context.view_layer.objects.active = body
    body.select_set(True)
    bpy.ops.object.mode_set(mode="EDIT")
    bpy.ops.mesh.select_all(action="SELECT")
    bpy.ops.uv.smart_project(angle_limit=1.15, island_margin=0.002)
    bpy.ops.object.mode_set(mode="OBJECT")


def export(path):
    bpy.ops.export_scene.gltf(
        filepath=str(path),
        export_format="GLB",
        export_yup=True,
        export_animations=False,
        export_influence_nb=4,
        export_skins=True,
        export_def_bones=False,
        export_materials="EXPORT",
        export_image_format="NONE",
    )


def landmark_table(glb):
    """Each landmark as {"bone", "offset"}, in the axes that Blender's importer gives the bones."""
    bpy.ops.wm.read_factory_settings(use_empty=True)
    bpy.ops.import_scene.gltf(filepath=str(glb), bone_heuristic="BLENDER")
    rig = bpy.data.objects[ARMATURE_NAME]
    table = {}
    for name, (bone, position) in skeleton.landmarks().items():
        rest = np.array(rig.matrix_world @ rig.data.bones[bone].matrix_local)
        offset = np.linalg.inv(rest) @ [*position, 1]
        table[name] = {"bone": bone, "offset": [round(float(v), 5) + 0.0 for v in offset[:3]]}
    return table


def main():
    cli = argparse.ArgumentParser(description=__doc__)
    cli.add_argument("--out", type=Path, default=Path(__file__).with_name("default_model.glb"))
    out = cli.parse_args().out.resolve()
    bpy.ops.wm.read_factory_settings(use_empty=True)
    rig = make_armature()
    body = make_mesh(parts.build(), rig)
    unwrap(body)
    export(out)
    table = landmark_table(out)
    out.with_suffix(".landmarks.json").write_text(json.dumps(table, indent=1) + "\n", encoding="utf-8")
    mesh = bpy.data.objects["Body"].data
    size = f"{len(mesh.vertices)} vertices, {len(mesh.polygons)} triangles"
    print(f"{out}: {out.stat().st_size / 1e6:.2f} MB, {size}")


if __name__ == "__main__":
    main()
