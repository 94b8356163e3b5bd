"""Perl's regular expressions, as `match`, `mvfind`, `replace`, `regex` and `rex` have them."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import regex  # Perl's syntax: \A, \z, \x{…}, (?>…)

from amazon_q_detections.targets.splunk.spl.value import SplError

if TYPE_CHECKING:
    from collections.abc import Callable

# Seconds on one text after which an expression is as good as evaded (limits.conf, [rex] match_limit, depth_limit).
_PATIENCE = 1


@lru_cache(maxsize=4096)
def found(pattern: str, *, bytes_only: bool) -> Callable[[str], bool]:
    """Whether an expression is found in a text; raises SplError for one that is none."""
    if not bytes_only:
        compiled = expression(pattern)
        return lambda text: compiled.search(text, timeout=_PATIENCE) is not None
    in_bytes = _compiled(_spelled(pattern).encode())
    return lambda text: in_bytes.search(text.encode("utf-8", "surrogatepass"), timeout=_PATIENCE) is not None


@lru_cache(maxsize=4096)
def expression(pattern: str) -> Any:
    """The compiled expression; raises SplError for one that is none."""
    return _compiled(_spelled(pattern))


def _compiled(pattern: str | bytes) -> Any:
    try:
        return regex.compile(pattern)
    except regex.error as error:
        raise SplError(f"the regular expression {pattern!r} is none: {error}.") from error


def _spelled(pattern: str) -> str:
    """Perl's spelling in Python's; `$` is also before a newline at the end in both."""
    return re.sub(r"\\x\{([0-9a-fA-F]+)\}|\\.|\(\?<(?=[A-Za-z_])", _python, pattern, flags=re.DOTALL)


def _python(found: re.Match[str]) -> str:
    if found[1]:
        code = int(found[1], 16)
        return f"\\x{code:02x}" if code < 0x80 else f"\\U{code:08x}"
    if found[0] == "(?<":
        return "(?P<"
    return r"\Z" if found[0] == r"\z" else found[0]
