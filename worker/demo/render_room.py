"""The room in which the demo's clip is filmed, modelled from boxes and cylinders. Runs in Blender's Python.

World axes are Blender's: x right, y away from the camera's side of the room, z up, metres. The actor
stands around the origin; the far wall is at y = 2.6, the left wall at x = -3.2.
"""

import math

import bpy


def material(name: str, colour, roughness: float = 0.7, emission: float = 0.0) -> "bpy.types.Material":
    made = bpy.data.materials.get(name)
    if made:
        return made
    made = bpy.data.materials.new(name)
    made.use_nodes = True
    shader = made.node_tree.nodes["Principled BSDF"]
    shader.inputs["Base Color"].default_value = (*colour, 1.0)
    shader.inputs["Roughness"].default_value = roughness
    if emission:
        shader.inputs["Emission Color"].default_value = (*colour, 1.0)
        shader.inputs["Emission Strength"].default_value = emission
    return made


def add(mesh_made: "bpy.types.Object", made_of) -> "bpy.types.Object":
    mesh_made.data.materials.append(made_of)
    return mesh_made


def box(centre, size, made_of, bevel_m: float = 0.0, rotation_z: float = 0.0) -> "bpy.types.Object":
    bpy.ops.mesh.primitive_cube_add(size=1.0, location=centre, rotation=(0.0, 0.0, rotation_z))
    cube = bpy.context.object
    cube.scale = size
    bpy.ops.object.transform_apply(location=False, rotation=False, scale=True)
    if bevel_m:
        bevel = cube.modifiers.new("Bevel", "BEVEL")
        bevel.width, bevel.segments = bevel_m, 3
    return add(cube, made_of)


def cylinder(centre, radius_m: float, height_m: float, made_of, top_m: float | None = None):
    if top_m is None:
        bpy.ops.mesh.primitive_cylinder_add(radius=radius_m, depth=height_m, location=centre, vertices=48)
    else:
        bpy.ops.mesh.primitive_cone_add(radius1=radius_m, radius2=top_m, depth=height_m, location=centre, vertices=48)
    bpy.ops.object.shade_smooth_by_angle()
    return add(bpy.context.object, made_of)


def planks(name: str, light, dark) -> "bpy.types.Material":
    """A floor of boards: brick texture for the boards, stretched noise for the grain."""
    made = bpy.data.materials.new(name)
    made.use_nodes = True
    nodes, links = made.node_tree.nodes, made.node_tree.links
    shader = nodes["Principled BSDF"]
    where = nodes.new("ShaderNodeTexCoord")
    boards = nodes.new("ShaderNodeTexBrick")
    boards.offset = 0.37
    boards.inputs["Color1"].default_value = (*light, 1)
    boards.inputs["Color2"].default_value = (*dark, 1)
    boards.inputs["Mortar"].default_value = (*(0.4 * c for c in dark), 1)
    boards.inputs["Scale"].default_value = 1.0
    boards.inputs["Mortar Size"].default_value = 0.004
    boards.inputs["Brick Width"].default_value = 1.6
    boards.inputs["Row Height"].default_value = 0.14
    stretch = nodes.new("ShaderNodeMapping")
    stretch.inputs["Scale"].default_value = (1.5, 26.0, 1.0)
    grain = nodes.new("ShaderNodeTexNoise")
    grain.inputs["Scale"].default_value = 3.0
    grain.inputs["Detail"].default_value = 6.0
    mix = nodes.new("ShaderNodeMixRGB")
    mix.blend_type = "OVERLAY"
    mix.inputs["Fac"].default_value = 0.35
    links.new(where.outputs["Object"], boards.inputs["Vector"])
    links.new(where.outputs["Object"], stretch.inputs["Vector"])
    links.new(stretch.outputs["Vector"], grain.inputs["Vector"])
    links.new(boards.outputs["Color"], mix.inputs["Color1"])
    links.new(grain.outputs["Fac"], mix.inputs["Color2"])
    links.new(mix.outputs["Color"], shader.inputs["Base Color"])
    shader.inputs["Roughness"].default_value = 0.45
    return made


def shell() -> None:
    wall, white = material("Wall", (0.62, 0.66, 0.64)), material("Paint", (0.85, 0.84, 0.8))
    box((0, 0, -0.05), (8, 8, 0.1), planks("Floor", (0.46, 0.3, 0.18), (0.34, 0.21, 0.12)))
    box((0, 2.7, 1.4), (8, 0.2, 2.8), wall)
    box((3.3, 0, 1.4), (0.2, 8, 2.8), wall)
    box((0, 1.2, 2.85), (8, 3.2, 0.1), material("Ceiling", (0.8, 0.8, 0.78)))
    # The left wall leaves an opening for the window: y from -0.2 to 1.6, z from 0.9 to 2.2.
    box((-3.3, 2.2, 1.4), (0.2, 1.2, 2.8), wall)
    box((-3.3, -2.1, 1.4), (0.2, 3.8, 2.8), wall)
    box((-3.3, 0.7, 0.45), (0.2, 1.8, 0.9), wall)
    box((-3.3, 0.7, 2.5), (0.2, 1.8, 0.6), wall)
    for y in (-0.2, 0.7, 1.6):
        box((-3.24, y, 1.55), (0.07, 0.05, 1.3), white)
    for z in (0.9, 2.2):
        box((-3.22, 0.7, z), (0.14, 1.9, 0.06), white, 0.01)
    curtain = material("Curtain", (0.72, 0.6, 0.42), 0.9)
    for y in (-0.55, 1.95):
        for fold in range(5):
            cylinder((-3.08, y + (fold - 2) * 0.085, 1.3), 0.055, 2.4, curtain)
    box((0, 2.59, 0.05), (8, 0.03, 0.1), white)
    box((-3.19, 0, 0.05), (0.03, 8, 0.1), white)


def furniture() -> None:
    wood, dark = material("Wood", (0.36, 0.2, 0.1), 0.5), material("Dark", (0.05, 0.05, 0.06), 0.4)
    cloth, pillow = material("Sofa", (0.1, 0.17, 0.22), 0.9), material("Pillow", (0.5, 0.58, 0.5), 0.9)
    box((1.75, 2.05, 0.24), (1.9, 0.8, 0.3), cloth, 0.06)
    box((1.75, 2.38, 0.58), (1.9, 0.24, 0.55), cloth, 0.08)
    for x in (0.78, 2.72):
        box((x, 2.05, 0.38), (0.2, 0.82, 0.48), cloth, 0.07)
    box((1.25, 2.18, 0.56), (0.42, 0.16, 0.4), pillow, 0.07, 0.25)
    for x in (1.3, 2.2):
        box((x, 2.0, 0.43), (0.86, 0.62, 0.12), cloth, 0.05)

    box((-2.35, 2.42, 0.75), (0.9, 0.32, 0.03), wood)
    for z in (0.05, 0.4, 1.1, 1.45):
        box((-2.35, 2.42, z), (0.9, 0.32, 0.03), wood)
    for x in (-2.8, -1.9):
        box((x, 2.42, 0.75), (0.03, 0.32, 1.45), wood)
    colours = [(0.5, 0.1, 0.08), (0.1, 0.25, 0.4), (0.75, 0.65, 0.35), (0.12, 0.3, 0.18), (0.8, 0.8, 0.78)]
    for shelf, z in enumerate((0.07, 0.42, 0.77, 1.12)):
        x = -2.74
        for book in range(4 + 3 * (shelf % 2)):
            width, height = 0.035 + 0.012 * ((book * 7 + shelf) % 3), 0.2 + 0.03 * ((book * 5 + shelf) % 4)
            kind = (book * 3 + shelf) % len(colours)
            box((x + width / 2, 2.38, z + height / 2), (width, 0.2, height), material(f"Book{kind}", colours[kind]))
            x += width + 0.004

    pot, leaf = material("Pot", (0.7, 0.68, 0.64), 0.5), material("Leaf", (0.06, 0.22, 0.07), 0.5)
    cylinder((-1.2, 2.25, 0.18), 0.13, 0.36, pot, 0.18)
    for index in range(11):
        angle, lift = index * 2.4, 0.5 + 0.35 * ((index * 5) % 7) / 7
        bpy.ops.mesh.primitive_uv_sphere_add(
            segments=16,
            ring_count=8,
            radius=0.5,
            location=(-1.2 + 0.2 * math.cos(angle), 2.25 + 0.2 * math.sin(angle), 0.3 + lift * 0.75),
            rotation=(0.0, 0.75, angle),
        )
        blade = bpy.context.object
        blade.scale = (0.11, 0.025, 0.55)
        bpy.ops.object.shade_smooth()
        add(blade, leaf)

    shade = material("Shade", (1.0, 0.82, 0.6), 0.8, 1.2)
    cylinder((2.95, 2.3, 0.8), 0.015, 1.6, dark)
    cylinder((2.95, 2.3, 0.01), 0.14, 0.02, dark)
    cylinder((2.95, 2.3, 1.62), 0.2, 0.26, shade, 0.13)

    pictures = [
        ((0.9, 1.72), (0.5, 0.68), (0.22, 0.4, 0.34)),
        ((1.65, 1.8), (0.4, 0.5), (0.2, 0.35, 0.5)),
        ((2.25, 1.68), (0.42, 0.6), (0.82, 0.75, 0.5)),
    ]
    for index, ((x, z), (width, height), colour) in enumerate(pictures):
        box((x, 2.585, z), (width, 0.03, height), dark)
        box((x, 2.572, z), (width - 0.06, 0.03, height - 0.06), material("Mount", (0.88, 0.87, 0.84)))
        box((x, 2.562, z), (width - 0.2, 0.03, height - 0.2), material(f"Print{index}", colour))
    cylinder((0.1, 0.2, 0.006), 1.25, 0.012, material("Rug", (0.33, 0.31, 0.34), 0.95))
    cylinder((0.1, 0.2, 0.008), 1.13, 0.012, material("RugInner", (0.5, 0.47, 0.43), 0.95))


def lights() -> None:
    world = bpy.context.scene.world or bpy.data.worlds.new("World")
    bpy.context.scene.world = world
    world.use_nodes = True
    world.node_tree.nodes["Background"].inputs["Color"].default_value = (0.75, 0.85, 1.0, 1.0)
    world.node_tree.nodes["Background"].inputs["Strength"].default_value = 1.0
    for name, kind, where, turn, power, size, colour in (
        ("Sky", "AREA", (-3.6, 0.7, 1.7), (0, -math.radians(82), 0), 160.0, 1.9, (0.86, 0.93, 1.0)),
        ("Ceiling", "AREA", (0.6, -0.9, 3.4), (math.radians(12), 0, 0), 110.0, 2.6, (1.0, 0.94, 0.86)),
        ("Lamp", "POINT", (2.95, 2.2, 1.75), (0, 0, 0), 25.0, 0.12, (1.0, 0.75, 0.5)),
    ):
        light = bpy.data.lights.new(name, kind)
        light.energy, light.color = power, colour
        if kind == "AREA":
            light.size = size
        else:
            light.shadow_soft_size = size
        placed = bpy.data.objects.new(name, light)
        placed.location, placed.rotation_euler = where, turn
        bpy.context.collection.objects.link(placed)


def build() -> None:
    """Adds the room and its lights to the current scene."""
    shell()
    furniture()
    lights()
