"""What can go wrong, in words that say where, what, and how to mend it."""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path


class QdetError(Exception):
    """Base of the errors that the command line prints without a traceback."""


class ContentError(QdetError):
    """Input that cannot be used: a rule, events, pipeline or placeholder file, or an argument.

    *where* names the file, *line* and *key* the place inside it, *what* the fault, *mend* the cure.
    """

    def __init__(self, where: str | Path, what: str, *, key: str = "", mend: str = "", line: int | None = None) -> None:
        self.where = str(where)
        self.key = key
        self.what = what
        self.mend = mend
        self.line = line
        super().__init__(where, what, key, mend, line)

    def __str__(self) -> str:
        line = f"line {self.line}" if self.line else ""
        return ": ".join(part for part in (self.where, line, self.key, self.fault) if part)

    @property
    def fault(self) -> str:
        """What is wrong and how to mend it, without the place."""
        return f"{self.what} {self.mend}".strip()


class Refused(QdetError):  # noqa: N818  # the field says "refused", and it is no error of the program
    """A construct that cannot be said exactly; it is reported, never approximated.

    *target* is empty when the contract itself refuses the construct (docs/semantics.md).
    """

    def __init__(self, construct: str, reason: str, *, target: str = "", stem: str = "") -> None:
        self.construct = construct
        self.reason = reason
        self.target = target
        self.stem = stem
        super().__init__(construct, reason, target, stem)

    def within(self, *, stem: str = "", target: str = "") -> Refused:
        """The same refusal, naming the rule and the target it was met in."""
        return Refused(self.construct, self.reason, target=self.target or target, stem=self.stem or stem)

    def __str__(self) -> str:
        who = " on ".join(part for part in (self.stem, self.target) if part)
        return f"{who + ': ' if who else ''}{self.construct}: {self.reason}"


_FEW = 12


def did_you_mean(word: str, choices: Iterable[object]) -> str:
    """A closing sentence that offers the nearest of *choices*, or all of them when none is near and they are few.

    The choices may be the keys of any mapping, which YAML lets be numbers, dates or booleans.
    """
    known = sorted(set(map(str, choices)))
    near = nearest(word, known)
    if near is not None:
        return f"Did you mean {near!r}?"
    return f"Known: {', '.join(known)}." if 0 < len(known) <= _FEW else ""


def nearest(word: str, choices: Iterable[str]) -> str | None:
    """The one of *choices* that *word* is most likely a slip of, in whatever case, or None."""
    folded = {one.lower(): one for one in sorted(choices, reverse=True)}
    near = get_close_matches(word.lower(), folded, n=1, cutoff=0.7)
    return folded[near[0]] if near else None
