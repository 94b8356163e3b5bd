"""Small Sigma rules for tests, from a selection or a few of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from sigma.collection import SigmaCollection
from sigma.correlations import SigmaCorrelationRule
from sigma.rule import SigmaRule

from amazon_q_detections import condition, correlation, predicate, sigma_condition

Selection = Mapping[str, Any] | list[Any]


def document(condition_text: str = "selection", name: str = "", **selections: Selection) -> dict[str, Any]:
    """A rule's document with these selections."""
    return {
        "title": name or "A rule",
        "name": name or "a_rule",
        "logsource": {"product": "aws", "service": "cloudtrail"},
        "detection": {**selections, "condition": condition_text},
    }


def tree(condition_text: str = "selection", **selections: Selection) -> condition.Condition:
    """The condition of a rule with these selections."""
    (rule,) = SigmaCollection.from_dicts([document(condition_text, **selections)]).rules
    assert isinstance(rule, SigmaRule)
    return sigma_condition.of_rule(rule)


def holds(condition_text: str = "selection", **selections: Selection) -> Callable[[Mapping[str, Any]], bool]:
    """The predicate of a rule with these selections."""
    return predicate.compile(tree(condition_text, **selections))


def correlated(
    kind: str, bases: Mapping[str, Selection], ids: Mapping[str, str] | None = None, inner: str = "", **keys: Any
) -> correlation.Correlation:
    """A correlation over rules of one selection each; keys are those of `correlation`, `group_by` for group-by.

    *ids* are those of some rules, and *inner* names a correlation of all of them that can be listed too.
    """
    body = {key.replace("_", "-"): value for key, value in keys.items()}
    documents = [{**document(name=name, selection=selection), **id_of(name, ids or {})} for name, selection in bases.items()]
    if inner:
        counted = {"type": "event_count", "rules": list(bases), "timespan": "60s", "condition": {"gte": 2}}
        documents.append({"title": inner, "name": inner, "correlation": counted})
    main = {"title": "A correlation", "correlation": {"type": kind, "rules": list(bases), **body}}
    collection = SigmaCollection.from_dicts([*documents, main])
    rule = collection.rules[-1]
    assert isinstance(rule, SigmaCorrelationRule)
    return correlation.of_rule(rule)


def id_of(name: str, ids: Mapping[str, str]) -> dict[str, str]:
    return {"id": ids[name]} if name in ids else {}
