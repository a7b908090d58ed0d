"""`mocap demo`: the whole path on the clip that ships, measured."""

from pathlib import Path
from typing import Annotated

import typer


def demo(
    out: Annotated[Path, typer.Option(help="Folder for the take, the videos and the report.")] = Path("out"),
    device: Annotated[str, typer.Option(help="Where ViTPose runs: auto, cpu, cuda, cuda:1, mps.")] = "",
) -> None:
    """Capture the clip that ships onto the default character in headless Blender, and measure it."""
    import time

    from rich.console import Console

    from ..demo import run as demo_run
    from .progress import stages

    console = Console()
    began = time.perf_counter()
    try:
        with stages(console) as progress:
            report = demo_run.run(out, progress, device)
    except demo_run.DemoError as error:
        typer.echo(f"mocap demo: {error}", err=True)
        raise typer.Exit(1) from None
    except KeyboardInterrupt:
        typer.echo("mocap demo: stopped", err=True)
        raise typer.Exit(130) from None
    console.print(_summary(report))
    console.print(f"{out} has {', '.join(report['files'])}. {time.perf_counter() - began:.0f} s.")


def _summary(report: dict):
    from rich.table import Table

    angle = report["bone_angle_deg"]
    table = Table(show_header=False, box=None, padding=(0, 2, 0, 0))
    rows = [
        (
            "Frames",
            f"{report['frames_captured']} captured, {report['frames_recorded']} recorded, "
            f"{report['packets_lost']} packets lost",
        ),
        ("Latency, grab to pose", "p50 {p50:.0f} ms, p95 {p95:.0f} ms".format(**report["latency_ms"])),
        (
            "Limb angle error",
            f"{angle['mean']:.1f}° (arms {angle['arm']:.1f}°, legs {angle['leg']:.1f}°); "
            f"the best frozen pose has {report['constant_pose_deg']:.1f}°",
        ),
        ("With true 2D, true 3D", f"{report['true_2d_deg']['mean']:.1f}°, {report['true_3d_deg']['mean']:.1f}°"),
        ("Ran on", f"Blender {report['blender']}, {report['model']}, {report['device']}"),
    ]
    for name, value in rows:
        table.add_row(f"[bold]{name}", value)
    return table
