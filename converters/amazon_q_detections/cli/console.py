"""How a command talks: data on stdout, talk on stderr, a progress bar only on a terminal."""

from __future__ import annotations

import json
import re
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


# What would end a line or a cell, or tell a terminal to do something.
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")


class ReaderGone(Exception):  # noqa: N818  # the reader of our output has left, which is no error
    """The reader of stdout has gone (`qdet list rules | head`)."""


def line(text: str) -> None:
    """A line of data on stdout; raises ReaderGone."""
    try:
        click.echo(text)
    except BrokenPipeError as error:
        raise ReaderGone from error


def json_line(document: Any) -> None:
    """One JSON object on a line of stdout; keys keep their order."""
    line(json.dumps(document, ensure_ascii=False))


def row(cells: list[str]) -> None:
    """Tab-separated cells on a line of stdout; a control character in a cell is shown as its escape."""
    line("\t".join(map(_cell, cells)))


def _cell(text: str) -> str:
    return _CONTROL.sub(lambda found: found[0].encode("unicode_escape").decode(), text)


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
    if sys.stdout is None or not sys.stdout.isatty():
        for cells in rows:
            row(cells)
        return
    from rich.console import Console
    from rich.measure import Measurement
    from rich.table import Table
    from rich.text import Text

    drawn = Table(box=None, header_style="bold")
    for column in columns:
        drawn.add_column(column, no_wrap=True)
    for cells in rows:
        drawn.add_row(*(Text(_cell(cell)) for cell in cells))
    console = Console()
    # A row that is wider than the terminal goes on in the next line, whole: cut cells cannot be copied.
    console.width = max(console.width, Measurement.get(Console(width=10_000), Console(width=10_000).options, drawn).maximum)
    console.print(drawn, crop=False, soft_wrap=False)
