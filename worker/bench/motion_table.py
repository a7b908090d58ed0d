"""The cases of `mocap bench motion` as tables, narrow enough for any terminal; everything else is in the JSON."""

from __future__ import annotations

from rich.box import SIMPLE
from rich.table import Table

from .motion_scenes import ACTORS

#: Of each table of a rig: a column's head → the metric, and its digits.
TABLES = (
    {
        "bones °": ("bone_angle_deg", 1),
        "by action": ("bone_angle_deg_actions", 1),
        "arms": ("bone_angle_deg_arm", 1),
        "legs": ("bone_angle_deg_leg", 1),
        "P-MPJPE mm": ("p_mpjpe_mm", 0),
    },
    {
        "skate cm/s": ("foot_skate_cm_s", 1),
        "true": ("true_foot_travel_cm_s", 1),
        "in floor cm": ("penetration_cm_p95", 1),
        "drift m": ("root_drift_m", 2),
        "jump": ("jump_apex_ratio", 2),
    },
    {
        "twists ‰": ("twist_jumps_per_1000", 1),
        "acc. mm": ("acceleration_error_mm", 1),
        "jitter mm": ("jitter_mm", 1),
        "lag ms": ("lag_ms", 0),
        "solve ms": ("solve_ms_p95", 1),
        "Blender": ("evaluate_ms_p95", 1),
    },
)


def tables(cases: list[dict]) -> list[Table]:
    """Three tables a rig, a row a case, with the three readings to compare with below the first."""
    usual, out = next(iter(ACTORS)), []
    for rig in dict.fromkeys(case["rig"] for case in cases):
        own = [case for case in cases if case["rig"] == rig]
        compared = ", ".join(
            f"{what} {min(case[metric] for case in own):.1f} to {max(case[metric] for case in own):.1f}"
            for what, metric in (
                ("the best constant pose", "constant_pose_deg"),
                ("the first system's depth rule", "first_system_deg"),
                ("the planar reading", "planar_deg"),
            )
        )
        for columns in TABLES:
            title, caption = (rig, f"Beside them, degrees: {compared}") if columns is TABLES[0] else (None, None)
            table = Table("", title=title, title_justify="left", caption=caption, box=SIMPLE, padding=0)
            for head in columns:
                table.add_column(head, justify="right")
            for case in own:
                row = [f"{case[metric]:.{digits}f}" if metric in case else "" for metric, digits in columns.values()]
                table.add_row(case["name"].removeprefix(f"{rig}/").removeprefix(f"{usual}/"), *row)
            out.append(table)
    return out
