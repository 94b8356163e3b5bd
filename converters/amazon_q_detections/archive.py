"""CloudTrail archives: files as the trail writes them to S3, and the shapes people save records in."""

from __future__ import annotations

import gzip
import json
import re
import zlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

from amazon_q_detections import content, fixture
from amazon_q_detections.errors import ContentError
from amazon_q_detections.record import MOST_DIGITS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

Record = dict[str, Any]

_LOOKED_UP = "In the output of lookup-events, the records are the texts CloudTrailEvent."

SUFFIXES = (".json", ".jsonl", ".ndjson", ".json.gz", ".jsonl.gz", ".ndjson.gz")
_EVENTS_FILES = (".yml", ".yaml")
# CloudTrail also writes digest files, which hold hashes of log files, and Insights files, which hold statistics of calls.
_NO_RECORDS = frozenset({"CloudTrail-Digest", "CloudTrail-Insight"})
_INSIGHT = "Insight"
_SOMETHING = re.compile(r"\S")


def files(places: Iterable[Path], unreadable: Callable[[ContentError], None]) -> list[Path]:
    """The archive files at or below *places*, sorted; a file named outright counts whatever its suffix.

    A folder below them that cannot be read is handed to *unreadable*. Raises ContentError for a place that does not
    exist, and for a folder without an archive.
    """
    found: list[Path] = []
    for place in places:
        if place.is_dir():
            below, problems = _below(place)
            for problem in problems:
                unreadable(problem)
            if not below and not problems:
                raise ContentError(place, f"holds no archive: no file {', '.join(SUFFIXES)}.", mend="Check the path.")
            found.extend(below)
        elif place.exists():
            found.append(place)
        else:
            raise ContentError(place, "no such file or folder.", mend="Check the path.")
    return list(dict.fromkeys(found))


def _below(folder: Path) -> tuple[list[Path], list[ContentError]]:
    """The archives below *folder*, sorted, and what could not be read there; links to folders are followed."""
    found: list[Path] = []
    problems: list[OSError] = []
    for place, names in content.folders(folder, problems.append):
        if not _NO_RECORDS.intersection(place.parts):
            found.extend(place / name for name in names if name.endswith((*SUFFIXES, *_EVENTS_FILES)))
    errors = [ContentError(problem.filename, f"cannot be read: {problem.strerror}.") for problem in problems]
    return sorted(path for path in found if path.is_file()), errors


def records(path: Path, unreadable: Callable[[ContentError], None]) -> Iterator[Record]:
    """The CloudTrail records of one file, in its order.

    Reads `{"Records": […]}`, a bare array, a single record and a record a line, each plain or gzipped (of several
    members too), and our own events files. What cannot be read is handed to *unreadable*, and the rest goes on.
    """
    try:
        if path.suffix in _EVENTS_FILES:
            yield from fixture.read(path).events
            return
        documents = _documents(path, _text(path), unreadable)
    except ContentError as error:
        unreadable(error)
        return
    for key, document in documents:
        yield from _of_document(path, key, document, unreadable)


def _text(path: Path) -> str:
    try:
        data = path.read_bytes()
        if data[:2] == b"\x1f\x8b":
            data = gzip.decompress(data)
        return data.decode("utf-8-sig")
    except (OSError, EOFError, zlib.error) as error:
        problem = getattr(error, "strerror", None) or error
        raise ContentError(path, f"cannot be read: {problem}.") from error
    except UnicodeDecodeError as error:
        raise ContentError(path, f"is not UTF-8 text: {error.reason}.", key=f"byte {error.start}") from error


def _documents(path: Path, text: str, unreadable: Callable[[ContentError], None]) -> Iterable[tuple[str, Any]]:
    """The JSON documents of a file with the place of each: one for the whole file, one a line, or one after the other."""
    try:
        return [("", _parsed(text))]
    except (ValueError, RecursionError) as error:
        if any(map(_holds_records, text.split("\n"))):
            return _lines(path, text, unreadable)
        try:
            return list(_in_a_row(text))
        except (ValueError, RecursionError):
            raise ContentError(path, f"is neither JSON nor JSON lines: {error}.") from error


def _parsed(text: str) -> Any:
    return json.loads(text, parse_int=_whole)


def _in_a_row(text: str) -> Iterator[tuple[str, Any]]:
    """Documents with no more than white space between, as several files of a trail are when they are put into one."""
    read = json.JSONDecoder(parse_int=_whole).raw_decode
    at, number = 0, 0
    while (found := _SOMETHING.search(text, at)) or not number:
        document, at = read(text, found.start() if found else at)
        number += 1
        yield f"document {number}", document


def _whole(digits: str) -> int | float:
    """A whole number; one of thousands of digits as a double, so that it makes no file unreadable."""
    return int(digits) if len(digits) <= MOST_DIGITS else float(digits)


def _holds_records(line: str) -> bool:
    try:
        document = _parsed(line)
    except (ValueError, RecursionError):
        return False
    return isinstance(document, dict) and ("eventName" in document or "Records" in document)


def _lines(path: Path, text: str, unreadable: Callable[[ContentError], None]) -> Iterator[tuple[str, Any]]:
    for number, line in enumerate(text.split("\n"), 1):
        if line.strip():
            try:
                yield f"line {number}", _parsed(line)
            except (ValueError, RecursionError) as error:
                unreadable(ContentError(path, f"is not JSON: {error}.", key=f"line {number}"))


def _of_document(path: Path, key: str, document: Any, unreadable: Callable[[ContentError], None]) -> Iterator[Record]:
    if isinstance(document, dict) and isinstance(document.get("Records"), list):
        document = document["Records"]
    for number, record in enumerate(document if isinstance(document, list) else [document], 1):
        if isinstance(record, dict) and isinstance(record.get("eventName"), str):
            yield record
        elif not isinstance(record, dict) or record.get("eventCategory") != _INSIGHT:
            place = f"{key} record {number}".strip()
            mend = _LOOKED_UP if isinstance(record, dict) and "Events" in record else ""
            unreadable(ContentError(path, "is no CloudTrail record: it has no eventName.", key=place, mend=mend))
