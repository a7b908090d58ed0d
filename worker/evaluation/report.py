"""A measurement as tables for a terminal."""

from __future__ import annotations

from rich.console import Console
from rich.table import Table

#: Scores at which the table shows what trusting them gives; the JSON has every step.
SHOWN_THRESHOLDS = (0.1, 0.3, 0.5, 0.7)


def show(figures: dict, console: Console) -> None:
    """Prints what `job.run` gave."""
    model, run, data = figures["model"], figures["run"], figures["dataset"]
    console.print(
        f"{model['name']} on {data['kind']} ({data['source']}): {run['boxes']} {data['boxes']} boxes in "
        f"{data['pictures']} pictures, flip test {'on' if run['flip_test'] else 'off'}",
        soft_wrap=True,
    )
    for note in data["notes"]:
        console.print(f"[yellow]{note}[/yellow]")
    console.print(_measures(figures["measures"]))
    console.print(_keypoints(figures))
    console.print(_joints(figures))
    console.print(_scores(figures))
    lines = [
        f"people found {figures['people_found']} of {figures['people']}",
        f"left for right: {_percent(figures['swap_rate'])} of joints; both exchanged: "
        f"{_percent(figures['pair_swap_rate'])} of pairs",
    ]
    if figures["jitter"]:
        lines.append(jitter_line(figures["jitter"]))
    memory = run["peak_memory_mb"]
    lines += [
        f"parameters {model['parameters']:,}, {model['gmacs']:.3f} GMACs, peak memory of the "
        f"{run['peak_memory_of']} {'not measured' if memory is None else f'{memory:.0f} MB'}",
        f"{run['fps']:.2f} pictures/s, {run['people_per_s']:.2f} people/s, the network alone "
        f"{run['network_people_per_s']:.2f} ({run['backend']}, {run['device']}, {run['precision']})"
        if run["fps"] is not None
        else "speed not measured: everything was in the journal",
    ]
    for line in lines:
        console.print(line, highlight=False, soft_wrap=True)


def cases(figures: dict) -> list[dict]:
    """The figures as the benchmarks' JSON has them: one flat case a part of the data."""
    model, run = figures["model"], figures["run"]
    name = f"eval/{figures['dataset']['kind']}/{model['name']}"
    shared = {"parameters": model["parameters"], "gmacs": model["gmacs"]}
    shared |= {key: run[key] for key in ("flip_test", "peak_memory_mb", "fps")}
    return [
        {"name": name if part == "all" else f"{name}/{part}", **measures, **shared}
        for part, measures in figures["measures"].items()
    ]


def jitter_line(jitter: dict) -> str:
    """One line about a still clip."""
    if jitter["jitter_px"] is None:
        return "jitter not measured: no keypoint is sure on the still clips"
    return (
        f"jitter {jitter['jitter_px']:.2f} px, {jitter['jitter_percent']:.2f}% of the box; from frame to frame up to "
        f"{jitter['step_px_p95']:.2f} px (95th percentile)"
    )


def _measures(measures: dict[str, dict]) -> Table:
    """The dataset's own figures, a column a part."""
    table = Table("", *(name.replace("_", " ") for name in measures))
    for column in table.columns[1:]:
        column.justify = "right"
    for name in next(iter(measures.values())):
        table.add_row(name, *(_number(part[name], name) for part in measures.values()))
    return table


def _keypoints(figures: dict) -> Table:
    """How often each keypoint is correct; of WholeBody's only the body's and the feet's, the JSON has all."""
    columns = {"correct": figures["correct_by_keypoint"], "PCK 0.2": figures.get("pck_0_2_by_keypoint")}
    columns = {name: values for name, values in columns.items() if values}
    table = Table("keypoint", *columns)
    for column in table.columns[1:]:
        column.justify = "right"
    for name in list(figures["correct_by_keypoint"])[:23]:
        table.add_row(name, *(_percent(values[name]) for values in columns.values()))
    return table


def _joints(figures: dict) -> Table:
    table = Table("joints", title="by how they are seen", title_justify="left")
    for column in ("count", "correct", "mean score", "AP"):
        table.add_column(column, justify="right")
    for name, group in figures["joints"].items():
        table.add_row(
            name, f"{group['count']:,}", _percent(group["correct"]), _number(group["score"]), _number(group.get("ap"))
        )
    return table


def _scores(figures: dict) -> Table:
    table = Table("score of at least", title="what a score is worth", title_justify="left")
    for column in ("precision", "recall", "count"):
        table.add_column(column, justify="right")
    for row in figures["score_curve"]:
        if row["threshold"] in SHOWN_THRESHOLDS:
            table.add_row(
                f"{row['threshold']:.2f}", _percent(row["precision"]), _percent(row["recall"]), f"{row['count']:,}"
            )
    return table


def _number(value: float | None, name: str = "") -> str:
    if value is None:
        return "–"
    return f"{value:.2f}" if name.endswith("_px") else f"{value:.3f}"


def _percent(value: float | None) -> str:
    return "–" if value is None else f"{100 * value:.1f}%"
