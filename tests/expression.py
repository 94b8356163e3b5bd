"""What the expressions of both small interpreters share: tokens, read from left to right, and calls."""

from __future__ import annotations

import re
from typing import Any, ClassVar


class Expression:
    """A text cut into tokens by *pattern*, whose named groups are the kinds; `_or` reads the whole."""

    pattern: ClassVar[re.Pattern[str]]

    def __init__(self, text: str, now: float) -> None:
        self.now = now
        self.tokens: list[tuple[str, str]] = []
        place = 0
        while place < len(text.rstrip()):
            found = self.pattern.match(text, place)
            assert found, text[place:]
            self.tokens.append((str(found.lastgroup), found[found.lastgroup or 0]))
            place = found.end()

    def value(self, row: dict[str, Any]) -> Any:
        """The value on a row; every token is read."""
        self.at, self.row = 0, row
        result = self._or()
        assert self.at == len(self.tokens), self.tokens[self.at :]
        return result

    def _or(self) -> Any:
        raise NotImplementedError

    def _peek(self) -> str:
        return self.tokens[self.at][1] if self.at < len(self.tokens) else ""

    def _next(self) -> tuple[str, str]:
        self.at += 1
        return self.tokens[self.at - 1]

    def _arguments(self) -> list[Any]:
        self._next()
        found = []
        while self._peek() != ")":
            found.append(self._or())
            if self._peek() == ",":
                self._next()
        self._next()
        return found
