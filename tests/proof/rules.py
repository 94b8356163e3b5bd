"""Strategies for rules over the whole contract, their values taken from records as often as not, so that many hold."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from hypothesis import strategies as st

from amazon_q_detections import record as reader
from proof import records
from proof.records import ERRORS, NAMES, OTHER_SOURCE, SOURCE

TEXTS = (
    "userAgent", "errorMessage", "userIdentity.arn", "userIdentity.userName", "requestParameters.description",
    "requestParameters.serverUrl", "requestParameters.state", "requestParameters.displayName",
)  # fmt: skip
LISTS = (
    "requestParameters.tagKeys", "requestParameters.topicConfigurationsToDelete.name", "requestParameters.documents.id",
    "requestParameters.documents.title", "requestParameters.documents.attributes.name", "resources.type", "resources.ARN",
)  # fmt: skip
OBJECTS = (
    "requestParameters.authConfiguration.noAuthConfiguration",
    "requestParameters.authConfiguration",
    "requestParameters",
)
NUMBERS = ("requestParameters.maxResults", "requestParameters.displayName")


@dataclass(frozen=True)
class Item:
    """One line of a selection, and the names of what it shows of the contract."""

    key: str
    value: Any
    constructs: frozenset[str]


@dataclass(frozen=True)
class Made:
    """A rule's document, and the constructs that it holds."""

    document: dict[str, Any]
    constructs: frozenset[str]


def literal(text: str) -> str:
    """*text* as a Sigma string of which no character is a wildcard."""
    return re.sub(r"([\\*?])", r"\\\1", text)


@st.composite
def _value(draw: st.DrawFn, events: list[dict[str, Any]], field: str) -> str:
    """A text that some event has there, or another."""
    path = tuple(field.split("."))
    there = [reader.text(value) for event in events for value in reader.scalars(event, path)]
    return draw(st.sampled_from(sorted(set(there)))) if there and draw(st.integers(0, 4)) else draw(records.texts)


@st.composite
def _cased(draw: st.DrawFn, text: str) -> str:
    return draw(st.sampled_from((text, text, text.upper(), text.lower(), text.swapcase()))) if text.isascii() else text


@st.composite
def _part(draw: st.DrawFn, text: str) -> str:
    if not text:
        return draw(st.sampled_from(("a", "admin", "x")))
    start = draw(st.integers(0, len(text) - 1))
    return text[start : draw(st.integers(start + 1, min(len(text), start + 40)))]


def _equal(field: str) -> Callable[[st.DrawFn, list[dict[str, Any]]], Item]:
    def make(draw: st.DrawFn, events: list[dict[str, Any]]) -> Item:
        return Item(field, literal(draw(_cased(draw(_value(events, field))))), frozenset({"equality"}))

    return make


def _listed(field: str) -> Callable[[st.DrawFn, list[dict[str, Any]]], Item]:
    def make(draw: st.DrawFn, events: list[dict[str, Any]]) -> Item:
        values: list[Any] = [literal(draw(_value(events, field))) for _ in range(draw(st.integers(2, 3)))]
        if draw(st.integers(0, 3)) == 0:
            return Item(field, [*values, None], frozenset({"list", "null in a list"}))
        return Item(field, values, frozenset({"list"}))

    return make


def _substring(field: str) -> Callable[[st.DrawFn, list[dict[str, Any]]], Item]:
    def make(draw: st.DrawFn, events: list[dict[str, Any]]) -> Item:
        kind = draw(st.sampled_from(("contains", "startswith", "endswith")))
        text = draw(_value(events, field))
        cut = {"contains": draw(_part(text)), "startswith": text[:5] or "a", "endswith": text[-5:] or "a"}[kind]
        if draw(st.integers(0, 3)) == 0:
            return Item(f"{field}|{kind}|cased", literal(cut), frozenset({kind, "cased"}))
        if kind == "contains" and draw(st.integers(0, 3)) == 0:
            other = draw(_part(text))
            return Item(f"{field}|contains|all", [literal(cut), literal(other)], frozenset({"contains", "all"}))
        return Item(f"{field}|{kind}", literal(draw(_cased(cut))), frozenset({kind}))

    return make


def _wild(field: str) -> Callable[[st.DrawFn, list[dict[str, Any]]], Item]:
    def make(draw: st.DrawFn, events: list[dict[str, Any]]) -> Item:
        text = draw(_value(events, field))[:30] or "ab"
        at = draw(st.integers(0, len(text) - 1))
        wild = draw(st.sampled_from(("*", "?", "*", "?*")))
        pattern = f"{literal(text[:at])}{wild}{literal(text[at + ('?' in wild) :])}"
        cased = draw(st.integers(0, 4)) == 0
        names = {"wildcard *" if "*" in wild else "wildcard ?"} | ({"cased"} if cased else set())
        return Item(f"{field}|cased" if cased else field, pattern, frozenset(names))

    return make


_PIECES = (".", ".*", r"\d", r"\w+", r"\s", "[a-z]", "[^a]", "[A-Z0-9_]+", "(a|b)", "a{1,3}", "x*", "b?", r"\b", "(?i:a)")


def _regex(field: str) -> Callable[[st.DrawFn, list[dict[str, Any]]], Item]:
    def make(draw: st.DrawFn, events: list[dict[str, Any]]) -> Item:
        text = draw(_value(events, field))
        kept = re.escape(draw(_part(text))).replace("\\\n", "\\n").replace("\\ ", " ").replace("\\#", "#").replace("\\-", "-")
        kept = re.sub(r"\\([^\w\s.*+?()\[\]{}|^$\\nt-])", r"\1", kept)
        pattern = draw(
            st.sampled_from(
                (
                    kept,
                    f"^{kept}",
                    f"{kept}$",
                    f"^{kept}$",
                    kept + draw(st.sampled_from(_PIECES)),
                    draw(st.sampled_from(_PIECES)) + kept,
                    f"({kept}|{draw(st.sampled_from(_PIECES))})",
                    f"^({kept}|admin).*$",
                )
            )
        )
        names = {"re"} | ({"re anchored"} if pattern[0] == "^" or pattern[-1] == "$" else set())
        flag = draw(st.sampled_from(("", "", "|i", "|s")))
        return Item(f"{field}|re{flag}", pattern, frozenset(names | ({f"re{flag}"} if flag else set())))

    return make


def _there(field: str) -> Callable[[st.DrawFn, list[dict[str, Any]]], Item]:
    def make(draw: st.DrawFn, _: list[dict[str, Any]]) -> Item:
        return draw(
            st.sampled_from(
                (
                    Item(f"{field}|exists", True, frozenset({"exists"})),
                    Item(f"{field}|exists", False, frozenset({"exists false"})),
                    Item(field, None, frozenset({"null"})),
                    Item(field, "", frozenset({"empty text"})),
                    Item(field, "*", frozenset({"any value"})),
                )
            )
        )

    return make


def _encoded(field: str) -> Callable[[st.DrawFn, list[dict[str, Any]]], Item]:
    def make(draw: st.DrawFn, events: list[dict[str, Any]]) -> Item:
        text = "".join(
            char for char in draw(_value(events, field)) if char.isascii() and char.isprintable() and char not in "*?\\"
        )
        text = text[:20] if len(text) > 1 else "admin"
        modifier = draw(st.sampled_from(("base64", "base64offset|contains", "wide|base64offset|contains", "windash|contains")))
        return Item(f"{field}|{modifier}", f"-{text}" if "windash" in modifier else text, frozenset({modifier.split("|")[0]}))

    return make


def _network(draw: st.DrawFn, _: list[dict[str, Any]]) -> Item:
    networks = ("10.0.0.0/8", "10.1.2.0/24", "192.0.2.44/32", "0.0.0.0/0", "2001:db8::/32", "2001:db8:1::/48", "::/0")
    return Item("sourceIPAddress|cidr", draw(st.sampled_from(networks)), frozenset({"cidr"}))


def _compared(draw: st.DrawFn, _: list[dict[str, Any]]) -> Item:
    sign, number = draw(st.sampled_from(("gt", "gte", "lt", "lte"))), draw(records.numbers)
    return Item(f"{draw(st.sampled_from(NUMBERS))}|{sign}", number, frozenset({"comparison"}))


def _number(draw: st.DrawFn, _: list[dict[str, Any]]) -> Item:
    return Item(draw(st.sampled_from(NUMBERS)), draw(records.numbers), frozenset({"number"}))


def _boolean(draw: st.DrawFn, _: list[dict[str, Any]]) -> Item:
    return Item("readOnly", draw(st.sampled_from((True, False, "true", "FALSE"))), frozenset({"boolean"}))


def _same(draw: st.DrawFn, _: list[dict[str, Any]]) -> Item:
    one, other = draw(st.permutations(TEXTS))[:2]
    return Item(f"{one}|fieldref", other, frozenset({"fieldref"}))


def _unequal(draw: st.DrawFn, events: list[dict[str, Any]]) -> Item:
    field = draw(st.sampled_from(TEXTS))
    return Item(f"{field}|neq", literal(draw(_value(events, field))), frozenset({"neq"}))


def _own(draw: st.DrawFn, _: list[dict[str, Any]]) -> Item:
    """A name that AWS spells."""
    return draw(
        st.sampled_from(
            (
                *(Item("eventName", name, frozenset({"equality"})) for name in NAMES),
                Item("eventName", list(NAMES[:2]), frozenset({"list"})),
                Item("eventName|startswith", "Update", frozenset({"startswith"})),
                *(Item("errorCode", name, frozenset({"equality"})) for name in ERRORS),
                Item("errorCode", None, frozenset({"null"})),
                Item("errorCode|exists", True, frozenset({"exists"})),
                Item("errorCode", [None, ERRORS[0]], frozenset({"null in a list"})),
                Item("errorCode|contains", "Unauthorized", frozenset({"contains"})),
                Item("userIdentity.type", "Root", frozenset({"equality"})),
            )
        )
    )


@st.composite
def _item(draw: st.DrawFn, events: list[dict[str, Any]]) -> Item:
    kind = draw(st.integers(0, 19))
    if kind < 9:
        field = draw(st.sampled_from(TEXTS))
        make = draw(st.sampled_from((_equal, _listed, _substring, _substring, _wild, _regex, _regex, _there, _encoded)))
        return make(field)(draw, events)
    if kind < 13:
        field = draw(st.sampled_from(LISTS))
        made = draw(st.sampled_from((_equal, _listed, _substring, _wild, _there)))(field)(draw, events)
        return Item(made.key, made.value, made.constructs | {"array"})
    if kind == 13:
        field = draw(st.sampled_from(OBJECTS))
        made = draw(st.sampled_from((_there, _there, _substring)))(field)(draw, events)
        return Item(made.key, made.value, made.constructs | {"object"})
    return draw(st.sampled_from((_network, _compared, _number, _boolean, _same, _unequal, _own)))(draw, events)


_CONDITIONS = (
    "s1", "s1", "s1 and s2", "s1 or s2", "s1 and not s2", "not s1", "not s1 or s2", "not (s1 and s2)", "1 of s*", "all of s*",
    "s1 and not 1 of s2*", "(s1 or not s2) and not s3", "not (s1 or (s2 and not s3))",
)  # fmt: skip


@st.composite
def rule(draw: st.DrawFn, events: list[dict[str, Any]]) -> Made:
    """A rule of one to three selections."""
    condition = draw(st.sampled_from(_CONDITIONS))
    detection: dict[str, Any] = {}
    constructs: set[str] = set()
    for name in ("s1", "s2", "s3"):
        items = [draw(_item(events)) for _ in range(draw(st.sampled_from((1, 1, 1, 2))))]
        detection[name] = {item.key: item.value for item in items}
        if re.search(rf"{name}|s\*", condition):
            constructs.update(*(item.constructs for item in items))
        else:
            del detection[name]
    constructs.update({"not"} if "not" in condition else (), {"or"} if "or" in condition or "1 of" in condition else ())
    if draw(st.integers(0, 5)):
        detection["source"] = {"eventSource": draw(st.sampled_from((SOURCE, SOURCE, [SOURCE, OTHER_SOURCE])))}
        condition = f"source and ({condition})"
    logsource = {"product": "aws", "service": "cloudtrail"}
    return Made(
        {"title": "Made", "logsource": logsource, "detection": {**detection, "condition": condition}}, frozenset(constructs)
    )
