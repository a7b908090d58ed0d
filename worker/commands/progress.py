"""A progress bar for work in stages: one line a stage."""

from contextlib import contextmanager


@contextmanager
def stages(console):
    """Gives `progress(what, done, of)`; a new `what` starts a new line. Plain lines where output is no terminal."""
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    if not console.is_terminal:
        said = set()

        def plain(what: str, done: int, of: int) -> None:
            if what not in said:
                said.add(what)
                console.print(f"{what} …")

        yield plain
        return
    with Progress(
        TextColumn("{task.description:<28}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), console=console
    ) as bars:
        tasks = {}

        def show(what: str, done: int, of: int) -> None:
            if what not in tasks:
                for task in tasks.values():
                    bars.stop_task(task)
                tasks[what] = bars.add_task(what)
            bars.update(tasks[what], completed=done, total=of)

        yield show
