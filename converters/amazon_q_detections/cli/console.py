"""How a command talks: data on stdout, talk on stderr, a progress bar only on a terminal."""

from __future__ import annotations

import io
import os
import re
import sys
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from amazon_q_detections import json_output

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from rich.progress import Progress

# What would end a line or a cell, tell a terminal to do something, or turn the order of what stands beside it.
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")
_CONTROL_IN_LINES = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")
_ERASE_LINE = "\r\x1b[2K"
_SECONDS_A_FRAME = 0.1

# The bar on the terminal's last line, if one is drawn; there is one terminal, so this is no state of a command.
_drawn: list[Progress] = []


class _Out(io.FileIO):
    """stdout that goes on into nothing when its reader has left (`qdet check | head`): the exit code is still owed."""

    def write(self, data: Any) -> int:
        try:
            return super().write(data)
        except OSError as error:
            _lead_nowhere(self)
            if not isinstance(error, BrokenPipeError):
                raise
            return memoryview(data).nbytes


class _Talk(io.FileIO):
    """stderr that goes on into nothing when nobody can listen: what is said there decides nothing."""

    def write(self, data: Any) -> int:
        try:
            return super().write(data)
        except OSError:
            _lead_nowhere(self)
            return memoryview(data).nbytes


def _lead_nowhere(file: io.FileIO) -> None:
    os.dup2(os.open(os.devnull, os.O_WRONLY), file.fileno())


def take_over() -> None:
    """Make the process's own streams such that no reader who leaves, and nothing that is full or closed, breaks a command."""
    sys.stdout = _unbreakable(sys.stdout, _Out)
    sys.stderr = _unbreakable(sys.stderr, _Talk)


def _unbreakable(stream: TextIO | None, kind: type[io.FileIO]) -> TextIO:
    if stream is None:  # closed by whoever started us
        return Path(os.devnull).open("w")
    raw = kind(stream.fileno(), "wb", closefd=False)
    # A record is anyone's text: half a surrogate pair, or a letter that the terminal's encoding lacks, is shown escaped.
    return io.TextIOWrapper(io.BufferedWriter(raw), stream.encoding, "backslashreplace", line_buffering=True)


def shown(text: str) -> str:
    """*text* as it may stand on a line: what would end it, or speak to a terminal, is its escape."""
    return _CONTROL.sub(_escape, text)


def _escape(found: re.Match[str]) -> str:
    return found[0].encode("unicode_escape").decode()


def line(text: str) -> None:
    """A line of data on stdout."""
    _write(sys.stdout, shown(text))


def lines(text: str) -> None:
    """Lines of data on stdout, to the letter, since a query must stay what it is; a terminal is shown escapes."""
    _write(sys.stdout, _CONTROL_IN_LINES.sub(_escape, text) if sys.stdout.isatty() else text)


def json_line(document: Any) -> None:
    """One JSON object on a line of stdout; keys keep their order."""
    line(json_output.in_ascii(document))


def row(cells: list[str]) -> None:
    """Tab-separated cells on a line of stdout."""
    _write(sys.stdout, "\t".join(map(shown, cells)))


def talk(text: str, *, quiet: bool = False) -> None:
    """A line for people on stderr, unless they asked for silence."""
    if not quiet:
        _write(sys.stderr, shown(text))


def counted(number: int, noun: str) -> str:
    """`1 match`, `2 matches`."""
    plural = f"{noun}es" if noun.endswith("ch") else f"{noun}s"
    return f"{number} {noun if number == 1 else plural}"


def _write(stream: TextIO, text: str) -> None:
    if _drawn and stream.isatty():  # the bar stands where this line begins
        sys.stderr.write(_ERASE_LINE)
        sys.stderr.flush()
    stream.write(f"{text}\n")
    stream.flush()


@contextmanager
def progress(label: str, total: int, *, quiet: bool) -> Iterator[Callable[[], None]]:
    """A function that advances a bar on stderr by one; it draws nothing when stderr is no terminal."""
    if quiet or not sys.stderr.isatty():
        yield lambda: None
        return
    # Imported late: rich takes 60 ms, and in a pipe nothing is drawn.
    from rich.console import Console
    from rich.progress import Progress

    terminal = Console(stderr=True)
    if terminal.is_dumb_terminal:
        yield lambda: None
        return
    # No thread draws, or it would draw between a line and the erasing before it; and what is printed stays on its own stream.
    with Progress(console=terminal, transient=True, auto_refresh=False, redirect_stdout=False, redirect_stderr=False) as bar:
        task = bar.add_task(label, total=total)
        last = 0.0

        def step() -> None:
            nonlocal last
            bar.advance(task)
            if time.monotonic() - last >= _SECONDS_A_FRAME:
                last = time.monotonic()
                bar.refresh()

        _drawn.append(bar)
        try:
            yield step
        finally:
            _drawn.remove(bar)


def table(columns: list[str], rows: list[list[str]]) -> None:
    """A table on stdout; plain tab-separated lines when stdout is no terminal, so that it can be cut and sorted."""
    if not sys.stdout.isatty():
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
        drawn.add_row(*(Text(shown(cell)) for cell in cells))
    console = Console()
    # A row that is wider than the terminal goes on in the next line, whole: cut cells cannot be copied.
    console.width = max(console.width, Measurement.get(Console(width=10_000), Console(width=10_000).options, drawn).maximum)
    console.print(drawn, crop=False, soft_wrap=False)
