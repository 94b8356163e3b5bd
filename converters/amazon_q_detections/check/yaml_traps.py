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
# A node does not tell a tag that the author wrote from one that YAML found; its text does.
_TAGGED_AS_TEXT = re.compile(r"(&\S+\s+)?!(!str|<tag:yaml\.org,2002:str>)\s")
_MERGE = "tag:yaml.org,2002:merge"
_NUMBERS = ("tag:yaml.org,2002:int", "tag:yaml.org,2002:float")
_DATE = "tag:yaml.org,2002:timestamp"
_BOOLEAN = "tag:yaml.org,2002:bool"


def findings(path: Path) -> Iterator[Finding]:
    """The findings in one YAML file, which is known to parse."""
    data = path.read_bytes()
    text = data.decode("utf-8-sig", errors="replace")
    for document in yaml.compose_all(data, Loader=LOADER):
        if document is not None:
            yield from _node(path, text, document, "", set())


def _node(path: Path, text: str, node: yaml.Node, key: str, seen: set[int]) -> Iterator[Finding]:
    if id(node) in seen:  # an alias: its anchor has been looked at
        return
    seen.add(id(node))
    if isinstance(node, yaml.ScalarNode):
        if not node.style and not _TAGGED_AS_TEXT.match(text, node.start_mark.index):
            yield from _plain(path, node, key)
    elif isinstance(node, yaml.SequenceNode):
        for number, entry in enumerate(node.value):
            yield from _node(path, text, entry, f"{key}[{number}]", seen)
    elif isinstance(node, yaml.MappingNode):
        names: set[str] = set()
        for name_node, value in node.value:
            name = str(name_node.value)
            place = f"{key}.{name}" if key else name
            if name in names and name_node.tag != _MERGE:
                line = name_node.start_mark.line + 1
                yield Finding(path, place, "duplicate-key", "is given twice; YAML keeps only the last.", line=line)
            names.add(name)
            yield from _node(path, text, name_node, place, seen)
            yield from _node(path, text, value, place, seen)


def _plain(path: Path, node: yaml.ScalarNode, key: str) -> Iterator[Finding]:
    """What an unquoted value loses: YAML 1.1 takes many texts for numbers or dates, and a few words for booleans."""
    line = node.start_mark.line + 1
    written = node.value
    if _LEADING_ZERO.fullmatch(written):
        meant = written.lstrip("+-0_") or "0"
        message = f"{written} has a leading zero, which makes it octal in YAML. Quote it; if a number is meant, write {meant}."
        yield Finding(path, key, "leading-zero", message, line=line)
    elif node.tag in _NUMBERS and str(number := yaml.load(written, Loader=LOADER)) != written:
        message = f"{written} is the number {number} in YAML. Quote it; if a number is meant, write {number}."
        yield Finding(path, key, "number", message, line=line)
    elif node.tag == _DATE and key.startswith("detection."):
        yield Finding(path, key, "date", f"{written} is a date in YAML, and no text. Quote it.", line=line)
    elif node.tag == _BOOLEAN and written.lower() not in ("true", "false"):
        boolean = str(yaml.load(written, Loader=LOADER)).lower()
        message = f"{written} is the boolean {boolean} in YAML. Quote it; if a boolean is meant, write {boolean}."
        yield Finding(path, key, "boolean", message, "warning", line=line)
