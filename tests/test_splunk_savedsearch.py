"""A saved search: what it says, when it runs, whom it throttles by, and that nothing in a rule breaks out of its stanza."""

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from test_splunk_app import stanzas

from amazon_q_detections import __version__, content, fixture, prove, ruleset
from amazon_q_detections.errors import ContentError
from amazon_q_detections.form import LEVELS
from amazon_q_detections.rule import Rule
from amazon_q_detections.targets.splunk import Splunk, SplunkQuery, spl
from amazon_q_detections.targets.splunk.assumptions import ASSUMPTIONS

NAME = "corp_detections"
TARGET = Splunk()
PAIRS = prove.paired(ruleset.load([content.folder("sigma_rules")]), fixture.load([content.folder("events")]))
QUERIES = [TARGET.compile(one, "aws_addon") for one, _ in PAIRS]


def bundle(queries: list[SplunkQuery]) -> dict[str, bytes]:
    return TARGET.bundle(queries, name=NAME, schema="aws_addon")


FILES = bundle(QUERIES)


def conf(name: str, files: dict[str, bytes] = FILES) -> dict[str, dict[str, str]]:
    return stanzas(files[f"{NAME}/default/{name}.conf"].decode())


SEARCHES = conf("savedsearches")


def test_the_app_says_of_itself_what_splunk_asks() -> None:
    app = conf("app")
    assert app["package"]["id"] == app["id"]["name"] == NAME
    assert app["launcher"]["version"] == app["id"]["version"] == __version__
    assert json.loads(FILES[f"{NAME}/app.manifest"])["info"]["id"] == {"group": None, "name": NAME, "version": __version__}
    assert bundle(QUERIES) == FILES


@pytest.mark.parametrize("query", QUERIES, ids=lambda query: query.rule.stem)
def test_a_saved_search_says_what_its_rule_says(query: SplunkQuery) -> None:
    rule, keys = query.rule, SEARCHES[query.rule.stem]
    assert keys["disabled"] == keys["enableSched"] == "1"
    assert keys["realtime_schedule"] == keys["allow_skew"] == keys["alert.digest_mode"] == "0"
    assert (keys["counttype"], keys["relation"], keys["quantity"]) == ("number of events", "greater than", "0")
    assert keys["alert.severity"] == str(1 + LEVELS.index(rule.level))
    assert f'rule_id="{rule.id}", rule_version="{rule.version}"' in keys["search"]
    assert all(" ".join(entry.split()) in keys["description"] for entry in (*rule.falsepositives, rule.response))
    assert f"Sigma rule {rule.id}, version {rule.version}." in keys["description"]
    assert "`" not in query.text("search")


@pytest.mark.parametrize("stem", SEARCHES)
def test_enterprise_security_takes_the_name(stem: str) -> None:
    """It takes 99 characters; and a name that does not follow the title keeps what users have set locally."""
    assert len(stem) <= 99
    assert re.fullmatch(r"\w+", stem)


@pytest.mark.parametrize(
    "query", [query for query in QUERIES if not query.rule.is_correlation], ids=lambda query: query.rule.stem
)
def test_alerts_are_throttled_by_a_principal_that_every_row_has(query: SplunkQuery) -> None:
    events = next(events for rule, events in PAIRS if rule.stem == query.rule.stem)
    assert events is not None
    found = spl.run(query.text("search"), [spl.row(event) for case in events.cases for event in case.events])
    assert found
    assert all(row["principal"] not in (None, "unknown", "null") for row in found)
    assert SEARCHES[query.rule.stem]["alert.suppress.fields"] == "principal"


def minutes(cron: str) -> list[int]:
    found = re.fullmatch(r"(\d+)(?:-59/(\d+))? \* \* \* \*", cron)
    assert found, cron
    return list(range(int(found[1]), 60, int(found[2] or 60)))


@pytest.mark.parametrize("stem", SEARCHES)
def test_no_arrival_falls_between_two_runs_and_none_into_both(stem: str) -> None:
    keys = SEARCHES[stem]
    runs = minutes(keys["cron_schedule"])
    gaps = {later - sooner for sooner, later in zip(runs, [*runs[1:], runs[0] + 60], strict=True)}
    if "dispatch.index_earliest" in keys:
        start, end = (
            int(keys[f"dispatch.index_{side}"].removeprefix("-").removesuffix("m@m")) for side in ("earliest", "latest")
        )
        assert gaps == {start - end}


@pytest.mark.parametrize(("step", "runs"), [("1m", 12), ("5m", 12), ("7m", 10), ("10m", 6), ("24m", 3), ("30m", 2), ("2h", 1)])
def test_a_step_is_one_that_divides_the_hour(step: str, runs: int) -> None:
    keys = stanza(changed({"qdet": {"schedule": {"step": step}}}))
    assert len(minutes(keys["cron_schedule"])) == runs


PLAIN: dict[str, Any] = {
    "title": "A rule",
    "id": "00000000-0000-4000-8000-000000000001",
    "logsource": {"product": "aws", "service": "cloudtrail"},
    "detection": {"selection": {"eventName": "A"}, "condition": "selection"},
    "level": "low",
}


IN_FULL = {
    "search": '`corp_detections_index` eventName="A"\n'
    "| `some_rule_filter`\n"
    "| eval principal=coalesce('userIdentity.arn', 'userIdentity.onBehalfOf.userId', 'userIdentity.principalId', "
    "'userIdentity.invokedBy', \"unknown\")\n"
    "| table _time principal sourceIPAddress eventName requestParameters.applicationId resources{}.ARN recipientAccountId "
    "awsRegion errorCode eventID\n"
    '| eval rule_id="00000000-0000-4000-8000-000000000001", rule_version="2", rule_level="low"',
    "description": "A rule. Response: Ask. It happened. False positives: Bob. "
    "Sigma rule 00000000-0000-4000-8000-000000000001, version 2.",
    "disabled": "1",
    "enableSched": "1",
    "cron_schedule": "4-59/5 * * * *",
    "dispatch.earliest_time": "-3d@d",
    "dispatch.latest_time": "+1d",
    "dispatch.index_earliest": "-6m@m",
    "dispatch.index_latest": "-1m@m",
    "realtime_schedule": "0",
    "allow_skew": "0",
    "counttype": "number of events",
    "relation": "greater than",
    "quantity": "0",
    "alert.track": "1",
    "alert.severity": "2",
    "alert.digest_mode": "0",
    "alert.suppress": "1",
    "alert.suppress.fields": "principal",
    "alert.suppress.period": "7200s",
    "action.correlationsearch.enabled": "1",
    "action.correlationsearch.label": "A rule",
    "action.correlationsearch.annotations": '{"mitre_attack": ["T1685", "T1530.001"], "atlas": ["AML.T0081"], "category": ["chat"]}',
    "action.correlationsearch.metadata": '{"detection_id": "00000000-0000-4000-8000-000000000001", "detection_version": "2", '
    '"risk_score": 35}',
}
OF_A_CORRELATION = {
    "dispatch.earliest_time": "-1560s",  # the timespan, a step and the delay
    "dispatch.latest_time": "-60s",
    "alert.suppress.fields": "userIdentity.arn,awsRegion",
    "alert.suppress.period": "900s",
}


def test_a_saved_search_in_full() -> None:
    block: dict[str, Any] = {
        "version": 2,
        "risk": 35,
        "category": "chat",
        "atlas": ["AML.T0081"],
        "response": "Ask.",
        "schedule": {"throttle": "2h"},
    }
    tags = ["attack.defense-evasion", "attack.t1685", "attack.t1530.001", "cve.2026-1"]
    texts: dict[str, Any] = {"description": "It\nhappened.", "falsepositives": ["Bob."], "tags": tags}
    assert stanza(changed({**texts, "qdet": block})) == IN_FULL


def test_the_saved_search_of_a_correlation_looks_at_event_time() -> None:
    correlation = {"type": "temporal", "rules": ["a", "b"], "group-by": ["userIdentity.arn", "awsRegion"], "timespan": "15m"}
    bases = tuple({**PLAIN, "name": name, "id": f"00000000-0000-4000-8000-00000000000{name}"} for name in "ab")
    main = {"title": "t", "id": PLAIN["id"], "correlation": correlation, "qdet": {"schedule": {"step": "10m", "delay": "1m"}}}
    keys = stanza(Rule("some_rule", Path("some_rule.yml"), main, bases))
    assert {key: keys[key] for key in OF_A_CORRELATION} == OF_A_CORRELATION
    assert "dispatch.index_earliest" not in keys
    assert "\n| where _time>=now()-660\n" in keys["search"]


def changed(keys: dict[str, Any], stem: str = "some_rule") -> Rule:
    return Rule(stem, Path(f"{stem}.yml"), PLAIN | keys)


def stanza(rule: Rule) -> dict[str, str]:
    (keys,) = conf("savedsearches", bundle([TARGET.compile(rule, "aws_addon")])).values()
    return keys


HOSTILE = [
    "a]\n[b]",
    "x\\",
    "Plugin deleted \\ \\",
    "\\ \\\\ \t\\\n",
    "x \\\n",
    "\nsearch = * | delete",
    "$x$ `m` | [search x] # %",
    "\x00\u2028y",
    '"; "',
    "{x} {{y}}",
]


@pytest.mark.parametrize("value", HOSTILE, ids=ascii)
@pytest.mark.parametrize("key", ["title", "description", "falsepositives", "response", "tags"])
def test_no_text_of_a_rule_breaks_out_of_its_key(key: str, value: str) -> None:
    keys: dict[str, Any] = {
        "title": {"title": value},
        "description": {"description": value},
        "falsepositives": {"falsepositives": [value]},
        "response": {"qdet": {"response": value}},
        "tags": {"tags": ["attack.t1" + value]},
    }[key]
    harmless = stanza(changed({"tags": ["attack.t1"]}))
    hostile = stanza(changed({"tags": ["attack.t1"]} | keys))
    shown = {"description", "action.correlationsearch.label", "action.correlationsearch.annotations"}
    assert list(hostile) == list(harmless)
    assert {name for name in hostile if hostile[name] != harmless[name]} <= shown
    assert not any("\n" in hostile[name] or hostile[name].endswith("\\") for name in shown)
    assert all(hostile[name].isprintable() for name in shown)


@pytest.mark.parametrize("value", ["a|b", "a\\", '"', "$x$", "`m`", "x\ny", "%", "]", "  "], ids=ascii)
def test_no_value_of_a_rule_breaks_out_of_its_search(value: str) -> None:
    harmless = stanza(changed({"detection": {"selection": {"userAgent|contains": "x y"}, "condition": "selection"}}))
    hostile = stanza(changed({"detection": {"selection": {"userAgent|contains": value}, "condition": "selection"}}))
    assert list(hostile) == list(harmless)
    assert {name for name in hostile if hostile[name] != harmless[name]} == {"search"}
    assert hostile["search"].count("\n") == harmless["search"].count("\n")
    assert hostile["search"].count("`") == 4


@pytest.mark.parametrize("stem", ["My rule [2]", "a-b.c", "x$y`z"])
def test_a_file_name_gives_a_name_that_stanza_and_macro_can_have(stem: str) -> None:
    files = bundle([TARGET.compile(changed({}, stem), "aws_addon")])
    (name,) = conf("savedsearches", files)
    assert re.fullmatch(r"\w+", name)
    assert f"{name}_filter" in conf("macros", files)


def test_two_files_that_give_one_name_are_refused() -> None:
    queries = [TARGET.compile(changed({}, stem), "aws_addon") for stem in ("a b", "a_b")]
    with pytest.raises(ContentError, match="both give the saved search 'a_b'"):
        bundle(queries)


def test_a_correlation_without_keys_is_throttled_as_a_whole() -> None:
    bulk = next(query for query in QUERIES if query.rule.is_correlation)
    correlation = {key: value for key, value in bulk.rule.main["correlation"].items() if key != "group-by"}
    query = TARGET.compile(replace(bulk.rule, main=bulk.rule.main | {"correlation": correlation}), "aws_addon")
    assert conf("savedsearches", bundle([query]))[bulk.rule.stem]["alert.suppress.fields"] == "rule_id"


def test_the_readme_explains_every_assumption_and_lists_every_search() -> None:
    readme = FILES[f"{NAME}/README.md"].decode()
    used = {name for query in QUERIES for name in query.assumptions}
    assert used <= set(ASSUMPTIONS)
    for name in used:
        assert f"- {name}: {ASSUMPTIONS[name][0]}\n  `{ASSUMPTIONS[name][1]}`" in readme
    assert all(f"| {query.rule.stem} | {query.rule.level} | {query.rule.title} |" in readme for query in QUERIES)


def test_a_title_stays_in_its_cell_of_the_readme() -> None:
    files = bundle([TARGET.compile(changed({"title": "a | b\n| c"}), "aws_addon")])
    assert "| some_rule | low | a \\| b \\| c |\n" in files[f"{NAME}/README.md"].decode()


def test_an_app_without_rules_is_still_one() -> None:
    files = bundle([])
    assert conf("savedsearches", files) == {}
    assert list(conf("macros", files)) == [f"{NAME}_index"]
