"""Compile rules for the targets and make their bundles; judges nothing."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from amazon_q_detections import __version__, bundle, json_output, targets
from amazon_q_detections.errors import ContentError, Refused, did_you_mean

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from pathlib import Path

    from amazon_q_detections.rule import Rule
    from amazon_q_detections.target import Query
    from amazon_q_detections.targets import Registration

DEFAULT_NAME = "amazon_q_detections"
_NAME = re.compile(r"[a-z][a-z0-9_]{2,60}")


@dataclass(frozen=True)
class Refusal:
    """A rule that a target refused; *declared* when its custom block says so, which is no finding."""

    stem: str
    target: str
    reason: str
    declared: bool


@dataclass(frozen=True)
class LeftOut:
    """A rule that was not compiled because placeholders of it have no values."""

    stem: str
    placeholders: tuple[str, ...]


@dataclass(frozen=True)
class Bundle:
    """One target's bundle, in memory: its files, and what is not in it and why."""

    target: str
    schema: str
    tree: bundle.Tree
    compiled: tuple[str, ...]
    refusals: tuple[Refusal, ...]
    left_out: tuple[LeftOut, ...]


def compile_rule(rule: Rule, registration: Registration, schema: str) -> Query:
    """One rule for one target; raises Refused naming rule and target, ContentError for a rule that is none."""
    _refuse_stems([rule])
    try:
        with rule.blamed():
            query: Query = registration.load().compile(rule, schema)
    except Refused as refused:
        raise refused.within(stem=rule.stem, target=registration.name) from refused
    return query


def make(
    rules: Sequence[Rule],
    chosen: Iterable[Registration],
    *,
    schemas: Sequence[str] = (),
    name: str = DEFAULT_NAME,
    step: Callable[[], None] = lambda: None,
) -> list[Bundle]:
    """The bundles of *rules* for the *chosen* targets; *step* is called after each rule and target.

    Raises ContentError for an unusable *name* or *schema*, two rules of one stem, or a rule that pySigma refuses.
    """
    if not _NAME.fullmatch(name):
        raise ContentError("--name", f"{name!r} is no bundle name.", mend="Use 3 to 61 of a-z, 0-9 and _.")
    _refuse_stems(rules)
    chosen = list(chosen)
    for schema in schemas:
        if all(schema not in registration.schemas for registration in chosen):
            raise _no_schema(", ".join(registration.name for registration in chosen), schema, chosen)
    return [_bundle(rules, one, _schema_among(one, schemas), name, step) for one in chosen]


def _schema_among(registration: Registration, schemas: Sequence[str]) -> str:
    """The one of *schemas* that the target has, or its first; raises ContentError for two of them."""
    own = [schema for schema in dict.fromkeys(schemas) if schema in registration.schemas]
    if len(own) > 1:
        raise ContentError("--schema", f"{' and '.join(own)} are both of {registration.name}.", mend="Build one at a time.")
    return schema_of(registration, own[0] if own else None)


def schema_of(registration: Registration, schema: str | None) -> str:
    """The schema to compile for, the target's first unless asked; raises ContentError for one it does not have."""
    if schema is None:
        return registration.schemas[0]
    if schema not in registration.schemas:
        raise _no_schema(registration.name, schema, [registration])
    return schema


def _no_schema(name: str, schema: str, chosen: Iterable[Registration]) -> ContentError:
    known = [known for registration in chosen for known in registration.schemas]
    return ContentError("--schema", f"{name} has no schema {schema!r}.", mend=did_you_mean(schema, known))


def _refuse_stems(rules: Sequence[Rule]) -> None:
    """Stems must be plain, and no two alike."""
    seen: dict[str, Rule] = {}
    for rule in rules:
        if not bundle.STEM.fullmatch(rule.stem):
            mend = "Rename the file, or the rule's name if it has several."
            raise ContentError(rule.path, f"{rule.stem!r} is no name of letters, digits, '_' and '-'.", mend=mend)
        other = seen.setdefault(rule.stem, rule)
        if other is not rule:
            raise ContentError(rule.path, f"has the same stem as {other.path}.", mend="Rename one of the two files.")


def _bundle(rules: Sequence[Rule], registration: Registration, schema: str, name: str, step: Callable[[], None]) -> Bundle:
    target = registration.load()
    queries: list[Query] = []
    refusals: list[Refusal] = []
    left_out: list[LeftOut] = []
    for rule in rules:
        if rule.unset_placeholders:
            left_out.append(LeftOut(rule.stem, rule.unset_placeholders))
        else:
            try:
                with rule.blamed():
                    queries.append(target.compile(rule, schema))
            except Refused as refused:
                refusals.append(_refusal(rule, target.name, schema, refused))
        step()
    tree = None
    while tree is None:
        try:
            tree = target.bundle(queries, name=name, schema=schema)
        except Refused as refused:  # two rules that cannot be in one bundle
            (rule,) = (query.rule for query in queries if query.rule.stem == refused.stem)
            refusals.append(_refusal(rule, target.name, schema, refused))
            queries = [query for query in queries if query.rule is not rule]
    tree[bundle.MANIFEST] = _manifest(target.name, schema, name, sorted(tree), queries, refusals, left_out)
    compiled = tuple(query.rule.stem for query in queries)
    return Bundle(target.name, schema, tree, compiled, tuple(refusals), tuple(left_out))


def _refusal(rule: Rule, target: str, schema: str, refused: Refused) -> Refusal:
    return Refusal(rule.stem, target, f"{refused.construct}: {refused.reason}", rule.declares_refusal(target, schema))


def _manifest(
    target: str,
    schema: str,
    name: str,
    files: Sequence[str],
    queries: Sequence[Query],
    refusals: Sequence[Refusal],
    left_out: Sequence[LeftOut],
) -> bytes:
    """What is in the bundle, on which assumptions it rests, and what is not in it and why."""
    document: dict[str, Any] = {
        "name": name,
        "version": __version__,
        "target": target,
        "schema": schema,
        "rules": [
            {
                "stem": query.rule.stem,
                "id": query.rule.id,
                "version": query.rule.version,
                "title": query.rule.title,
                "level": query.rule.level,
                "promise": query.promise,
                "assumptions": sorted(query.assumptions),
                "formats": sorted(query.formats),
                "missing": dict(sorted(query.missing.items())),
            }
            for query in queries
        ],
        "refused": [{"stem": refusal.stem, "reason": refusal.reason, "declared": refusal.declared} for refusal in refusals],
        "left_out": [{"stem": left.stem, "placeholders": list(left.placeholders)} for left in left_out],
        "files": list(files),
    }
    return f"{json_output.indented(document)}\n".encode()


def write(bundles: Iterable[Bundle], out: Path) -> None:
    """Write each bundle to its folder below *out*: all of them, or on any failure none."""
    bundle.write({out / made.target: made.tree for made in bundles})


def differences(bundles: Iterable[Bundle], out: Path) -> list[str]:
    """The paths below *out* that differ from the bundles."""
    return [f"{made.target}/{path}" for made in bundles for path in bundle.differences(made.tree, out / made.target)]


def chosen_targets(names: Sequence[str]) -> list[Registration]:
    """The registrations of *names*, or of all targets; raises ContentError for an unknown one."""
    return [targets.find(name) for name in dict.fromkeys(names)] or list(targets.TARGETS)
