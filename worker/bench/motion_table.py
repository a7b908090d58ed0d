"""The cases of `mocap bench motion` as tables, one a rig; everything else is in the JSON."""

from __future__ import annotations

from rich.table import Table

#: A column's head → the metric, and its digits.
COLUMNS = {
    "bones °": ("bone_angle_deg", 1),
    "by action": ("bone_angle_deg_actions", 1),
    "arms": ("bone_angle_deg_arm", 1),
    "legs": ("bone_angle_deg_leg", 1),
    "P-MPJPE mm": ("p_mpjpe_mm", 0),
    "twist jumps ‰": ("twist_jumps_per_1000", 1),
    "skate cm/s": ("foot_skate_cm_s", 1),
    "true": ("true_foot_travel_cm_s", 1),
    "in floor cm": ("penetration_cm_p95", 1),
    "acc. mm": ("acceleration_error_mm", 1),
    "jitter mm": ("jitter_mm", 1),
    "drift m": ("root_drift_m", 2),
    "jump": ("jump_apex_ratio", 2),
    "lag ms": ("lag_ms", 0),
    "solve ms": ("solve_ms_p95", 1),
    "Blender ms": ("evaluate_ms_p95", 1),
}


def tables(cases: list[dict]) -> list[Table]:
    """A table a rig, a row a case, with the three readings to compare with in its caption."""
    out = []
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
        table = Table("", *COLUMNS, title=rig, title_justify="left", caption=f"Beside them, degrees: {compared}")
        for case in own:
            row = [f"{case[metric]:.{digits}f}" if metric in case else "" for metric, digits in COLUMNS.values()]
            table.add_row(case["name"].removeprefix(f"{rig}/"), *row)
        out.append(table)
    return out
