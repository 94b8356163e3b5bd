"""When a scheduled artefact runs, how late it looks, and how often one burst may alert."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

_DURATION = re.compile(r"([1-9][0-9]*)([smhd])")
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}

# CloudTrail delivers within about 15 minutes (docs/semantics.md, "A scheduled artefact sees the world in runs").
DEFAULT_DELAY = 900
DEFAULT_STEP = 300
DEFAULT_THROTTLE = 3600
_LEAST_STEP, _MOST_STEP = 60, 3600
KEYS = ("step", "delay", "throttle")
"""What a rule may declare."""

LONGEST = 366 * 86400
"""The longest duration in seconds; a longer one is taken for a typing error."""


@dataclass(frozen=True, slots=True)
class Schedule:
    """Seconds between runs, seconds the window is shifted back, seconds one burst stays quiet."""

    step: int
    delay: int
    throttle: int


def seconds(duration: Any) -> int:
    """`90s`, `15m`, `1h` or `2d` in seconds; raises ValueError for anything else, and for more than a year."""
    found = _DURATION.fullmatch(duration) if isinstance(duration, str) else None
    if found is None:
        raise ValueError(f"{duration!r} is no duration such as 5m, 1h or 2d")
    if len(found[1]) > len(str(LONGEST)) or int(found[1]) * _SECONDS[found[2]] > LONGEST:
        raise ValueError(f"{duration!r} is longer than a year")
    return int(found[1]) * _SECONDS[found[2]]


def written(duration: int) -> str:
    """Seconds as people write them: `45s`, `15m`, `1h 15m`, `2d`."""
    parts = []
    for unit, size in sorted(_SECONDS.items(), key=lambda one: -one[1]):
        number, duration = divmod(duration, size)
        parts += [f"{number}{unit}"] if number else []
    return " ".join(parts) or "0s"


def of(declared: Mapping[str, Any], timespan: int | None = None) -> Schedule:
    """The schedule a rule declares, completed by the contract's defaults; *timespan* (s) of a correlation.

    A correlation steps by a fifth of its timespan, at least a minute and at most an hour, and is quiet for
    its timespan. Raises ValueError for an unusable duration, or a step that is not whole minutes.
    """
    step = min(max(timespan // 5 // 60 * 60, _LEAST_STEP), _MOST_STEP) if timespan else DEFAULT_STEP
    schedule = Schedule(
        step=seconds(declared["step"]) if "step" in declared else step,
        delay=seconds(declared["delay"]) if "delay" in declared else DEFAULT_DELAY,
        throttle=seconds(declared["throttle"]) if "throttle" in declared else timespan or DEFAULT_THROTTLE,
    )
    if schedule.step % 60:
        raise ValueError(f"a step of {schedule.step} s is not whole minutes")
    return schedule
