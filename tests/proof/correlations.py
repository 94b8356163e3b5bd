"""Strategies for correlations, and for sequences of events with ties and events at the very ends of windows."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from amazon_q_detections import record as reader
from proof.records import SOURCE
from proof.rules import Made

TIMESPAN = 60
_START = 1_772_359_200  # 2026-03-01T10:00:00Z
_NAMES = {"first": "CreatePlugin", "second": "UpdatePlugin", "third": "DeletePlugin"}
_PRINCIPALS = ("a", "a", "a", "A", "b")
# Times apart from each other by nothing, a second, and a window's length, more and less.
_STEPS = (0, 0, 0, 1, 5, TIMESPAN // 2, TIMESPAN - 1, TIMESPAN, TIMESPAN + 1, 3 * TIMESPAN)


@st.composite
def sequence(draw: st.DrawFn) -> list[dict[str, Any]]:
    """Events in no order, some without a key or a value."""
    moment, events = _START, []
    for _ in range(draw(st.integers(3, 14))):
        moment += draw(st.sampled_from(_STEPS))
        parameters: dict[str, Any] = {
            "displayName": draw(st.sampled_from(("u", "v", "w", "U", None))),
            "pluginId": draw(st.sampled_from((*_PRINCIPALS, None))),
            "maxResults": draw(st.sampled_from((0, 1, 5, 10, "7", None))),
            "tagKeys": draw(st.lists(st.sampled_from(("a", "b", "c")), max_size=3)),
        }
        event: dict[str, Any] = {
            "eventSource": SOURCE,
            "eventName": draw(st.sampled_from(list(_NAMES.values()))),
            "eventTime": reader.iso(moment * reader.SECOND),
            "requestParameters": parameters,
        }
        principal = draw(st.sampled_from((*_PRINCIPALS, None)))
        events.append({**event, "userIdentity": {"arn": principal}} if principal else event)
    return draw(st.permutations(events))


@st.composite
def correlation(draw: st.DrawFn) -> list[Made]:
    """The documents of a correlation: its rules, then itself, with what it shows of the contract."""
    kind = draw(
        st.sampled_from(
            (
                "event_count",
                "value_count",
                "value_sum",
                "temporal",
                "temporal",
                "temporal_ordered",
                "temporal_ordered",
                "extended",
                "alias",
            )
        )
    )
    names = list(_NAMES)[: draw(st.integers(1 if kind in ("event_count", "value_count", "value_sum") else 2, 3))]
    if kind in ("extended",):
        names = list(_NAMES)
    bases = [_base(name) for name in names]
    group = draw(st.sampled_from((["userIdentity.arn"], [], ["userIdentity.arn", "requestParameters.pluginId"])))
    told: dict[str, Any] = {"type": kind, "rules": names, "timespan": f"{TIMESPAN}s"}
    least = draw(st.integers(1, 4))
    match kind:
        case "event_count":
            told["condition"] = draw(st.sampled_from(({"gte": least}, {"gt": least})))
        case "value_count":
            told["condition"] = {"field": "requestParameters.displayName", "gte": least}
        case "value_sum":
            told["condition"] = {"field": "requestParameters.maxResults", draw(st.sampled_from(("gte", "gt"))): least * 5}
        case "extended":
            del told["rules"]
            told["type"] = "temporal"
            told["condition"] = draw(
                st.sampled_from(
                    (
                        "first and (second or third)",
                        "first or (second and third)",
                        "(first or second) and third",
                        "first and not second and third",
                    )
                )
            )
        case "alias":
            told["type"] = draw(st.sampled_from(("temporal", "temporal_ordered", "event_count")))
            told["aliases"] = {"who": {name: _ALIASED[at] for at, name in enumerate(names)}}
            group = ["who"]
            if told["type"] == "event_count":
                told["condition"] = {"gte": least}
    if group:
        told["group-by"] = group
    constructs = frozenset({kind, f"{len(group)} keys"})
    return [*bases, Made({"title": "Correlated", "correlation": told}, constructs)]


_ALIASED = ("userIdentity.arn", "requestParameters.pluginId", "userIdentity.arn")


def _base(name: str) -> Made:
    detection = {"s": {"eventSource": SOURCE, "eventName": _NAMES[name]}, "condition": "s"}
    logsource = {"product": "aws", "service": "cloudtrail"}
    return Made({"title": name, "name": name, "logsource": logsource, "detection": detection}, frozenset())
