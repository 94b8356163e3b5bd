"""The detection items of a parsed rule, before its condition is read.

pySigma loses some of what a rule says, and reads some of it otherwise than its author. Here that is mended, or refused by name.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sigma.modifiers import reverse_modifier_mapping
from sigma.rule import SigmaDetection
from sigma.types import SigmaCasedString, SigmaExpansion, SigmaString

from amazon_q_detections.errors import Refused

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sigma.rule import SigmaDetectionItem, SigmaRule
    from sigma.types import SigmaType

_ENCODED_FIRST = "the placeholder would be encoded or read as it stands; write its values into the rule."
_FOUND_ANYWHERE = "an expression is found anywhere; anchor it with ^ or $."
# Pairs of modifiers that pySigma accepts and reads otherwise than their author meant them, each with what to say about it.
_CLASHES = {
    "expand": dict.fromkeys(
        ("base64", "base64offset", "wide", "utf16", "utf16be", "windash", "fieldref", "re"), _ENCODED_FIRST
    ),
    "re": dict.fromkeys(("startswith", "endswith"), _FOUND_ANYWHERE),
    "utf16": dict.fromkeys(("base64", "base64offset"), "pySigma would write its byte order mark as UTF-8."),
    "fieldref": {"cased": "two fields are compared with their case folded."},
}
_OF_A_FIELD = ("startswith", "endswith")


def prepare(rule: SigmaRule) -> None:
    """Mend the detection items of *rule*, in place; raises Refused for what would be lost or read otherwise."""
    for name, detection in rule.detection.detections.items():
        if name.startswith("not"):
            raise Refused(f"the selection name {name!r}", "pySigma reads it as 'not' and the rest; give it another name.")
        for item in _inside(detection):
            if not item.value:
                raise Refused("an empty list as value", f"{name}.{item.field} has no value to compare with.")
            modifiers = {reverse_modifier_mapping[modifier.__name__] for modifier in item.modifiers}
            _refuse_clashes(item, modifiers)
            if modifiers & {"base64", "base64offset"}:
                _refuse_encodings(item, modifiers)
            if "cased" in modifiers:
                item.value = [_cased(value) for value in item.value]


def of(rule: SigmaRule) -> Iterator[SigmaDetectionItem]:
    """All detection items of *rule*, in order."""
    for detection in rule.detection.detections.values():
        yield from _inside(detection)


def _inside(detection: SigmaDetection) -> Iterator[SigmaDetectionItem]:
    for item in detection.detection_items:
        if isinstance(item, SigmaDetection):
            yield from _inside(item)
        else:
            yield item


def _refuse_clashes(item: SigmaDetectionItem, modifiers: set[str]) -> None:
    for one, others in _CLASHES.items():
        for other, reason in others.items():
            if one in modifiers and other in modifiers:
                raise Refused(f"{one} with {other}", reason)
    if item.field is None:
        for modifier in _OF_A_FIELD:
            if modifier in modifiers:
                raise Refused(f"a keyword with {modifier}", "it is looked for anywhere in a value; bind it to a field.")


def _refuse_encodings(item: SigmaDetectionItem, modifiers: set[str]) -> None:
    """Refuse values of which pySigma gets an encoding wrong, or gives an empty one, which every text contains."""
    for text in _texts(item.original_value or []):
        if "*" in text or "?" in text:
            raise Refused("an escaped wildcard under base64", "pySigma would encode its backslash too.")
        if "base64offset" in modifiers and not text.isascii():
            raise Refused("base64offset of a value beyond ASCII", "pySigma counts its characters, not its bytes.")
    for value in item.value if "base64offset" in modifiers else ():
        if isinstance(value, SigmaExpansion) and not all(any(_texts([encoded])) for encoded in value.values):
            raise Refused("base64offset of so short a value", "one of its encodings is empty, and so in every text.")


def _texts(values: list[SigmaType]) -> Iterator[str]:
    """The literal runs of those that are texts."""
    for value in values:
        if isinstance(value, SigmaString):
            yield from (part for part in value.s if isinstance(part, str))


def _cased(value: SigmaType) -> SigmaType:
    """Said once, `cased` holds for all that the other modifiers, and placeholders, make of a value."""
    if isinstance(value, SigmaExpansion):
        return SigmaExpansion([_cased(part) for part in value.values])
    return SigmaCasedString.from_sigma_string(value) if isinstance(value, SigmaString) else value
