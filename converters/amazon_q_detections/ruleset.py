"""Rule files: which of their documents alert, and what their correlations refer to."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from amazon_q_detections import content, form
from amazon_q_detections.errors import ContentError, did_you_mean
from amazon_q_detections.rule import Rule

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from pathlib import Path

    from amazon_q_detections.rule import Document


@dataclass(frozen=True)
class _File:
    path: Path
    documents: list[Document]
    """Rules and correlations."""

    filters: list[Document]


def load(
    places: Iterable[Path],
    *,
    placeholders: Mapping[str, tuple[str, ...]] | None = None,
    library: Iterable[Path] = (),
    strict: bool = True,
    silenced: Callable[[Rule, Rule], None] = lambda *_: None,
) -> list[Rule]:
    """The alerting rules of every file at or below *places*, sorted by stem.

    References of a correlation are looked up in its own file, then in *places*, then in *library*. The Sigma filters of
    *places* apply to the rules that they name. A rule that a correlation counts raises no alerts of its own unless that
    correlation says `generate: true`; *silenced* is told of such a rule, and of the correlation, where they are of two files.

    Raises ContentError for a file that holds no rule, a reference that leads nowhere or back to itself, and, when
    *strict*, for a fault in a rule's form.
    """
    files = [_file(path) for path in content.yaml_files(places)]
    filters = _Filters(files)
    references = _References(files, library)
    rules: list[Rule] = []
    silent: dict[int, Rule] = {}
    for file in files:
        for document in file.documents:
            bases = references.of(file, document)
            if strict:
                for one in (*bases, document):
                    _refuse_faults(references.home(one), one)
            rules.append(
                Rule(_stem(file, document), file.path, document, bases, placeholders or {}, filters.of(document, *bases))
            )
            if bases and document["correlation"].get("generate") is not True:
                silent.update((id(base), rules[-1]) for base in bases)
    filters.refuse_unused()
    _refuse_circles(rules)
    for rule in rules:
        correlation = silent.get(id(rule.main))
        if correlation is not None and correlation.path != rule.path:
            silenced(rule, correlation)
    return sorted((one for one in rules if id(one.main) not in silent), key=lambda one: (one.stem, str(one.path)))


def _refuse_faults(file: _File, document: Document) -> None:
    for fault in form.faults(document):
        name = f"{document.get('name') or document.get('title')}: " if len(file.documents) > 1 else ""
        raise ContentError(file.path, fault.message, key=name + fault.key)


def _refuse_circles(rules: Sequence[Rule]) -> None:
    """A correlation that counts itself, directly or through others, would be silent and so never be seen."""
    counted = {id(rule.main): rule.bases for rule in rules}
    for rule in rules:
        ahead, met = list(rule.bases), set[int]()
        while ahead:
            base = ahead.pop()
            if base is rule.main:
                raise ContentError(rule.path, "the correlation counts itself.", key="correlation.rules")
            if id(base) not in met:
                met.add(id(base))
                ahead.extend(counted.get(id(base), ()))


def _stem(file: _File, document: Document) -> str:
    """That of the file for its last document, which a correlation is; the others go by their names, or their number."""
    if document is file.documents[-1]:
        return file.path.stem
    return str(document.get("name") or f"{file.path.stem}_{file.documents.index(document) + 1}")


class _References:
    """Finds what correlations refer to; the library is only read when something is not in the files themselves."""

    def __init__(self, files: Sequence[_File], library: Iterable[Path]) -> None:
        self._own = _by_name(files)
        self._homes = _homes(files)
        self._places = library
        self._library: dict[str, Document] | None = None

    def home(self, document: Document) -> _File:
        """The file that a rule, or a rule that a correlation counts, stands in."""
        return self._homes[id(document)]

    def of(self, file: _File, document: Document) -> tuple[Document, ...]:
        """The rules that *document* counts; none for a rule that is no correlation."""
        local = _by_name([file])
        found = []
        for reference in map(str, _named(document)):
            base = local.get(reference) or self._own.get(reference) or self._of_library(reference)
            if base is None:
                message = f"the correlation refers to {reference!r}, which no rule has as name or id."
                known = (name for named in (self._own, self._library or {}) for name in named)
                raise ContentError(file.path, message, key="correlation.rules", mend=did_you_mean(reference, known))
            found.append(base)
        return tuple(found)

    def _of_library(self, reference: str) -> Document | None:
        if self._library is None:
            files = [_file(path) for path in content.yaml_files(self._places)]
            self._library = _by_name(files)
            self._homes.update(_homes(files))
        return self._library.get(reference)


class _Filters:
    """The Sigma filters of some files, and which of the rules they name have been met."""

    def __init__(self, files: Sequence[_File]) -> None:
        self._filters = [(file.path, document, _filtered(file.path, document)) for file in files for document in file.filters]
        self._met: set[str] = set()

    def of(self, *documents: Document) -> tuple[Document, ...]:
        """Those that apply to one of the rules *documents*."""
        names = {str(document[key]) for document in documents for key in ("id", "name", "title") if document.get(key)}
        if self._filters:
            self._met.update(names)
        return tuple(document for _, document, wanted in self._filters if wanted is None or wanted & names)

    def refuse_unused(self) -> None:
        """Raises ContentError for a filter of a rule that is not there, which would let through what it is to keep out."""
        for path, _, wanted in self._filters:
            for name in sorted((wanted or set()) - self._met):
                message = f"the filter is for {name!r}, which no rule has as name, id or title."
                raise ContentError(path, message, key="filter.rules", mend=did_you_mean(name, self._met))


def _filtered(path: Path, document: Document) -> frozenset[str] | None:
    """The rules that a filter names, None for any; raises ContentError for a filter that pySigma refuses."""
    # Imported late: pySigma takes 0.1 s, and few have filters.
    from sigma.exceptions import SigmaError
    from sigma.filters import SigmaFilter

    try:
        rules = SigmaFilter.from_dict(document).filter.rules
    except (SigmaError, TypeError, AttributeError) as error:
        raise ContentError(path, f"pySigma refuses the filter: {error}.", key=str(document.get("title") or "filter")) from error
    return None if isinstance(rules, str) else frozenset(reference.reference for reference in rules)


def _by_name(files: Sequence[_File]) -> dict[str, Document]:
    """Rule documents by their id and by their name; the first of two wins."""
    found: dict[str, Document] = {}
    for file in files:
        for document in file.documents:
            for key in ("id", "name"):
                if document.get(key):
                    found.setdefault(str(document[key]), document)
    return found


def _homes(files: Sequence[_File]) -> dict[int, _File]:
    return {id(document): file for file in files for document in file.documents}


def _documents(path: Path) -> list[Document]:
    documents = content.read_yaml(path)
    if not documents:
        raise ContentError(path, "is empty.", mend="A rule file holds one Sigma rule, or a correlation and its rules.")
    for number, document in enumerate(documents, 1):
        key = f"document {number}" if len(documents) > 1 else ""
        if not isinstance(document, dict):
            raise ContentError(path, "is not a Sigma rule: its top level is no mapping.", key=key)
        if form.too_deep(document):
            raise ContentError(path, "is nested too deeply, or holds itself.", key=key)
        if "action" in document:
            raise ContentError(path, "'action' documents are not supported.", key=key, mend="Write each rule out.")
        if not any(isinstance(document.get(kind), dict) for kind in ("detection", "correlation", "filter")):
            raise ContentError(path, "is not a Sigma rule: it has neither 'detection' nor 'correlation'.", key=key)
    return documents


def _file(path: Path) -> _File:
    documents = _documents(path)
    filters = [document for document in documents if "filter" in document]
    return _File(path, [document for document in documents if "filter" not in document], filters)


def _named(document: Document) -> list[Any]:
    correlation = document.get("correlation")
    if not isinstance(correlation, dict):
        return []
    rules = correlation.get("rules")
    if rules is None and isinstance(correlation.get("condition"), str):
        return [word for word in re.findall(r"\w+", correlation["condition"]) if word not in ("and", "or", "not")]
    return rules if isinstance(rules, list) else [rules] if rules is not None else []
