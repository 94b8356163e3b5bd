"""What a rule says of itself: Sigma's own keys, and our custom block."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any
from uuid import UUID

from amazon_q_detections import targets
from amazon_q_detections.check.finding import Finding
from amazon_q_detections.errors import ContentError, did_you_mean
from amazon_q_detections.rule import BLOCK, LEVELS

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from amazon_q_detections.rule import Document, Rule

_STEM = re.compile(r"[a-z0-9_]{10,90}")
_STATUS = ("stable", "test", "experimental", "deprecated", "unsupported")
_TECHNIQUE = re.compile(r"attack\.t[0-9]{4}(\.[0-9]{3})?")
_TACTIC = re.compile(r"attack\.[a-z]+(-[a-z]+)*")
_ATLAS = re.compile(r"AML\.T[0-9]{4}(\.[0-9]{3})?")
_HOLLOW = re.compile(r"(unknown|none|unlikely|legitimate (admin\w*|activity|use))\W*", re.IGNORECASE)

_RISK = {
    "informational": (0, 10),
    "low": (11, 30),
    "medium": (31, 55),
    "high": (56, 80),
    "critical": (81, 100),
}
_BLOCK_KEYS = {"version", "category", "atlas", "prerequisite", "schedule", "risk", "response", "refusals"}
_REQUIRED_BLOCK_KEYS = ("version", "category", "atlas", "prerequisite", "schedule", "risk", "response")


def findings(rule: Rule, *, builtin: bool) -> Iterator[Finding]:
    """The findings in one rule's metadata; *builtin* rules must also carry all that our users are promised."""
    yield from _sigma_keys(rule)
    for number, document in enumerate(rule.documents):
        yield from _identity(rule, document, "" if document is rule.main else f"rule {number + 1}: ")
    if BLOCK in rule.main:
        yield from _block(rule)
    if builtin:
        yield from _promises(rule)


def _error(rule: Rule, key: str, code: str, message: str) -> Finding:
    return Finding(rule.path, key, code, message)


def _sigma_keys(rule: Rule) -> Iterator[Finding]:
    if not _STEM.fullmatch(rule.stem):
        yield _error(rule, "", "file-name", f"the file name {rule.stem!r} is not 10 to 90 of a-z, 0-9 and _.")
    if rule.level not in LEVELS:
        yield _error(rule, "level", "level", f"{rule.level!r} is no level. {did_you_mean(rule.level, LEVELS)}")
    status = rule.main.get("status")
    if status is not None and status not in _STATUS:
        yield _error(rule, "status", "status", f"{status!r} is no status. {did_you_mean(str(status), _STATUS)}")
    if not rule.description:
        yield _error(rule, "description", "description", "is missing: say what happened and why it matters.")


def _identity(rule: Rule, document: Document, prefix: str) -> Iterator[Finding]:
    if not document.get("title"):
        yield _error(rule, prefix + "title", "title", "is missing.")
    try:
        UUID(str(document.get("id", "")))
    except ValueError:
        yield _error(rule, prefix + "id", "id", f"{document.get('id')!r} is no UUID.")


def _block(rule: Rule) -> Iterator[Finding]:
    block = rule.main[BLOCK]
    if not isinstance(block, dict):
        yield _error(rule, BLOCK, "custom-block", "is no mapping.")
        return
    for key in block:
        if key not in _BLOCK_KEYS:
            yield _error(rule, f"{BLOCK}.{key}", "custom-block", f"is no key of it. {did_you_mean(str(key), _BLOCK_KEYS)}")
    version, risk = block.get("version", 1), block.get("risk")
    if not isinstance(version, int) or isinstance(version, bool) or version < 1:
        yield _error(rule, f"{BLOCK}.version", "version", f"{version!r} is no whole number from 1.")
    if risk is not None:
        yield from _risk(rule, risk)
    for entry in block.get("atlas") or ():
        if not _ATLAS.fullmatch(str(entry)):
            yield _error(rule, f"{BLOCK}.atlas", "atlas", f"{entry!r} is no ATLAS technique such as AML.T0070.")
    try:
        _ = rule.schedule
    except ContentError as error:
        yield _error(rule, error.key, "schedule", error.what)
    yield from _refusals(rule, block.get("refusals"))


def _risk(rule: Rule, risk: Any) -> Iterator[Finding]:
    low, high = _RISK.get(rule.level, (0, 100))
    if not isinstance(risk, int) or isinstance(risk, bool) or not low <= risk <= high:
        message = f"{risk!r} does not fit the level {rule.level}, which goes from {low} to {high}."
        yield _error(rule, f"{BLOCK}.risk", "risk", message)


def _refusals(rule: Rule, refusals: Any) -> Iterator[Finding]:
    if refusals is None:
        return
    names = [target.name for target in targets.TARGETS]
    if not isinstance(refusals, dict):
        yield _error(rule, f"{BLOCK}.refusals", "refusals", "is no mapping of target to reason.")
        return
    for name, reason in refusals.items():
        if name not in names:
            yield _error(rule, f"{BLOCK}.refusals.{name}", "refusals", f"is no target. {did_you_mean(str(name), names)}")
        elif not str(reason or "").strip():
            yield _error(rule, f"{BLOCK}.refusals.{name}", "refusals", "gives no reason.")


def _promises(rule: Rule) -> Iterator[Finding]:
    """What CONTRIBUTING.md asks of a rule of ours beyond what Sigma asks."""
    block = rule.block
    for key in _REQUIRED_BLOCK_KEYS:
        if not block.get(key):
            yield _error(rule, f"{BLOCK}.{key}", "custom-block", "is missing.")
    if block.get("category") not in (None, rule.path.parent.name):
        message = f"{block['category']!r} is not the folder {rule.path.parent.name!r}."
        yield _error(rule, f"{BLOCK}.category", "category", message)
    if not any(_TECHNIQUE.fullmatch(tag) for tag in rule.tags):
        yield _error(rule, "tags", "attack", "has no ATT&CK technique such as attack.t1685.")
    if not any(_TACTIC.fullmatch(tag) for tag in rule.tags if not _TECHNIQUE.fullmatch(tag)):
        yield _error(rule, "tags", "attack", "has no ATT&CK tactic such as attack.defense-impairment.")
    if not rule.falsepositives:
        yield _error(rule, "falsepositives", "falsepositives", "is missing.")
    for entry in rule.falsepositives:
        if _HOLLOW.fullmatch(entry):
            yield _error(rule, "falsepositives", "falsepositives", f"{entry!r} helps nobody: say who, and how to tell.")
    if not rule.references:
        yield _error(rule, "references", "references", "is missing.")


def twins(rules: Sequence[Rule]) -> Iterator[Finding]:
    """Ids, names and stems that two rules share."""
    seen: dict[tuple[str, str], Rule] = {}
    for rule in rules:
        shared: list[tuple[str, str]] = [("file name", rule.stem)]
        for document in rule.documents:
            shared.extend((key, str(document[key])) for key in ("id", "name") if document.get(key))
        for kind, value in dict.fromkeys(shared):
            other = seen.setdefault((kind, value), rule)
            if other is not rule and not _same_base(rule, other, kind, value):
                yield _error(rule, kind, f"duplicate-{kind.replace(' ', '-')}", f"{value} is also that of {other.path}.")


def _same_base(rule: Rule, other: Rule, kind: str, value: str) -> bool:
    """Whether both rules are correlations over one and the same base document, or it is the base of the other."""
    mine = [document for document in rule.documents if str(document.get(kind)) == value]
    theirs = [document for document in other.documents if str(document.get(kind)) == value]
    return any(one is another for one in mine for another in theirs)
