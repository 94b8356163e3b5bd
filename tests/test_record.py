"""Reading a record: paths through objects and arrays, text forms, times."""

import time
from typing import Any

import pytest

from amazon_q_detections import record

DEEP: Any = "x"
for _ in range(5000):
    DEEP = [DEEP]


@pytest.mark.parametrize(
    ("event", "path", "reached", "scalars"),
    [
        pytest.param({"a": {"b": "x"}}, "a.b", ["x"], ["x"], id="an object in an object"),
        pytest.param({"a": {"b": 0}}, "a.b", [0], [0], id="zero"),
        pytest.param({"a": {"b": False}}, "a.b", [False], [False], id="false"),
        pytest.param({"a": {"b": ""}}, "a.b", [""], [""], id="the empty string"),
        pytest.param({"a": {"b": None}}, "a.b", [None], [], id="null is reached and is no scalar"),
        pytest.param({"a": {"b": {}}}, "a.b", [{}], [], id="an object is no scalar"),
        pytest.param({"a": {"b": []}}, "a.b", [[]], [], id="an empty array"),
        pytest.param({"a": {}}, "a.b", [], [], id="absent"),
        pytest.param({}, "a.b", [], [], id="absent from the top"),
        pytest.param({"a": "x"}, "a.b", [], [], id="below a string"),
        pytest.param({"a": None}, "a.b", [], [], id="below null"),
        pytest.param({"a.b": "x"}, "a.b", [], [], id="a key with a dot is no path"),
        pytest.param(
            {"a": {"b": ["x", 7, None, {"c": 1}]}}, "a.b", [["x", 7, None, {"c": 1}]], ["x", 7], id="an array as the leaf"
        ),
        pytest.param(
            {"a": {"b": [["x"], [["y"], "z"]]}}, "a.b", [[["x"], [["y"], "z"]]], ["x", "y", "z"], id="arrays in an array"
        ),
        pytest.param({"a": [{"b": "x"}, {"b": "y"}, {}, 7, None]}, "a.b", ["x", "y"], ["x", "y"], id="through an array"),
        pytest.param({"a": [[{"b": "x"}], [[{"b": ["y"]}]]]}, "a.b", ["x", ["y"]], ["x", "y"], id="through arrays in an array"),
        pytest.param({"a": [{"b": None}, {"b": {}}]}, "a.b", [None, {}], [], id="nothing scalar through an array"),
    ],
)
def test_a_path(event: dict[str, Any], path: str, reached: list[Any], scalars: list[Any]) -> None:
    assert list(record.reached(event, tuple(path.split(".")))) == reached
    assert list(record.scalars(event, tuple(path.split(".")))) == scalars


def test_an_array_deeper_than_the_stack_is_read() -> None:
    assert list(record.scalars({"a": DEEP}, ("a",))) == ["x"]
    assert list(record.reached({"a": DEEP}, ("a", "b"))) == []
    assert list(record.strings({"a": DEEP})) == ["x"]


def test_strings_are_values_at_any_depth() -> None:
    event = {"key": "one", "o": {"key": ["two", {"k": "three"}]}, "n": 7, "b": True, "z": None}
    assert sorted(record.strings(event)) == ["one", "three", "two"]


@pytest.mark.parametrize(
    ("value", "text"), [("x", "x"), ("", ""), (True, "true"), (False, "false"), (7, "7"), (-0.5, "-0.5"), (7.0, "7.0")]
)
def test_a_text_form(value: record.Scalar, text: str) -> None:
    assert record.text(value) == text


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("2026-01-01T00:00:00Z", "2026-01-01T00:00:00Z"),
        ("2026-01-01T00:00:00.5Z", "2026-01-01T00:00:00.500Z"),
        ("2026-01-01T00:00:00.123456Z", "2026-01-01T00:00:00.123456Z"),
        ("2026-01-01T00:00:00.123456789Z", "2026-01-01T00:00:00.123456Z"),
        ("2026-01-01T01:00:00+01:00", "2026-01-01T00:00:00Z"),
        ("2026-01-01T00:00:00", "2026-01-01T00:00:00Z"),
        ("1969-12-31T23:59:59Z", "1969-12-31T23:59:59Z"),
        ("0001-01-01T00:00:00+01:00", ""),
        ("9999-12-31T23:59:59-01:00", ""),
        ("soon", ""),
        ("", ""),
        ("2026-02-30T00:00:00Z", ""),
        (1_767_225_600, ""),
        (None, ""),
    ],
)
def test_a_time(written: Any, read: str) -> None:
    assert record.iso_time({"eventTime": written}) == read


def test_a_time_without_a_zone_is_utc_wherever_it_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    try:
        with monkeypatch.context() as there:
            there.setenv("TZ", "XYZ-5")
            time.tzset()
            assert record.iso_time({"eventTime": "2026-01-01T00:00:00"}) == "2026-01-01T00:00:00Z"
    finally:
        time.tzset()


def test_a_record_without_a_time_has_none() -> None:
    assert record.moment({}) is record.microseconds({}) is record.time({}) is None


def test_a_time_in_microseconds_and_in_seconds() -> None:
    event = {"eventTime": "1970-01-01T00:00:01.5Z"}
    assert (record.microseconds(event), record.time(event)) == (1_500_000, 1.5)


@pytest.mark.parametrize("moment", [2**30 * 10**6 - 1, 2**31 * 10**6 + 1, 2**33 * 10**6 + 999_999, -1, 253_402_300_799_999_999])
def test_a_microsecond_is_not_lost(moment: int) -> None:
    assert record.microseconds({"eventTime": record.iso(moment)}) == moment
