"""CloudTrail archives: files as the trail writes them to S3, and the shapes people save records in."""

from __future__ import annotations

import gzip
import json
import zlib
from typing import TYPE_CHECKING, Any

from amazon_q_detections import fixture
from amazon_q_detections.errors import ContentError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

Record = dict[str, Any]

SUFFIXES = (".json", ".jsonl", ".ndjson", ".json.gz", ".jsonl.gz", ".ndjson.gz")
_EVENTS_FILES = (".yml", ".yaml")
# CloudTrail also writes digest files, which hold hashes of log files and no records.
_DIGEST = "CloudTrail-Digest"


def files(places: Iterable[Path]) -> list[Path]:
    """The archive files at or below *places*, sorted; a file named outright counts whatever its suffix.

    Raises ContentError for a place that does not exist.
    """
    found: list[Path] = []
    for place in places:
        if place.is_dir():
            found.extend(sorted(path for path in place.rglob("*") if path.is_file() and _is_archive(path)))
        elif place.is_file():
            found.append(place)
        else:
            raise ContentError(place, "no such file or folder.", mend="Check the path.")
    return list(dict.fromkeys(found))


def _is_archive(path: Path) -> bool:
    return path.name.endswith((*SUFFIXES, *_EVENTS_FILES)) and _DIGEST not in path.parts


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
        raise ContentError(path, f"cannot be read: {error}.") from error
    except UnicodeDecodeError as error:
        raise ContentError(path, f"is not UTF-8 text: {error.reason}.", key=f"byte {error.start}") from error


def _documents(path: Path, text: str, unreadable: Callable[[ContentError], None]) -> Iterable[tuple[str, Any]]:
    """The JSON documents of a file with the place of each: one for the whole file, or one a line."""
    try:
        return [("", json.loads(text))]
    except (ValueError, RecursionError) as error:
        first = next((line for line in text.splitlines() if line.strip()), "")
        if not _is_json(first):
            raise ContentError(path, f"is neither JSON nor JSON lines: {error}.") from error
        return _lines(path, text, unreadable)


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return False
    return True


def _lines(path: Path, text: str, unreadable: Callable[[ContentError], None]) -> Iterator[tuple[str, Any]]:
    for number, line in enumerate(text.split("\n"), 1):
        if line.strip():
            try:
                yield f"line {number}", json.loads(line)
            except (ValueError, RecursionError) as error:
                unreadable(ContentError(path, f"is not JSON: {error}.", key=f"line {number}"))


def _of_document(path: Path, key: str, document: Any, unreadable: Callable[[ContentError], None]) -> Iterator[Record]:
    if isinstance(document, dict) and isinstance(document.get("Records"), list):
        document = document["Records"]
    for number, record in enumerate(document if isinstance(document, list) else [document], 1):
        if isinstance(record, dict) and isinstance(record.get("eventName"), str):
            yield record
        else:
            place = f"{key} record {number}".strip()
            unreadable(ContentError(path, "is no CloudTrail record: it has no eventName.", key=place))
