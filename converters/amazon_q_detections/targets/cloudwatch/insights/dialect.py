"""What AWS's documents leave open and the compiler's assumptions allow, in ways that a query must all bear."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Dialect:
    """How JSON booleans read in a parsed record, and how jsonStringify writes.

    What ispresent says of an object is not documented, so the one says this and the other that.
    """

    booleans: tuple[Any, Any] = (0, 1)
    spaced: bool = False
    objects_present: bool = False

    def written(self, value: Any) -> str:
        """The JSON text of a value."""
        if not self.spaced:
            return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
        return json.dumps(value, ensure_ascii=True, separators=(", ", " : ")).replace("/", "\\/")


DIALECTS = (Dialect(), Dialect(booleans=("false", "true"), spaced=True, objects_present=True))
