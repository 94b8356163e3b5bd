"""A detection: one rule, or a correlation with the rules it counts, and what it tells an on-call engineer."""

from __future__ import annotations

import re
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from amazon_q_detections import schedule
from amazon_q_detections.errors import ContentError, Refused, did_you_mean
from amazon_q_detections.form import BLOCK

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from sigma.collection import SigmaCollection
    from sigma.types import SigmaType

    from amazon_q_detections.schedule import Schedule

_DEFAULT_RISK = {"informational": 5, "low": 20, "medium": 45, "high": 70, "critical": 90}
_QUOTED = re.compile(r"'([^']*)'")
_ADDRESS = re.compile(r" at 0x[0-9a-f]+")  # of an object, in a message of pySigma: another in each run
# As pySigma finds them: anything but `%` and a wildcard, where `\*`, `\?` and `\\` are the characters.
_PLACEHOLDER = re.compile(r"(?<!\\)%((?:\\[*?\\]|[^%*?\\]|\\(?![*?\\]))+)%")
_ESCAPE = re.compile(r"\\([*?\\])")

Document = dict[str, Any]


@dataclass(frozen=True)
class Rule:
    """One alerting detection.

    *main* is its document as YAML gave it; *bases* are the rule documents a correlation refers to, *filters* the Sigma filters
    that apply to it or to them.
    """

    stem: str
    path: Path
    main: Document
    bases: tuple[Document, ...] = ()
    placeholders: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    filters: tuple[Document, ...] = ()

    @property
    def id(self) -> str:
        return str(self.main.get("id") or "")

    @property
    def title(self) -> str:
        return str(self.main.get("title") or "")

    @property
    def description(self) -> str:
        return str(self.main.get("description") or "").strip()

    @property
    def level(self) -> str:
        """The Sigma level; a rule that states none counts as medium."""
        return str(self.main.get("level") or "medium").lower()

    @property
    def status(self) -> str:
        """The Sigma status; a rule that states none counts as experimental."""
        return str(self.main.get("status") or "experimental").lower()

    @property
    def tags(self) -> tuple[str, ...]:
        return tuple(str(tag) for tag in self.main.get("tags") or ())

    @property
    def falsepositives(self) -> tuple[str, ...]:
        return tuple(str(entry) for entry in self.main.get("falsepositives") or ())

    @property
    def references(self) -> tuple[str, ...]:
        return tuple(str(entry) for entry in self.main.get("references") or ())

    @property
    def block(self) -> Mapping[str, Any]:
        """Our custom block, empty when the rule has none."""
        block = self.main.get(BLOCK)
        return block if isinstance(block, dict) else {}

    @property
    def version(self) -> int:
        """Raised by a change of what the rule matches; 1 when the rule does not say."""
        return int(self.block.get("version", 1))

    @property
    def category(self) -> str:
        """The playbook's event category; the folder's name when the rule does not say."""
        return str(self.block.get("category", self.path.parent.name))

    @property
    def risk(self) -> int:
        """0 to 100; by level when the rule does not say."""
        return int(self.block.get("risk", _DEFAULT_RISK.get(self.level, 45)))

    @property
    def response(self) -> str:
        """What to do first, a step of the playbook; may be empty."""
        return str(self.block.get("response", ""))

    @property
    def refusals(self) -> Mapping[str, str]:
        """Targets, or `target/schema`, that truly cannot say this rule, with the reason; such a refusal is no finding."""
        declared = self.block.get("refusals")
        return declared if isinstance(declared, dict) else {}

    def declares_refusal(self, target: str, schema: str) -> bool:
        """Whether it says that *target* refuses it, in general or in this log schema."""
        return target in self.refusals or f"{target}/{schema}" in self.refusals

    @property
    def is_correlation(self) -> bool:
        """Whether it alerts on several events together."""
        return "correlation" in self.main

    @property
    def timespan(self) -> int:
        """Seconds of a correlation's timespan, 0 for a single rule; raises ContentError for an unusable one."""
        if not self.is_correlation:
            return 0
        from sigma.correlations import SigmaCorrelationTimespan
        from sigma.exceptions import SigmaError

        try:
            return SigmaCorrelationTimespan(self.main["correlation"].get("timespan")).seconds
        except SigmaError as error:
            raise ContentError(self.path, str(error), key="correlation.timespan") from error

    @property
    def schedule(self) -> Schedule:
        """When its scheduled artefacts run; raises ContentError for an unusable duration."""
        try:
            return schedule.of(self.block.get("schedule") or {}, self.timespan or None)
        except ValueError as error:
            raise ContentError(self.path, f"{error}.", key=f"{BLOCK}.schedule") from error

    @property
    def documents(self) -> tuple[Document, ...]:
        """What pySigma is given: the bases, then the main document."""
        return (*self.bases, self.main)

    @cached_property
    def needed_placeholders(self) -> tuple[str, ...]:
        """Names of the `|expand` placeholders of its detections and filters, sorted."""
        names: set[str] = set()
        for document in self.documents:
            _collect_placeholders(document.get("detection"), names)
        for document in self.filters:
            _collect_placeholders(document.get("filter"), names)
        return tuple(sorted(names))

    @property
    def unset_placeholders(self) -> tuple[str, ...]:
        """Those of its placeholders that have no values."""
        return tuple(name for name in self.needed_placeholders if not self.placeholders.get(name))

    def with_placeholders(self, placeholders: Mapping[str, tuple[str, ...]]) -> Rule:
        """The same rule with these placeholder values added to its own."""
        return replace(self, placeholders={**self.placeholders, **placeholders}) if placeholders else self

    def collection(self) -> SigmaCollection:
        """A fresh pySigma collection of its documents, filtered and with placeholders filled in; the main rule is last.

        A conversion changes the rules it is given, so each target asks for its own; that is cheaper than a copy.
        Raises ContentError when pySigma cannot parse the rule, Refused when a placeholder is unset.
        """
        # Imported late: pySigma takes 0.1 s, and `qdet list` and `--help` do without it.
        from sigma.collection import SigmaCollection
        from sigma.exceptions import SigmaError

        if self.unset_placeholders:
            names = ", ".join(f"%{name}%" for name in self.unset_placeholders)
            raise Refused("an unset placeholder", f"{names} has no values; set it with --placeholders.", stem=self.stem)
        with self.blamed():
            try:
                collection = SigmaCollection.from_dicts(list(self.documents))
                collection.resolve_rule_references()
                _filter(collection, self.filters)
            except (SigmaError, RecursionError):
                raise
            except Exception as error:  # whatever pySigma trips over, it is this rule that cannot be used
                raise ContentError(self.path, f"is no Sigma rule: {error!r}.", key=self.title) from error
            if self.needed_placeholders:
                _fill(collection, self.placeholders)
        return collection

    @contextmanager
    def blamed(self) -> Iterator[None]:
        """Turns what pySigma raises inside into a ContentError that names this rule; it parses conditions only when asked."""
        from sigma.exceptions import SigmaError, SigmaModifierError
        from sigma.modifiers import modifier_mapping

        try:
            yield
        except SigmaModifierError as error:
            mend = did_you_mean("".join(_QUOTED.findall(str(error))[:1]), modifier_mapping)
            raise ContentError(self.path, _of_pysigma(error), key=self.title, mend=mend) from error
        except SigmaError as error:
            raise ContentError(self.path, _of_pysigma(error), key=self.title) from error
        except RecursionError as error:
            raise ContentError(self.path, "its condition is nested too deeply.", key=self.title) from error


def _of_pysigma(error: Exception) -> str:
    return f"pySigma refuses the rule: {_ADDRESS.sub('', str(error)).rstrip('.')}."


def _collect_placeholders(node: Any, names: set[str]) -> None:
    if isinstance(node, list):
        for entry in node:
            _collect_placeholders(entry, names)
    elif isinstance(node, dict):
        for key, value in node.items():
            if "expand" in str(key).split("|")[1:]:
                for entry in value if isinstance(value, list) else [value]:
                    names.update(_ESCAPE.sub(r"\1", name) for name in _PLACEHOLDER.findall(str(entry)))
            else:
                _collect_placeholders(value, names)


def _filter(collection: SigmaCollection, filters: Sequence[Document]) -> None:
    """Apply each filter to the rules that it is for; each gets its own, since a conversion changes what it is given."""
    # Imported late, for the same reason as in Rule.collection.
    from sigma.filters import SigmaFilter

    for rule in collection.rules:
        for document in filters:
            SigmaFilter.from_dict(document).apply_on_rule(rule)


def _fill(collection: SigmaCollection, placeholders: Mapping[str, tuple[str, ...]]) -> None:
    """Put values in the place of placeholders, in texts; what stays elsewhere sigma_condition.of_rule refuses."""
    # Imported late, for the same reason as in Rule.collection.
    from sigma.rule import SigmaRule
    from sigma.types import SigmaString

    from amazon_q_detections import detection_items

    lists = {name: [SigmaString(value) for value in values] for name, values in placeholders.items()}

    def filled(value: SigmaType) -> Sequence[SigmaType]:
        if not isinstance(value, SigmaString):
            return [value]
        return value.replace_placeholders(lambda placeholder: iter(lists.get(placeholder.name, [placeholder])))

    for rule in collection.rules:
        for item in detection_items.of(rule) if isinstance(rule, SigmaRule) else ():
            item.value = [one for value in item.value for one in filled(value)]
