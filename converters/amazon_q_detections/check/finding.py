"""One finding of `qdet check`."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from amazon_q_detections.errors import ContentError

Severity = Literal["error", "warning"]


@dataclass(frozen=True)
class Finding:
    """What is wrong in *path* at *key* (a dotted place in the file); *code* names the check, for filters.

    A warning raises a doubt that a person must settle; only errors make `qdet check` fail.
    """

    path: Path
    key: str
    code: str
    message: str
    severity: Severity = "error"
    line: int | None = None

    @classmethod
    def of(cls, error: ContentError, code: str) -> Finding:
        """What made a file unusable, as a finding in it."""
        return cls(Path(error.where), error.key, code, error.fault, line=error.line)

    def __str__(self) -> str:
        place = f"{self.path}:{self.line}" if self.line else str(self.path)
        return f"{place}: {self.severity}: {self.key + ': ' if self.key else ''}{self.message} [{self.code}]"
