"""Index templates, generated from the fields that the rules use (OpenSearch documentation, "Index templates").

`nested`: leaves below objects, from OpenSearch 2.15 on; it rejects a record that has an object where a leaf is mapped, or a
value where the object of a leaf is. What is known to be an object, or has leaves below it, is no leaf: no test on it holds.
`flat`: leaves under their dotted names with `disable_objects`, from 3.8 on; it rejects only JSON that OpenSearch never reads.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from amazon_q_detections.errors import Refused
from amazon_q_detections.targets.opensearch import fields, keywords

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Mapping

    from amazon_q_detections.condition import Text

Shape = Literal["nested", "flat"]

INDEX_PATTERN = "cloudtrail-*"

# A call may carry any JSON (Amazon Q Business API Reference: "CreateDataSource", configuration; "ActionExecution", payload). By
# default OpenSearch 3 rejects a record with arrays in arrays more than 20 deep; JSON of more than 1,000 levels it never reads.
_SETTINGS = {"index.mapping.depth.limit": 1000}

# Walks the record along a path, through any element of any array.
_PRESENCE = (
    "boolean there(def value, List path, int at) { "
    "if (value == null) return false; "
    "if (at == path.size()) return true; "
    "if (value instanceof List) { for (def element : value) { if (there(element, path, at)) return true; } return false; } "
    "return value instanceof Map && there(value.get(path.get(at)), path, at + 1); } "
    "emit(there(params._source, %s, 0) ? 'y' : 'n')"
)


def template(
    leaves: Mapping[str, set[str]],
    presence: Mapping[str, str],
    texts: Iterable[Text] = (),
    containers: Container[str] = (),
    *,
    time: str,
    shape: Shape,
) -> dict[str, Any]:
    """The body of `PUT _index_template/NAME`.

    It has *leaves* with their subfields, the field *time*, and derived fields: those of *presence* by name, and for *texts*
    that are keywords. The *containers* always hold an object.
    """
    flat: dict[str, Any] = {field: _leaf(leaves[field]) for field in sorted(leaves)}
    flat[time] = {"type": "date", "ignore_malformed": True}
    mappings: dict[str, Any] = {"dynamic": False}
    if shape == "flat":
        mappings |= {"disable_objects": True, "properties": dict(sorted(flat.items()))}
    else:
        mappings["properties"] = _nested(flat, containers)
    derived = {name: _presence(field) for name, field in presence.items()} | {
        keywords.name(one): keywords.field(one) for one in texts
    }
    if derived:
        mappings["derived"] = dict(sorted(derived.items()))
    return {"index_patterns": [INDEX_PATTERN], "priority": 200, "template": {"settings": _SETTINGS, "mappings": mappings}}


def _leaf(needed: set[str]) -> dict[str, Any]:
    below: dict[str, Any] = {"cs": {"type": "keyword", "ignore_above": fields.IGNORE_ABOVE}}
    if "ip" in needed:
        below["ip"] = {"type": "ip", "ignore_malformed": True}
    if "n" in needed:
        below["n"] = {"type": "double", "ignore_malformed": True}
    if "wc" in needed:
        below["wc"] = {"type": "wildcard", "doc_values": False, "normalizer": "lowercase"}
    if "wc_cs" in needed:
        below["wc_cs"] = {"type": "wildcard", "doc_values": False}
    return {"type": "keyword", "normalizer": "lowercase", "ignore_above": fields.IGNORE_ABOVE, "fields": below}


def _nested(flat: Mapping[str, Any], containers: Container[str]) -> dict[str, Any]:
    objects = {parent for field in flat for parent in above(field)}
    properties: dict[str, Any] = {}
    for field, mapping in sorted(flat.items()):
        *parents, last = field.split(".")
        place = properties
        for parent in parents:
            place = place.setdefault(parent, {}).setdefault("properties", {})
        if field in objects or field in containers:
            place.setdefault(last, {"type": "object"})
        else:
            place[last] = mapping
    return properties


def refuse_subfields(read: Iterable[str], leaves: Container[str], stem: str) -> None:
    """Raises Refused, with *stem*, for a field of *read* that has the name of a subfield of *leaves*."""
    for field in read:
        parent, _, last = field.rpartition(".")
        if last in fields.SUBFIELDS and parent in leaves:
            raise Refused(f"the field {field}", f"an index has it for something else beside {parent}.", stem=stem)


def above(field: str) -> list[str]:
    """The objects that hold *field*, the outermost first."""
    steps = field.split(".")
    return [".".join(steps[:depth]) for depth in range(1, len(steps))]


def _presence(field: str) -> dict[str, Any]:
    steps = ", ".join(f"'{step}'" for step in field.split("."))
    return {"type": "keyword", "script": {"source": _PRESENCE % f"[{steps}]"}}
