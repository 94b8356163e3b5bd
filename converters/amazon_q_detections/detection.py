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


def prepare(rule: SigmaRule) -> None:
    """Mend the detection items of *rule*, in place; raises Refused for what would be lost or read otherwise."""
    for name, detection in rule.detection.detections.items():
        for item in _items(detection):
            if not item.value:
                raise Refused("an empty list as value", f"{name}.{item.field} has no value to compare with.")
            modifiers = {reverse_modifier_mapping[modifier.__name__] for modifier in item.modifiers}
            if "cased" in modifiers:
                item.value = [_cased(value) for value in item.value]


def _items(detection: SigmaDetection) -> Iterator[SigmaDetectionItem]:
    """Its items at any depth, in order."""
    for item in detection.detection_items:
        if isinstance(item, SigmaDetection):
            yield from _items(item)
        else:
            yield item


def _cased(value: SigmaType) -> SigmaType:
    """Said once, `cased` holds for all that the other modifiers, and placeholders, make of a value."""
    if isinstance(value, SigmaExpansion):
        return SigmaExpansion([_cased(part) for part in value.values])
    return SigmaCasedString.from_sigma_string(value) if isinstance(value, SigmaString) else value
