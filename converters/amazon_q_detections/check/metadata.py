"""What a rule says of itself: Sigma's own keys, and our custom block."""

from __future__ import annotations

import re
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING
from uuid import UUID

from amazon_q_detections import bundle, log_source, targets
from amazon_q_detections.check.finding import Finding
from amazon_q_detections.errors import did_you_mean
from amazon_q_detections.form import BLOCK

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from amazon_q_detections.rule import Document, Rule

_STEM = re.compile(r"[a-z0-9_]{10,90}")
_TECHNIQUE = re.compile(r"attack\.t[0-9]{4}(\.[0-9]{3})?")
# ATT&CK v19, "Enterprise tactics"; defense-evasion is what versions before it call stealth.
_TACTICS = {
    f"attack.{tactic}"
    for tactic in (
        "reconnaissance", "resource-development", "initial-access", "execution", "persistence", "privilege-escalation",
        "stealth", "defense-evasion", "defense-impairment", "credential-access", "discovery", "lateral-movement", "collection",
        "command-and-control", "exfiltration", "impact",
    )
}  # fmt: skip
_GROUP_OR_SOFTWARE = re.compile(r"attack\.[gs][0-9]{4}")
_HOLLOW = re.compile(r"(unknown|none|unlikely|legitimate (admin\w*|activity|use))\W*", re.IGNORECASE)

_RISK = {
    "informational": (0, 10),
    "low": (11, 30),
    "medium": (31, 55),
    "high": (56, 80),
    "critical": (81, 100),
}
# Sigma Rules Specification and Sigma Correlation Rules Specification, and our block; other keys are the author's own.
_SIGMA_KEYS = {
    "title", "id", "name", "related", "status", "description", "license", "references", "author", "date", "modified", "tags",
    "taxonomy", "scope", "logsource", "detection", "correlation", "fields", "falsepositives", "level", BLOCK,
}  # fmt: skip
_REQUIRED_BLOCK_KEYS = ("version", "category", "atlas", "prerequisite", "schedule", "risk", "response")


def findings(rule: Rule, *, builtin: bool) -> Iterator[Finding]:
    """The findings in one rule's metadata; *builtin* rules must also carry all that our users are promised."""
    yield from _file_name(rule, builtin=builtin)
    yield from _sigma_keys(rule)
    for number, document in enumerate(rule.documents):
        prefix = "" if document is rule.main else f"rule {number + 1}: "
        yield from _identity(rule, document, prefix)
        yield from _log_source(rule, document, prefix)
        yield from _unused_selections(rule, document, prefix)
    if "risk" in rule.block:
        yield from _risk(rule, rule.risk)
    yield from _tags(rule, builtin=builtin)
    yield from _refusals(rule, rule.refusals)
    if builtin:
        yield from _promises(rule)


def _error(rule: Rule, key: str, code: str, message: str) -> Finding:
    return Finding(rule.path, key, code, message)


def _file_name(rule: Rule, *, builtin: bool) -> Iterator[Finding]:
    """A user may name files otherwise than we do, as long as `qdet build` takes the name."""
    if not bundle.STEM.fullmatch(rule.stem):
        yield _error(rule, "", "file-name", f"{rule.stem!r} is no name of letters, digits, '_' and '-', which targets need.")
    elif not _STEM.fullmatch(rule.stem):
        message = f"the file name {rule.stem!r} is not 10 to 90 of a-z, 0-9 and _."
        yield Finding(rule.path, "", "file-name", message, "error" if builtin else "warning")


def _sigma_keys(rule: Rule) -> Iterator[Finding]:
    for key in rule.main:
        near = did_you_mean(str(key), _SIGMA_KEYS) if key not in _SIGMA_KEYS else ""
        if near.startswith("Did"):
            yield Finding(rule.path, str(key), "unknown-key", f"is no key of Sigma. {near}", "warning")
    if not rule.description:
        yield _error(rule, "description", "description", "is missing: say what happened and why it matters.")


def _identity(rule: Rule, document: Document, prefix: str) -> Iterator[Finding]:
    if not document.get("title"):
        yield _error(rule, prefix + "title", "title", "is missing.")
    if not document.get("id"):
        yield _error(rule, prefix + "id", "id", "is missing.")


def _log_source(rule: Rule, document: Document, prefix: str) -> Iterator[Finding]:
    said = document.get("logsource")
    if isinstance(said, dict) and (key := log_source.foreign(said)):
        yield _error(rule, f"{prefix}logsource.{key}", "log-source", f"{said[key]!r} is another log source. {log_source.MEND}")


def _unused_selections(rule: Rule, document: Document, prefix: str) -> Iterator[Finding]:
    """Selections that the condition never mentions; `them` mentions all but those that begin with an underscore."""
    detection = document.get("detection") or {}
    words = re.findall(r"[\w*-]+", str(detection.get("condition")))
    if "them" in words:
        words.append("[!_]*")
    for name in detection:
        if name not in ("condition", "timeframe") and not any(fnmatchcase(str(name), word) for word in words):
            message = "is a selection that the condition never uses."
            yield Finding(rule.path, f"{prefix}detection.{name}", "unused-selection", message, "warning")


def _risk(rule: Rule, risk: int) -> Iterator[Finding]:
    low, high = _RISK[rule.level]
    if not low <= risk <= high:
        message = f"{risk!r} does not fit the level {rule.level}, which goes from {low} to {high}."
        yield _error(rule, f"{BLOCK}.risk", "risk", message)


def _tags(rule: Rule, *, builtin: bool) -> Iterator[Finding]:
    """ATT&CK tags that are none (Sigma Tags Appendix, "Namespace: attack")."""
    for tag in rule.tags:
        known = tag in _TACTICS or _TECHNIQUE.fullmatch(tag) or _GROUP_OR_SOFTWARE.fullmatch(tag)
        if tag.startswith("attack.") and not known:
            message = f"{tag!r} is no tactic, technique, group or software of ATT&CK. {did_you_mean(tag, _TACTICS)}"
            yield Finding(rule.path, "tags", "attack", message, "error" if builtin else "warning")


def _refusals(rule: Rule, refusals: Mapping[str, str]) -> Iterator[Finding]:
    names = [name for one in targets.TARGETS for name in (one.name, *(f"{one.name}/{schema}" for schema in one.schemas))]
    for name, reason in refusals.items():
        if name not in names:
            yield _error(
                rule,
                f"{BLOCK}.refusals.{name}",
                "refusals",
                f"is no target, and no target/schema. {did_you_mean(str(name), names)}",
            )
        elif not str(reason or "").strip():
            yield _error(rule, f"{BLOCK}.refusals.{name}", "refusals", "gives no reason.")


def _promises(rule: Rule) -> Iterator[Finding]:
    """What CONTRIBUTING.md asks of a rule of ours beyond what Sigma asks."""
    block = rule.block
    for key in _REQUIRED_BLOCK_KEYS:
        if block.get(key) in (None, "", [], {}):
            yield _error(rule, f"{BLOCK}.{key}", "custom-block", "is missing.")
    if block.get("category") not in (None, rule.path.parent.name):
        message = f"{block['category']!r} is not the folder {rule.path.parent.name!r}."
        yield _error(rule, f"{BLOCK}.category", "category", message)
    if not any(_TECHNIQUE.fullmatch(tag) for tag in rule.tags):
        yield _error(rule, "tags", "attack", "has no ATT&CK technique such as attack.t1685.")
    if not _TACTICS.intersection(rule.tags):
        yield _error(rule, "tags", "attack", "has no ATT&CK tactic such as attack.defense-impairment.")
    if not rule.falsepositives:
        yield _error(rule, "falsepositives", "falsepositives", "is missing.")
    for entry in rule.falsepositives:
        if _HOLLOW.fullmatch(entry):
            yield _error(rule, "falsepositives", "falsepositives", f"{entry!r} helps nobody: say who, and how to tell.")
    if not rule.references:
        yield _error(rule, "references", "references", "is missing.")
    for entry in rule.references:
        if not entry.startswith("https://"):
            yield _error(rule, "references", "references", f"{entry!r} is no https:// address.")


def twins(rules: Sequence[Rule]) -> Iterator[Finding]:
    """Stems that two rules share, and ids and names that two of their documents share."""
    stems: dict[str, Rule] = {}
    seen: dict[tuple[str, str], tuple[Rule, Document]] = {}
    for rule in rules:
        if (other := stems.setdefault(rule.stem, rule)) is not rule:
            yield _twin(rule, "file name", rule.stem, other)
        for document in rule.documents:
            for key, value in (("id", _uuid(document)), ("name", str(document.get("name") or "").lower())):
                holder, same = seen.setdefault((key, value), (rule, document))
                if value and same is not document:
                    yield _twin(rule, key, str(document[key]), holder)


def _uuid(document: Document) -> str:
    """The id in its one spelling: a UUID may come in braces, in capitals and without hyphens."""
    return str(UUID(document["id"])) if document.get("id") else ""


def _twin(rule: Rule, kind: str, value: str, other: Rule) -> Finding:
    where = "another rule of this file" if other.path == rule.path else str(other.path)
    return _error(rule, kind, f"duplicate-{kind.replace(' ', '-')}", f"{value} is also that of {where}.")
