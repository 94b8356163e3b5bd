"""The line of a file that a finding's key stands on."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import yaml

from amazon_q_detections.content import LOADER

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from amazon_q_detections.check.finding import Finding

_NAMES = ("name", "title", "id")


@dataclass
class _Document:
    """The lines of the keys of one YAML document, and the keys of what has a name there."""

    lines: dict[str, int] = field(default_factory=dict)
    named: dict[str, str] = field(default_factory=dict)


def located(findings: Iterable[Finding]) -> Iterator[Finding]:
    """The same findings, with the line of their key where the file shows it."""
    read: dict[Path, list[_Document]] = {}
    for finding in findings:
        if finding.line is None and finding.key and finding.path.is_file():
            if finding.path not in read:
                read[finding.path] = _documents(finding.path)
            # The last of several documents is the correlation, which is what a file alerts on.
            found = (_line(document, finding.key) for document in reversed(read[finding.path]))
            yield replace(finding, line=next((line for line in found if line), None))
        else:
            yield finding


def _documents(path: Path) -> list[_Document]:
    documents = []
    try:
        for node in yaml.compose_all(path.read_bytes(), Loader=LOADER):
            documents.append(_Document())
            if node is not None:
                _note(documents[-1], node, "")
    except (yaml.YAMLError, OSError, RecursionError):  # which is what the finding says
        pass
    return documents


def _note(document: _Document, node: yaml.Node, key: str) -> None:
    if isinstance(node, yaml.SequenceNode):
        for number, entry in enumerate(node.value):
            _put(document, f"{key}[{number}]", entry.start_mark.line, entry)
    elif isinstance(node, yaml.MappingNode):
        for name_node, value in node.value:
            if name_node.value in _NAMES and isinstance(value, yaml.ScalarNode):
                document.named.setdefault(value.value, key)
            _put(document, f"{key}.{name_node.value}" if key else str(name_node.value), name_node.start_mark.line, value)


def _put(document: _Document, key: str, line: int, value: yaml.Node) -> None:
    document.lines[key] = line + 1
    if value.start_mark.line >= line:  # an alias leads to lines before its own
        _note(document, value, key)


def _line(document: _Document, key: str) -> int | None:
    """The line of a key as findings write it: `place`, or `name of a rule or case: place`, nearest to it what there is."""
    head, _, place = key.rpartition(": ")
    base = document.named.get(head, head if head in document.lines else None) if head else ""
    if base is None:
        return None
    section, _, rest = place.partition(".")
    for known in document.lines:  # a field stands below a selection, and a record below its case
        bare = known.partition("|")[0]
        if bare.startswith(base or f"{section}.") and bare.endswith(f".{place if base else rest or place}"):
            return document.lines[known]
    whole = f"{base}.{place}" if base else place
    while whole and whole not in document.lines:
        whole = whole.rpartition(".")[0] or whole.rpartition("[")[0]
    return document.lines.get(whole) or document.lines.get(base)
