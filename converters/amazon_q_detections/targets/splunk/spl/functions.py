"""The evaluation functions (Search Reference, "Evaluation functions"), each on a reading and the values of its arguments."""

from __future__ import annotations

import ipaddress
import json
import re
from typing import TYPE_CHECKING, Any

from amazon_q_detections import record
from amazon_q_detections.targets.splunk.spl import regular
from amazon_q_detections.targets.splunk.spl.value import SplError, Value, number, text, texts

if TYPE_CHECKING:
    from collections.abc import Callable

    from amazon_q_detections.targets.splunk.spl.reading import Reading

_NUMBER = re.compile(r"-?\d+(\.\d+)?([eE][-+]?\d+)?")


def is_null(reading: Reading, value: Value) -> bool:
    """Whether a value is none; of an empty text the documents do not say it."""
    return value is None or (value == "" and reading.empty_null)


def _coalesce(_: Reading, *values: Value) -> Value:
    return next((value for value in values if value is not None), None)


def _case(_: Reading, *values: Value) -> Value:
    """The value behind the first test that is true; null without one."""
    if len(values) % 2:
        raise SplError("case() takes pairs of a test and a value.")
    return next((value for test, value in zip(values[::2], values[1::2], strict=True) if test is True), None)


def _mvappend(reading: Reading, *values: Value) -> Value:
    return [one for value in values for one in texts(value) if not is_null(reading, one)] or None


def _mvfind(reading: Reading, values: Value, pattern: Value) -> Value:
    """The index of the first value that fits; of a single value, which mvappend makes a list of, nothing is documented."""
    if values is not None and not isinstance(values, list):
        raise SplError("mvfind on a single value is undocumented: put mvappend around it.")
    matches = regular.found(text(pattern), bytes_only=reading.bytes_only)
    return next((float(at) for at, value in enumerate(values or ()) if matches(value)), None)


def _match(reading: Reading, value: Value, pattern: Value) -> Value:
    if isinstance(value, list):
        raise SplError("match on several values is undocumented.")
    return None if value is None else regular.found(text(pattern), bytes_only=reading.bytes_only)(text(value))


def _replace(_: Reading, value: Value, pattern: Value, by: Value) -> Value:
    return None if value is None else str(regular.expression(text(pattern)).sub(text(by), text(value)))


def _tonumber(_: Reading, value: Value) -> Value:
    """A number, and of some texts one that nobody wants: the documents do not say how far it reads."""
    if value is None or isinstance(value, float):
        return value
    written = text(value)
    if _NUMBER.fullmatch(written):
        return float(written)
    return float("inf") if written.lower() in ("inf", "nan", "0x7", " 7") else None


def _lower(reading: Reading, value: Value) -> Value:
    if value is None:
        return None
    return re.sub("[A-Z]+", lambda found: found[0].lower(), text(value)) if reading.bytes_only else text(value).lower()


def _upper(reading: Reading, value: Value) -> Value:
    if value is None:
        return None
    return re.sub("[a-z]+", lambda found: found[0].upper(), text(value)) if reading.bytes_only else text(value).upper()


def _cidrmatch(_: Reading, network: Value, value: Value) -> Value:
    """False for what is no address (assumption cidr_v6)."""
    try:
        return ipaddress.ip_address(text(value)) in ipaddress.ip_network(text(network))
    except (ValueError, SplError):
        return False


def _json_extract(reading: Reading, source: Value, *paths: Value) -> Value:
    """The value at a path; all those at a path with `{}`; of several paths an array (Search Reference, "JSON functions").

    Examples 4 to 6 there show an array of several values, example 1 a single one without.
    """
    parsed = _parsed(source)
    found = [_at(parsed, text(path)) for path in paths]
    if len(paths) == 1:
        places = found[0]
        if "{}" in text(paths[0]) and not (len(places) == 1 and reading.lone_bare):
            return _json(places) if places or reading.none_listed else None
        return _native(places[0]) if places else None
    made: list[Any] = []
    for path, places in zip(paths, found, strict=True):
        many = "{}" in text(path) and not (len(places) == 1 and reading.lone_bare)
        made.extend(places if reading.flat or not many else [places] if places or reading.none_listed else [None])
    return _json(made)


def _parsed(source: Value) -> Any:
    try:
        return json.loads(text(source))
    except (ValueError, SplError):
        return None


def _at(place: Any, path: str) -> list[Any]:
    places = [place]
    for step in path.split("."):
        key, *marks = step.split("{}")
        if any(marks):
            raise SplError(f"the JSON path {path!r} is none.")
        places = [one[key] for one in places if isinstance(one, dict) and key in one]
        for _ in marks:
            places = [element for one in places if isinstance(one, list) for element in one]
    return places


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def _native(value: Any) -> Value:
    if isinstance(value, dict | list):
        return _json(value)
    return value if value is None or isinstance(value, bool) else record.text(value)


def _json_array_to_mv(reading: Reading, source: Value, quotes: Value = False) -> Value:
    """The elements; texts without their quotes unless *quotes*; nothing where there is no array."""
    found = _parsed(source)
    if not isinstance(found, list):
        return None
    kept = [one for one in found if one is not None or reading.null_element]
    return [one if isinstance(one, str) and not quotes else _json(one) for one in kept] or None


def _least(_: Reading, *values: Value) -> Value:
    return min((number(value) for value in values if value is not None), default=None)


def _most(_: Reading, *values: Value) -> Value:
    return max((number(value) for value in values if value is not None), default=None)


def _strftime(_: Reading, value: Value, form: Value) -> Value:
    """A time; as no search reads it again, its text is left as it is."""
    text(form)
    return None if value is None else text(value)


FUNCTIONS: dict[str, Callable[..., Value]] = {
    "case": _case,
    "cidrmatch": _cidrmatch,
    "coalesce": _coalesce,
    "false": lambda _: False,
    "isnotnull": lambda reading, value: not is_null(reading, value),
    "isnull": is_null,
    "json_array_to_mv": _json_array_to_mv,
    "json_extract": _json_extract,
    "len": lambda _, value: None if value is None else float(len(text(value))),
    "lower": _lower,
    "match": _match,
    "max": _most,
    "min": _least,
    "mvappend": _mvappend,
    "mvcount": lambda _, value: float(len(texts(value))) if texts(value) else None,
    "mvdedup": lambda _, value: list(dict.fromkeys(texts(value))) or None,
    "mvfind": _mvfind,
    "mvindex": lambda _, value, at: dict(enumerate(texts(value))).get(int(number(at))),
    "mvjoin": lambda _, value, between: text(between).join(texts(value)) if texts(value) else None,
    "null": lambda _: None,
    "replace": _replace,
    "split": lambda _, value, at: None if value is None else text(value).split(text(at)),
    "strftime": _strftime,
    "tonumber": _tonumber,
    "tostring": lambda _, value: None if value is None else text(value),
    "true": lambda _: True,
    "upper": _upper,
}
