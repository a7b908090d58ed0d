"""Chains of bones that follow something, as they are saved with the scene."""

import bpy

from .rig import is_armature

SOLVERS = (
    ("ikpy", "ikpy", "Least squares within the joints' limits, by the library ikpy. The slowest"),
    ("damped", "Damped", "Damped least squares within the joints' limits; the smoothest, and fast"),
    ("closed form", "Closed Form", "Two halves with one elbow, as for an arm. The fastest"),
)


class MocapChain(bpy.types.PropertyGroup):
    """From the bone `root` to the bone `tip`, whose end follows the target's origin, or the head of its bone."""

    armature: bpy.props.PointerProperty(
        name="Armature", description="Whose bones these are", type=bpy.types.Object, poll=is_armature
    )
    root: bpy.props.StringProperty(name="From", description="The first bone of the chain")
    tip: bpy.props.StringProperty(name="To", description="The last bone of the chain; its end follows the target")
    target: bpy.props.PointerProperty(
        name="Target", description="What the chain follows: an object, or a joint of an armature", type=bpy.types.Object
    )
    joint: bpy.props.StringProperty(
        name="Joint", description="The bone at whose head the joint is; none for the object's origin"
    )
    solver: bpy.props.EnumProperty(name="Solver", description="How the chain is solved", items=SOLVERS, default="ikpy")

