"""What Splunk's documents leave open, and the ways to read it; the named assumptions of a search settle some."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


@dataclass(frozen=True, slots=True)
class Reading:
    """One way to read what Splunk's documents leave open."""

    lone_bare: bool = False  # json_extract gives a single value at a path with `{}` bare, else in an array
    none_listed: bool = False  # … and `[]` where there is none, else null
    flat: bool = False  # … and of several paths one flat array, else one array for each path with `{}`
    null_element: bool = True  # json_array_to_mv gives the text null for a JSON null, else nothing
    empty_null: bool = False  # an empty text is no value
    bytes_only: bool = False  # regular expressions see bytes, and fold ASCII only, as lower() does
    case_joined: bool = False  # commands group without regard to case
    nulls_expand: bool = False  # mvexpand keeps a row without a value

    def under(self, assumptions: Iterable[str]) -> Reading:
        """The same reading of all but what the assumptions settle."""
        settled = {name: value for assumption in assumptions for name, value in _SETTLED.get(assumption, {}).items()}
        return replace(self, **settled)


_SETTLED = {
    "json_extract_list": {"lone_bare": False, "none_listed": False},
    "empty_text": {"empty_null": False},
    "unicode": {"bytes_only": False},
    "by_case": {"case_joined": False},
}
READINGS = (
    Reading(),
    Reading(lone_bare=True, null_element=False, empty_null=True, bytes_only=True, case_joined=True, nulls_expand=True),
    Reading(none_listed=True, flat=True, empty_null=True, nulls_expand=True),
    Reading(lone_bare=True, flat=True),
)
