"""What only the text of a YAML file shows: numbers that YAML reads as something else, and keys given twice."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import yaml

from amazon_q_detections.check.finding import Finding
from amazon_q_detections.content import LOADER

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

# YAML 1.1 reads 012345678901 as octal, or as text where a digit is 8 or 9: an account id silently changes.
_LEADING_ZERO = re.compile(r"[-+]?0[0-9_]+")
_MERGE = "tag:yaml.org,2002:merge"


def findings(path: Path) -> Iterator[Finding]:
    """The findings in one YAML file, which is known to parse."""
    for document in yaml.compose_all(path.read_bytes(), Loader=LOADER):
        if document is not None:
            yield from _node(path, document, "", set())


def _node(path: Path, node: yaml.Node, key: str, seen: set[int]) -> Iterator[Finding]:
    if id(node) in seen:  # an alias: its anchor has been looked at
        return
    seen.add(id(node))
    if isinstance(node, yaml.ScalarNode):
        if not node.style and _LEADING_ZERO.fullmatch(node.value):
            message = f"{node.value} is an unquoted number with a leading zero, which YAML reads as octal. Quote it."
            yield Finding(path, key, "leading-zero", message, line=node.start_mark.line + 1)
    elif isinstance(node, yaml.SequenceNode):
        for number, entry in enumerate(node.value):
            yield from _node(path, entry, f"{key}[{number}]", seen)
    elif isinstance(node, yaml.MappingNode):
        names: set[str] = set()
        for name_node, value in node.value:
            name = str(name_node.value)
            place = f"{key}.{name}" if key else name
            if name in names and name_node.tag != _MERGE:
                line = name_node.start_mark.line + 1
                yield Finding(path, place, "duplicate-key", "is given twice; YAML keeps only the last.", line=line)
            names.add(name)
            yield from _node(path, name_node, place, seen)
            yield from _node(path, value, place, seen)
