"""How a command talks: data on stdout, talk on stderr, a progress bar only on a terminal."""

from __future__ import annotations

import json
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


def line(text: str) -> None:
    """A line of data on stdout."""
    click.echo(text)


def json_line(document: Any) -> None:
    """One JSON object on a line of stdout; keys keep their order."""
    click.echo(json.dumps(document, ensure_ascii=False))


def talk(text: str, *, quiet: bool) -> None:
    """A line for people on stderr, unless they asked for silence."""
    if not quiet:
        click.echo(text, err=True)


@contextmanager
def progress(label: str, total: int, *, quiet: bool) -> Iterator[Callable[[], None]]:
    """A function that advances a bar on stderr by one; it draws nothing when stderr is no terminal."""
    if quiet or not sys.stderr.isatty():
        yield lambda: None
        return
    # Imported late: rich takes 60 ms, and in a pipe nothing is drawn.
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(label, total=total)
        yield lambda: bar.advance(task)


def table(columns: list[str], rows: list[list[str]]) -> None:
    """A table on stdout; plain tab-separated lines when stdout is no terminal, so that it can be cut and sorted."""
    if not sys.stdout.isatty():
        for row in rows:
            click.echo("\t".join(row))
        return
    from rich.console import Console
    from rich.table import Table

    drawn = Table(box=None, header_style="bold")
    for number, column in enumerate(columns):
        drawn.add_column(column, no_wrap=number == 0)
    for row in rows:
        drawn.add_row(*row)
    Console().print(drawn)
