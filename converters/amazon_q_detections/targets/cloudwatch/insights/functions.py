"""The functions, each of which makes null of a missing value or a map.

(CloudWatch Logs User Guide, "Supported operations and functions".)
"""

from __future__ import annotations

import ipaddress
import json
from datetime import UTC, datetime
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from amazon_q_detections import record
from amazon_q_detections.targets.cloudwatch.insights.value import InsightsError, Parsed, number, text

if TYPE_CHECKING:
    from collections.abc import Callable


def _in_subnet(value: Any, network: str) -> bool:
    """False for what is no address."""
    try:
        return ipaddress.ip_address(text(value)) in _network(network)
    except ValueError:
        return False


@lru_cache(maxsize=256)
def _network(network: str) -> ipaddress.IPv4Network | ipaddress.IPv6Network:
    return ipaddress.ip_network(network)


def _is_address(value: Any, version: int | None = None) -> bool:
    try:
        return version in (None, ipaddress.ip_address(text(value)).version)
    except ValueError:
        return False


def _parse_date(value: Any, form: str, zone: str) -> float | None:
    if (form, zone) != ("yyyy-MM-dd HH:mm:ss", "UTC"):
        raise InsightsError(f"parseDate with {form!r} in {zone!r} is unknown here.")
    return _seconds(text(value))


@lru_cache(maxsize=65_536)
def _seconds(written: str) -> float | None:
    try:
        return datetime.strptime(written, "%Y-%m-%d %H:%M:%S").replace(tzinfo=UTC).timestamp() * 1000
    except ValueError:
        return None


@lru_cache(maxsize=1)  # the queries of a run read the same records one after the other
def _json(source: str) -> Parsed | None:
    try:
        found = json.loads(source)
    except ValueError:
        return None
    return Parsed(found) if isinstance(found, dict | list) else None


def _substring(value: Any, start: float, length: float | None = None) -> str:
    whole = text(value)
    return whole[int(start) :] if length is None else whole[int(start) : int(start) + int(length)]


FUNCTIONS: dict[str, Callable[..., Any]] = {
    "abs": lambda value: abs(float(value)),
    "concat": lambda *values: "".join(map(text, values)),
    "endsWith": lambda value, end: int(text(value).endswith(text(end))),
    "fromMillis": lambda value: record.iso(int(value) * 1000),
    "isIpInSubnet": _in_subnet,
    "isIpv4InSubnet": lambda value, network: _is_address(value, 4) and _in_subnet(value, network),
    "isIpv6InSubnet": lambda value, network: _is_address(value, 6) and _in_subnet(value, network),
    "isNumeric": lambda value: number(value) is not None,
    "isValidIp": _is_address,
    "isValidIpV4": lambda value: _is_address(value, 4),
    "isValidIpV6": lambda value: _is_address(value, 6),
    "jsonParse": lambda value: _json(text(value)),
    "ltrim": lambda value: text(value).lstrip(),
    "parseDate": _parse_date,
    "replace": lambda value, old, new: text(value).replace(text(old), text(new)),
    "rtrim": lambda value: text(value).rstrip(),
    "startsWith": lambda value, start: int(text(value).startswith(text(start))),
    "strcontains": lambda value, part: int(text(part) in text(value)),
    "strlen": lambda value: float(len(text(value))),
    "substr": _substring,
    "tolower": lambda value: text(value).lower(),
    "toNumber": number,
    "toupper": lambda value: text(value).upper(),
    "trim": lambda value: text(value).strip(),
}
