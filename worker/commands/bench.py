"""`mocap bench NAME`: one command a claim; a table, and JSON with `--json`."""

import json
import os
import platform
import subprocess
from itertools import groupby
from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(help="Measure what the project claims.", no_args_is_help=True)

Json = Annotated[Path | None, typer.Option("--json", help="Write the figures to this file.")]
Device = Annotated[str, typer.Option(help="Where ViTPose runs: auto, cpu, cuda, cuda:1, mps.")]


@app.command()
def path(json_file: Json = None, device: Device = "") -> None:
    """Worker and Blender as two processes, on the clip that ships: from a frame's grab to the updated pose."""
    import tempfile

    from rich.console import Console

    from ..demo import run as demo_run
    from .progress import stages

    with tempfile.TemporaryDirectory(prefix="mocap-bench-", ignore_cleanup_errors=True) as folder:
        try:
            with stages(Console()) as progress:
                report = demo_run.run(Path(folder), progress, device, videos=False)
        except demo_run.DemoError as error:
            typer.echo(f"mocap bench: {error}", err=True)
            raise typer.Exit(1) from None
    case = {
        "name": f"path/{report['model']}/{report['device']}",
        "fps": report["capture_fps"],
        "latency_ms_p50": report["latency_ms"]["p50"],
        "latency_ms_p95": report["latency_ms"]["p95"],
        "arrival_ms_p50": report["arrival_ms"]["p50"],
        "arrival_ms_p95": report["arrival_ms"]["p95"],
        "bone_angle_deg": report["bone_angle_deg"]["mean"],
        "frames_captured": report["frames_captured"],
        "packets_lost": report["packets_lost"],
    }
    publish([case], json_file)


@app.command()
def blender(json_file: Json = None) -> None:
    """The add-on in Blender: milliseconds a tick by stage, a minute's take solved and written, packets."""
    from ..demo.bench import BenchError, measure_blender

    try:
        publish(measure_blender(), json_file)
    except BenchError as error:
        typer.echo(f"mocap bench: {error}", err=True)
        raise typer.Exit(1) from None


@app.command()
def worker(
    json_file: Json = None,
    model: Annotated[
        list[str] | None, typer.Option(help="T, S, B, L, H or a config; several times for several. [T, S, B]")
    ] = None,
    people: Annotated[int, typer.Option(min=1, max=64, help="People in the frame.")] = 1,
    device: Device = "auto",
    checkpoint: Annotated[str | None, typer.Option(help="Weights to measure with.")] = None,
    rounds: Annotated[int, typer.Option(min=1, help="Frames a program.")] = 30,
) -> None:
    """From a frame in memory to packets, by stage, beside transformers and mmpose with the same weights."""
    from ..backends import BackendError
    from ..bench.worker import measure_worker
    from ..vitpose.checkpoint import CheckpointError
    from ..vitpose.config import ConfigError

    try:
        publish(list(measure_worker(model or ["T", "S", "B"], people, device, rounds, checkpoint)), json_file)
    except (BackendError, CheckpointError, ConfigError) as error:
        typer.echo(f"mocap bench: {error}", err=True)
        raise typer.Exit(1) from None


@app.command()
def engines(
    json_file: Json = None,
    model: Annotated[list[str] | None, typer.Option(help="T, S, B, L or H; several times for several.")] = None,
    rounds: Annotated[int, typer.Option(min=1, help="Crops a program.")] = 30,
) -> None:
    """What runs the network fastest on this CPU. For developers: needs ONNX Runtime and a C++ compiler."""
    try:
        from ..bench.engines import measure_engines

        publish(list(measure_engines(model or ["T", "S", "B"], rounds)), json_file)
    except ImportError as error:
        typer.echo(f"mocap bench: {error}. The project's dev group has what this needs.", err=True)
        raise typer.Exit(1) from None


@app.command()
def solvers(json_file: Json = None) -> None:
    """Chains of bones after a moving target: closed form, damped least squares and ikpy."""
    from ..bench.solvers import measure

    publish(measure(), json_file)


@app.command()
def motion(
    json_file: Json = None,
    full: Annotated[bool, typer.Option("--full", help="All clips of the test part, not few of the walks.")] = False,
    quick: Annotated[bool, typer.Option("--quick", help="One walk, and of each clip its first seconds.")] = False,
    rig: Annotated[
        list[str] | None, typer.Option(help="A rig of worker/bench/rigs; several times for several. [three]")
    ] = None,
    smoothness: Annotated[float, typer.Option(min=0, max=1, help="From raw to heavy, as on the panel.")] = 0.5,
    data: Annotated[Path | None, typer.Option("--motion", help="The motion data, if not in its place.")] = None,
) -> None:
    """Captured motion through the extension onto characters: angles, feet, jitter, lag, milliseconds a frame.

    As packets, and as videos that ViTPose sees. Takes minutes.
    """
    from rich.console import Console

    from ..bench.motion import RIGS, measure_motion
    from ..bench.motion_table import tables
    from ..demo.bench import BenchError
    from .progress import stages

    if full and quick:
        raise typer.BadParameter("--full and --quick are two ways of choosing clips; give one")
    how_much = "full" if full else "quick" if quick else "usual"
    try:
        with stages(Console()) as progress:
            cases = list(measure_motion(how_much, tuple(rig or RIGS), {"smoothness": smoothness}, progress, data))
    except BenchError as error:
        typer.echo(f"mocap bench: {error}", err=True)
        raise typer.Exit(1) from None
    publish(cases, json_file, tables(cases))


@app.command()
def window(
    json_file: Json = None,
    minutes: Annotated[float, typer.Option(min=0.1, help="The take's length.")] = 10.0,
) -> None:
    """How long our calls hold Blender's main thread, in a real window: a ten-minute take stopped, exported, loaded.

    It is solved again, too. Takes about a quarter of an hour.
    """
    from ..bench.window import measure_window
    from ..demo.bench import BenchError

    try:
        publish(measure_window(minutes), json_file)
    except BenchError as error:
        typer.echo(f"mocap bench: {error}", err=True)
        raise typer.Exit(1) from None


@app.command()
def soak(
    json_file: Json = None,
    minutes: Annotated[float, typer.Option(min=0.1, help="How long to capture and record.")] = 30.0,
) -> None:
    """Capture and recording at 60 packets a second, for long: memory, lost packets, the longest calls."""
    from rich.console import Console

    from ..bench.soak import measure_soak
    from ..demo.bench import BenchError

    try:
        publish([measure_soak(minutes, Console().print)], json_file)
    except BenchError as error:
        typer.echo(f"mocap bench: {error}", err=True)
        raise typer.Exit(1) from None


@app.command()
def synth(
    json_file: Json = None,
    pictures: Annotated[int, typer.Option(min=1, help="Pictures a case.")] = 100,
) -> None:
    """Drawn pictures a second on one core: varied people and the default character, crops and whole frames."""
    os.environ.setdefault("LP_NUM_THREADS", "0")  # software OpenGL draws in this thread
    try:
        from ..bench.synth import measure_synth
        from ..training.gltf import CharacterError
        from ..training.render import RenderError
    except ImportError as error:
        typer.echo(f"mocap bench: {error}: `uv sync --extra train` installs what draws the pictures.", err=True)
        raise typer.Exit(1) from None
    try:
        publish(list(measure_synth(pictures)), json_file)
    except (CharacterError, RenderError) as error:
        typer.echo(f"mocap bench: {error}", err=True)
        raise typer.Exit(1) from None


@app.command()
def lift(
    json_file: Json = None,
    weights: Annotated[Path | None, typer.Option(help="Those that ship if not given.")] = None,
    motion: Annotated[Path | None, typer.Option(help="The motion clips; MOCAP_MOTION if not given.")] = None,
    detected: Annotated[bool, typer.Option(help="Also behind the ViTPose that ships, on the demo's clip.")] = True,
    device: Device = "auto",
) -> None:
    """2D to 3D by action, on bodies and cameras of all kinds, with true, noisy, missing and detected keypoints."""
    from mocap_core.lift import LiftError

    from ..backends import BackendError
    from ..bench.lift import measure_lift
    from ..bench.lift_detected import measure_detected
    from ..bench.lift_time import time_of
    from ..training.motion import MotionError, load_clips
    from ..vitpose.checkpoint import CheckpointError

    try:
        clips = load_clips("test", motion)
        cases = shown(measure_lift(clips, weights))
        if detected:
            cases += shown(measure_detected(weights, device))
    except (MotionError, LiftError, BackendError, CheckpointError) as error:
        typer.echo(f"mocap bench: {error}", err=True)
        raise typer.Exit(1) from None
    timed = time_of(weights)
    publish([timed], None)
    write([*cases, timed], json_file)


def shown(cases) -> list[dict]:
    """The cases, printed as they come: those of one condition, the name up to its last part, in one table."""
    out = []
    for _, group in groupby(cases, lambda case: case["name"].rpartition("/")[0]):
        out += (rows := list(group))
        show_together(rows)
    return out


def show_together(cases: list[dict]) -> None:
    """Prints cases with the same metrics as the columns of one table, the metrics as its rows."""
    from rich import box
    from rich.console import Console
    from rich.table import Table

    table = Table(box=box.SIMPLE_HEAD, padding=(0, 0, 0, 1))
    table.add_column(cases[0]["name"].rpartition("/")[0], no_wrap=True)
    for case in cases:
        table.add_column(case["name"].rpartition("/")[2], justify="right", overflow="fold")
    for name in [name for name in cases[0] if name != "name"]:
        values = [f"{case[name]:.1f}" if isinstance(case[name], float) else str(case[name]) for case in cases]
        table.add_row(name.replace("_", " "), *values)
    Console().print(table)


def publish(cases: list[dict], json_file: Path | None, shown: list | None = None) -> None:
    """Prints the cases, each as a table or as the tables `shown`, and writes them, with the machine and the commit, to
    `json_file`."""
    from rich.console import Console
    from rich.table import Table

    tables = shown or []
    for case in () if shown else cases:
        table = Table("metric", "value", title=case["name"], title_justify="left")
        for metric, value in case.items():
            if metric != "name":
                table.add_row(metric, f"{value:.3f}" if isinstance(value, float) else str(value))
        tables.append(table)
    for table in tables:
        Console().print(table)
    write(cases, json_file)


def write(cases: list[dict], json_file: Path | None) -> None:
    """Writes the cases, with the machine and the commit, to `json_file` if there is one."""
    if json_file is None:
        return
    written = {"machine": machine(), "commit": commit(), "cases": cases}
    try:
        json_file.write_text(json.dumps(written, indent=2) + "\n", encoding="utf-8")
    except OSError as error:
        typer.echo(f"mocap bench: cannot write {json_file}: {error.strerror}", err=True)
        raise typer.Exit(1) from None


def machine() -> dict:
    """What the figures were measured on."""
    return {
        "system": f"{platform.system()} {platform.release()}",
        "processor": _processor(),
        "cores": os.cpu_count(),
        "load": round(os.getloadavg()[0], 1) if hasattr(os, "getloadavg") else None,
        "python": platform.python_version(),
    }


def _processor() -> str:
    try:
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()


def commit() -> str | None:
    """The commit of the checkout that this runs from, with + where it has changes."""
    command = ["git", "-C", str(Path(__file__).parent), "describe", "--always", "--dirty=+"]
    try:
        return subprocess.run(command, capture_output=True, text=True, timeout=10, check=True).stdout.strip() or None
    except (OSError, subprocess.SubprocessError):
        return None
