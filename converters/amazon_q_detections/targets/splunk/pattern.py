"""Regular expressions (PCRE) for the values that a test holds on, as they stand in SPL.

Search Manual, "SPL and regular expressions": inside a quoted string a backslash of the expression is written twice.
limits.conf, [rex] match_limit: an expression that takes more than 100,000 steps on a value fails to match it in silence, so
none may try the ways through a value one inside the other.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from amazon_q_detections.condition import Text, Wild

if TYPE_CHECKING:
    from collections.abc import Sequence

# Characters that need nothing, in a regular expression and in quotes alike.
_BARE = frozenset("_-:/,@=<>!;~' ")

# Automatic extraction shows a JSON null as this text, so that a test which it would pass needs more than the field.
NULL_TEXT = "null"


def quoted(pattern: str) -> str:
    """A regular expression as a quoted string: backslashes twice, quotes escaped."""
    doubled = pattern.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{doubled}"'


def escaped(text: str) -> str:
    """*text* inside a regular expression; what SPL or a .conf file could read otherwise is written by its code."""
    return "".join(_escaped_char(char) for char in text)


def _escaped_char(char: str) -> str:
    if (char.isalnum() and char.isprintable()) or char in _BARE:
        return char
    if char in r".*+?()[]{}^\\":
        return "\\" + char
    if char in "|$":  # `\|` in quotes becomes a bare pipe, and `$x$` in a saved search a token
        return f"[{char}]"
    return f"\\x{{{ord(char):02x}}}"


def fitting(texts: Sequence[Text]) -> str:
    """The quoted expression that matches exactly the values that fit one of *texts*, alike in case."""
    bodies = [_body(text) for text in texts]
    starts, ends = {start for start, _, _ in bodies}, {end for _, _, end in bodies}
    if len(bodies) > 1 and len(starts) == len(ends) == 1:
        pattern = f"{starts.pop()}(?:{'|'.join(inner for _, inner, _ in bodies)}){ends.pop()}"
    else:
        pattern = "|".join("".join(body) for body in bodies)
    return quoted(_flags(texts) + pattern)


def fitting_but_null(text: Text) -> str:
    """Like fitting, but not on the text that stands for a JSON null."""
    runs = _runs(text)
    return quoted(rf"{_flags([text])}\A(?!(?-i:{NULL_TEXT})\z){_one_way(runs)}{_end(runs)}")


def _body(text: Text) -> tuple[str, str, str]:
    """Start anchor, expression and end anchor; a wildcard at an end is no anchor there, which spares a leading `.*`."""
    runs = _runs(text)
    solid = [run for run in runs if run]
    if len(runs) > 1 and not runs[0] and len(solid) == 1:
        return "", solid[0], _end(runs)
    return r"\A", _one_way(runs) if solid else "", _end(runs)


def _runs(text: Text) -> list[str]:
    """What stands between the `*` of *text*, before the first and after the last, as expressions of a fixed length."""
    runs = [""]
    for part in text.parts:
        if part is Wild.ANY:
            runs.append("")
        else:
            runs[-1] += "." if part is Wild.ONE else escaped(str(part))
    return runs


def _end(runs: Sequence[str]) -> str:
    return "" if len(runs) > 1 and not runs[-1] else r"\z"


def _one_way(runs: Sequence[str]) -> str:
    """The runs from the start on, with anything between them.

    Each run but the last stands at its first place and is not tried at later ones, which leave less room for the rest.
    """
    first, *solid = [runs[0], *(run for run in runs[1:] if run)]
    return first + "".join(f"(?>.*?{run})" for run in solid[:-1]) + "".join(f".*{run}" for run in solid[-1:])


def _flags(texts: Sequence[Text]) -> str:
    """`i` unless case counts, `s` if a dot is to match a newline too."""
    folded = "" if texts[0].cased else "i"
    dots = "s" if any(isinstance(part, Wild) for text in texts for part in text.parts) else ""
    return f"(?{folded}{dots})" if folded or dots else ""
