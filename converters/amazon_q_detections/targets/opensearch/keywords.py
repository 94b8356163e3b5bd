"""Keywords: a text in any string of a record, which a derived field says (OpenSearch documentation, "Derived field type").

The field is one of the template. As part of a search it would not be known to the shards that are asked first whether they can
match (setting `pre_filter_shard_size`), as all are in a search that sorts: these say no, and what they hold is lost.
"""

from __future__ import annotations

import re
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from amazon_q_detections.condition import And, Condition, Keyword, Leaf, Not, Or, Text, Wild
from amazon_q_detections.errors import Refused
from amazon_q_detections.targets.opensearch import painless

if TYPE_CHECKING:
    from collections.abc import Iterator

_LONGEST_NAME = 40


def name(text: Text) -> str:
    """The derived field for *text*, which says `y` where it occurs; raises Refused for a text that it is not looked for."""
    if Wild.ONE in text.parts:
        raise Refused("a keyword with ?", "OpenSearch looks for the text between its wildcards, and * is the only one.")
    words = re.sub(r"[^a-z0-9]+", "_", "_".join(_runs(text)).lower())[:_LONGEST_NAME].strip("_")
    return f"keyword_{words}_{sha256(repr(text).encode()).hexdigest()[:6]}"


def field(text: Text) -> dict[str, Any]:
    """How the derived field for *text* is mapped."""
    params = {"runs": _runs(text), "cased": text.cased}
    return {"type": "keyword", "script": {"source": painless.script("keyword"), "params": params}}


def texts(condition: Condition) -> Iterator[Text]:
    """The texts of the keywords in *condition*."""
    match condition:
        case And() | Or():
            for arg in condition.args:
                yield from texts(arg)
        case Not():
            yield from texts(condition.arg)
        case Keyword():
            yield condition.text
        case Leaf():
            return


def _runs(text: Text) -> list[str]:
    return [part for part in text.parts if isinstance(part, str)]
