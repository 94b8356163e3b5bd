"""The app: stanzas that Splunk reads as they are meant, and an archive that is the same each time."""

from __future__ import annotations

import configparser
import io
import re
import tarfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from amazon_q_detections import __version__, content, ruleset
from amazon_q_detections.errors import ContentError, Refused
from amazon_q_detections.rule import Rule
from amazon_q_detections.targets.splunk import Splunk, savedsearch

RULES = [one for one in ruleset.load([content.folder("sigma_rules")]) if not one.needed_placeholders]
APP = "acme_detections"


@pytest.fixture(scope="module")
def tree() -> dict[str, bytes]:
    target = Splunk()
    return target.bundle([target.compile(one, "aws_addon") for one in RULES], name=APP, schema="aws_addon")


def stanzas(text: str) -> dict[str, dict[str, str]]:
    """A .conf file as Splunk reads it: a line that ends in a backslash goes on, nothing is interpolated.

    Whether white space may stand behind the backslash is not documented, so no line may end so.
    """
    assert not re.search(r"\\[^\S\n]+$", text, re.MULTILINE)
    joined = re.sub(r"\\\n", "\n\t", text)
    parser = configparser.RawConfigParser(delimiters=("=",), comment_prefixes=("#",), strict=True, empty_lines_in_values=False)
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    parser.read_string(joined)
    return {name: dict(parser[name]) for name in parser.sections()}


def test_every_rule_is_one_disabled_stanza(tree: dict[str, bytes]) -> None:
    found = stanzas(tree[f"{APP}/default/savedsearches.conf"].decode())
    assert len(found) == len(RULES)
    for one in RULES:
        keys = found[savedsearch.name(one)]
        assert keys["disabled"] == "1"
        assert keys["search"].startswith(f"`{APP}_index` ")
        assert f"`{one.stem}_filter`" in keys["search"]
        assert one.id in keys["search"]
        assert one.id in keys["description"]
        assert one.falsepositives[0].split()[0] in keys["description"]
        assert not any(value.endswith("\\") for value in keys.values())


def test_every_macro_that_a_search_uses_is_defined(tree: dict[str, bytes]) -> None:
    used = set(re.findall(r"`(\w+)`", tree[f"{APP}/default/savedsearches.conf"].decode()))
    assert used == stanzas(tree[f"{APP}/default/macros.conf"].decode()).keys()


@pytest.mark.parametrize("one", RULES, ids=lambda one: one.stem)
def test_runs_are_even_and_not_too_many(tree: dict[str, bytes], one: Rule) -> None:
    """splunk-appinspect warns above twelve runs an hour; a step that does not divide the hour would leave a gap."""
    cron = stanzas(tree[f"{APP}/default/savedsearches.conf"].decode())[savedsearch.name(one)]["cron_schedule"]
    minutes = cron.split()[0]
    step = int(minutes.partition("/")[2] or 60)
    assert 60 % step == 0
    assert step >= 5
    assert int(minutes.partition("-")[0]) < step
    assert step * 60 == savedsearch.schedule_of(one).step


def test_searches_do_not_all_start_together(tree: dict[str, bytes]) -> None:
    crons = [keys["cron_schedule"] for keys in stanzas(tree[f"{APP}/default/savedsearches.conf"].decode()).values()]
    assert max(crons.count(cron) for cron in crons) < len(crons) / 2


def test_the_archive_holds_the_app_and_nothing_of_its_maker(tree: dict[str, bytes]) -> None:
    packed = tree[f"{APP}-{__version__}.tgz"]
    with tarfile.open(fileobj=io.BytesIO(packed)) as archive:
        entries = archive.getmembers()
        files = {entry.name: archive.extractfile(entry).read() for entry in entries if entry.isfile()}  # type: ignore[union-attr]
    assert files == {name: data for name, data in tree.items() if not name.endswith(".tgz")}
    assert {(entry.uid, entry.gid, entry.mtime, entry.uname) for entry in entries} == {(0, 0, 0, "")}
    assert {entry.mode for entry in entries if entry.isfile()} == {0o644}
    assert {entry.mode for entry in entries if entry.isdir()} == {0o755}
    assert [entry.name for entry in entries if entry.isfile()] == sorted(files)
    assert packed[4:8] == bytes(4)  # of gzip, the time
    assert not any(entry.pax_headers for entry in entries)


HOSTILE: list[dict[str, Any]] = [
    {"title": "x]\n[evil]\nsearch = | delete"},
    {"description": "line\n[evil]\ndisabled = 0 \\"},
    {"falsepositives": ["ends in a backslash \\"]},
    {"level": "high", "title": "a \\"},
    {"title": "Plugin deleted \\ \\"},
    {"title": "\\ \\\t\\ ", "description": "\\"},
    {"falsepositives": ["\\ \\\\ \n\\"], "qdet": {"response": "a \\ \u2003\\"}},
]


@pytest.mark.parametrize("changed", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_metadata_stays_inside_its_key(changed: dict[str, Any]) -> None:
    document = {**next(one for one in RULES if not one.is_correlation).main, **changed}
    hostile = Rule("aws_hostile_rule", Path("aws_hostile_rule.yml"), document)
    target = Splunk()
    tree = target.bundle([target.compile(hostile, "aws_addon")], name=APP, schema="aws_addon")
    found = stanzas(tree[f"{APP}/default/savedsearches.conf"].decode())
    assert list(found) == [savedsearch.name(hostile)]
    harmless = replace(hostile, main=document | {"title": "a", "description": "b", "falsepositives": ["c"]})
    keys = target.compile(harmless, "aws_addon").stanza(APP).keys
    assert list(found[savedsearch.name(hostile)]) == [key for key, _ in keys]
    assert found[savedsearch.name(hostile)]["disabled"] == "1"


@pytest.mark.parametrize("stem", ["default", "Default", "DEFAULT"])
def test_a_rule_whose_stanza_would_speak_for_all_is_refused(stem: str) -> None:
    document = next(one for one in RULES if not one.is_correlation).main
    with pytest.raises(Refused, match=f"the name {stem}"):
        Splunk().compile(Rule(stem, Path(f"{stem}.yml"), document), "aws_addon")


@pytest.mark.parametrize("name", ["search", "launcher", "learned", "splunk_httpinput", "legacy", "con", "nul", "com1"])
def test_a_name_that_splunk_or_windows_has_taken_is_refused(name: str) -> None:
    with pytest.raises(ContentError, match=f"--name: '{name}' is "):
        Splunk().bundle([], name=name, schema="aws_addon")


@pytest.mark.parametrize(("name", "label"), [("abc", "abc detections"), ("abcd", "abcd detections"), ("abcde", "abcde")])
def test_a_label_is_as_long_as_splunk_asks(name: str, label: str) -> None:
    """splunk-appinspect asks for 5 to 80 characters."""
    files = Splunk().bundle([], name=name, schema="aws_addon")
    app = stanzas(files[f"{name}/default/app.conf"].decode())
    assert app["ui"]["label"] == label
    assert app["package"]["id"] == name


def test_the_app_asks_for_no_setup_and_lets_only_administrators_write(tree: dict[str, bytes]) -> None:
    assert stanzas(tree[f"{APP}/default/app.conf"].decode()) == {
        "install": {"is_configured": "0", "state": "enabled", "build": "1"},
        "launcher": {
            "author": "amazon-q-detections",
            "version": __version__,
            "description": "Sigma rules as saved searches, shipped disabled",
        },
        "ui": {"is_visible": "0", "label": APP},
        "package": {"id": APP, "check_for_updates": "0"},
        "id": {"name": APP, "version": __version__},
    }
    meta = tree[f"{APP}/metadata/default.meta"].decode()
    assert meta == "[]\naccess = read : [ * ], write : [ admin, sc_admin ]\nexport = system\n"


def test_macros_start_with_the_sourcetype_and_let_everything_through(tree: dict[str, bytes]) -> None:
    macros = stanzas(tree[f"{APP}/default/macros.conf"].decode())
    assert macros.pop(f"{APP}_index") == {"definition": 'sourcetype="aws:cloudtrail"', "iseval": "0"}
    assert all(keys == {"definition": "search *", "iseval": "0"} for keys in macros.values())


def test_the_readme_says_what_to_raise_and_what_enterprise_security_needs(tree: dict[str, bytes]) -> None:
    readme = tree[f"{APP}/README.md"].decode()
    settings = (
        "extraction_cutoff",
        "maxchars",
        "limit",
        "match_limit",
        "max_mem_usage_mb",
        "max_per_result_alerts",
        "max_per_result_alerts_time",
        "max_continuous_scheduled_search_lookback",
    )
    assert all(f"`{setting}`" in readme for setting in settings)
    assert "*Notable* or *Risk Analysis*" in readme


def test_event_times_reach_back_as_far_as_the_readme_says(tree: dict[str, bytes]) -> None:
    found = stanzas(tree[f"{APP}/default/savedsearches.conf"].decode())
    singles = [keys for keys in found.values() if "dispatch.index_earliest" in keys]
    assert {keys["dispatch.earliest_time"] for keys in singles} == {"-3d@d"}
    assert "event times of the last three days" in tree[f"{APP}/README.md"].decode()
