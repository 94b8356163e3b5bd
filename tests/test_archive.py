import gzip
import json
import os
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from amazon_q_detections import archive
from amazon_q_detections.errors import ContentError

RECORDS: list[dict[str, Any]] = [{"eventName": name, "eventID": name, "requestParameters": None} for name in "ABC"]
LINES = "".join(json.dumps(record) + "\n" for record in RECORDS)


def files(*places: Path) -> list[Path]:
    problems: list[ContentError] = []
    found = archive.files(places, problems.append)
    assert not problems
    return found


def read(path: Path) -> tuple[list[dict[str, Any]], list[str]]:
    problems: list[ContentError] = []
    found = list(archive.records(path, problems.append))
    return found, [str(problem) for problem in problems]


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("trail.json", json.dumps({"Records": RECORDS}).encode()),
        ("array.json", json.dumps(RECORDS).encode()),
        ("pretty.json", json.dumps({"Records": RECORDS}, indent=2).encode()),
        ("bom.json", b"\xef\xbb\xbf" + json.dumps(RECORDS).encode()),
        ("lines.jsonl", LINES.encode()),
        ("lines.json", ("\n" + LINES + "\n\n").encode()),
        ("trail.json.gz", gzip.compress(json.dumps({"Records": RECORDS}).encode())),
        ("members.jsonl.gz", b"".join(gzip.compress((json.dumps(record) + "\n").encode()) for record in RECORDS)),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_every_shape_gives_the_same_records(tmp_path: Path, name: str, data: bytes) -> None:
    (tmp_path / name).write_bytes(data)
    assert read(tmp_path / name) == (RECORDS, [])


def test_a_single_record_is_an_archive(tmp_path: Path) -> None:
    (tmp_path / "one.json").write_text(json.dumps(RECORDS[0], indent=1))
    assert read(tmp_path / "one.json") == (RECORDS[:1], [])


def test_a_broken_line_is_named_and_the_rest_is_read(tmp_path: Path) -> None:
    (tmp_path / "x.jsonl").write_text(json.dumps(RECORDS[0]) + '\n{"eventName": \n' + json.dumps(RECORDS[1]) + "\n")
    found, problems = read(tmp_path / "x.jsonl")
    assert found == RECORDS[:2]
    assert len(problems) == 1
    assert "x.jsonl: line 2: is not JSON" in problems[0]


def test_what_is_no_record_is_named_and_the_rest_is_read(tmp_path: Path) -> None:
    (tmp_path / "x.json").write_text(json.dumps({"Records": [RECORDS[0], 7, {"foo": 1}, RECORDS[1]]}))
    found, problems = read(tmp_path / "x.json")
    assert found == RECORDS[:2]
    assert [problem.split(": ")[1] for problem in problems] == ["record 2", "record 3"]


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"not json",
        b"\x1f\x8b broken",
        gzip.compress(json.dumps(RECORDS).encode())[:-9],
        b"\xff\xfe\x00",
        b"[" * 100_000,
    ],
    ids=["empty", "text", "no gzip", "cut gzip", "no utf-8", "deep"],
)
def test_an_unreadable_file_is_one_problem(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "x.json").write_bytes(data)
    found, problems = read(tmp_path / "x.json")
    assert found == []
    assert len(problems) == 1
    assert str(tmp_path / "x.json") in problems[0]


def test_a_folder_gives_its_archives_but_no_digests(tmp_path: Path) -> None:
    for name in (
        "b/2.json.gz",
        "a/1.json",
        "a/notes.txt",
        "CloudTrail-Digest/d.json.gz",
        "CloudTrail-Insight/2026/i.json.gz",
        "c.ndjson",
    ):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(b"")
    found = [path.relative_to(tmp_path).as_posix() for path in files(tmp_path)]
    assert found == ["a/1.json", "b/2.json.gz", "c.ndjson"]


def test_a_file_named_twice_is_read_once(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_bytes(b"[]")
    assert files(tmp_path, tmp_path / "a.json") == [tmp_path / "a.json"]


def test_a_missing_place_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ContentError, match="no such file"):
        files(tmp_path / "nowhere")


def test_a_line_separator_in_a_name_ends_no_line(tmp_path: Path) -> None:
    named = {**RECORDS[0], "userName": "a\u2028b\u0085c"}
    (tmp_path / "x.jsonl").write_text(json.dumps(named, ensure_ascii=False) + "\n" + json.dumps(RECORDS[1]))
    assert read(tmp_path / "x.jsonl") == ([named, RECORDS[1]], [])


def test_a_first_line_that_is_no_json_is_named_and_the_rest_is_read(tmp_path: Path) -> None:
    (tmp_path / "x.jsonl").write_text("exported by hand\n" + LINES)
    found, problems = read(tmp_path / "x.jsonl")
    assert found == RECORDS
    assert len(problems) == 1
    assert "line 1: is not JSON" in problems[0]


def test_insights_hold_no_record_and_are_no_problem(tmp_path: Path) -> None:
    insight = {"eventCategory": "Insight", "insightDetails": {"eventName": "PutObject"}}
    (tmp_path / "x.json").write_text(json.dumps({"Records": [insight, RECORDS[0]]}))
    assert read(tmp_path / "x.json") == (RECORDS[:1], [])


def test_the_output_of_lookup_events_is_told_apart(tmp_path: Path) -> None:
    (tmp_path / "x.json").write_text(json.dumps({"Events": [{"CloudTrailEvent": "{}"}]}))
    found, (problem,) = read(tmp_path / "x.json")
    assert found == []
    assert "CloudTrailEvent" in problem


def test_a_folder_without_an_archive_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("")
    with pytest.raises(ContentError, match="holds no archive"):
        files(tmp_path)


def test_a_folder_that_cannot_be_read_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "closed").mkdir()
    scandir = os.scandir

    def refusing(path: str) -> Any:
        if str(path).endswith("closed"):
            raise PermissionError(13, "Permission denied", path)
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refusing)
    problems: list[ContentError] = []
    assert archive.files([tmp_path], problems.append) == []
    assert [str(problem) for problem in problems] == [f"{tmp_path / 'closed'}: cannot be read: Permission denied."]


def test_a_pipe_is_an_archive(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    assert files(tmp_path / "pipe") == [tmp_path / "pipe"]
    writer = Thread(target=(tmp_path / "pipe").write_text, args=[LINES])
    writer.start()
    assert read(tmp_path / "pipe") == (RECORDS, [])
    writer.join()


@pytest.mark.parametrize("name", ["x.json", "x.jsonl"])
def test_a_number_of_thousands_of_digits_makes_no_file_unreadable(tmp_path: Path, name: str) -> None:
    many = json.dumps({**RECORDS[0], "n": 7}).replace("7", "7" * 5000)
    text = "\n".join([many, json.dumps(RECORDS[1])]) if name == "x.jsonl" else f"[{many}, {json.dumps(RECORDS[1])}]"
    (tmp_path / name).write_text(text)
    (first, second), problems = read(tmp_path / name)
    assert (first["n"], second, problems) == (float("inf"), RECORDS[1], [])


@pytest.mark.parametrize("between", ["", "\n", "\n\n  "])
def test_files_of_a_trail_put_into_one_are_read(tmp_path: Path, between: str) -> None:
    """`cat a.json.gz b.json.gz`: gzip reads both, and CloudTrail writes no line end."""
    path = tmp_path / "both.json.gz"
    texts = (json.dumps({"Records": [{"eventName": name}]}, indent=2) for name in ("A", "B"))
    path.write_bytes(b"".join(gzip.compress(f"{text}{between}".encode()) for text in texts))
    found, problems = read(path)
    assert [one["eventName"] for one in found] == ["A", "B"]
    assert not problems


def test_a_linked_folder_is_read_once(tmp_path: Path) -> None:
    (tmp_path / "far" / "inside").mkdir(parents=True)
    (tmp_path / "far" / "inside" / "a.json").write_text(json.dumps({"eventName": "A"}))
    (tmp_path / "logs").mkdir()
    (tmp_path / "logs" / "link").symlink_to(tmp_path / "far")
    (tmp_path / "far" / "inside" / "back").symlink_to(tmp_path / "logs")
    assert [path.name for path in files(tmp_path / "logs")] == ["a.json"]
