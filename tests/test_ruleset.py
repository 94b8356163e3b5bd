"""Loading rules: what alerts, where references are looked up, and what placeholders do."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sigma.types import Placeholder, SigmaString

from amazon_q_detections import condition, predicate, ruleset, sigma_condition
from amazon_q_detections.errors import ContentError, Refused
from amazon_q_detections.rule import Rule
from amazon_q_detections.sigma_engine import SigmaEngine

SINGLE = """
title: {title}
id: {id}
name: {name}
logsource: {{product: aws, service: cloudtrail}}
detection:
    selection: {{eventSource: q.amazonaws.com, eventName: SendMessage}}
    condition: selection
level: low
"""
CORRELATION = """
title: Burst
id: 11111111-1111-4111-8111-111111111111
correlation:
    type: event_count
    rules: [{base}]
    group-by: [userIdentity.arn]
    timespan: 1h
    condition: {{gte: 5}}
    generate: {generate}
level: high
"""


def single(title: str = "Single", number: int = 2, name: str = "message_sent") -> str:
    return SINGLE.format(title=title, id=f"{number:08}-2222-4222-8222-222222222222", name=name)


def write(folder: Path, **files: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for stem, text in files.items():
        (folder / f"{stem}.yml").write_text(text)
    return folder


def test_a_file_of_one_rule_is_that_rule(tmp_path: Path) -> None:
    (found,) = ruleset.load([write(tmp_path, aws_some_rule=single())])
    assert (found.stem, found.title, found.level, found.is_correlation) == ("aws_some_rule", "Single", "low", False)
    assert found.collection().rules[-1].title == "Single"


@pytest.mark.parametrize(("generate", "alerting"), [("false", ["aws_burst"]), ("true", ["aws_burst", "message_sent"])])
def test_a_counted_rule_alerts_only_with_generate(tmp_path: Path, generate: str, alerting: list[str]) -> None:
    """docs/semantics.md, "Correlations": a base rule whose own alerts are wanted needs `generate: true`."""
    text = single() + "---" + CORRELATION.format(base="message_sent", generate=generate)
    found = ruleset.load([write(tmp_path, aws_burst=text)])
    assert [one.stem for one in found] == alerting
    assert [document["title"] for document in found[0].documents] == ["Single", "Burst"]


def test_a_rule_that_a_correlation_of_another_file_silences_is_told(tmp_path: Path) -> None:
    told: list[tuple[str, str]] = []

    def silenced(rule: Rule, by: Rule) -> None:
        told.append((rule.stem, by.stem))

    burst = CORRELATION.format(base="message_sent", generate="false")
    loud = CORRELATION.replace("11111111-1111", "11111111-1112").format(base="message_sent", generate="true")
    place = write(tmp_path, aws_burst=burst, aws_loud=loud, aws_some_rule=single())
    assert [one.stem for one in ruleset.load([place], silenced=silenced)] == ["aws_burst", "aws_loud"]
    assert told == [("aws_some_rule", "aws_burst")]
    write(tmp_path / "one", aws_burst=single() + "---" + burst)
    ruleset.load([tmp_path / "one"], silenced=silenced)
    assert len(told) == 1, "of one file, it is what its author wrote"


def test_references_are_found_in_the_file_then_in_the_places_then_in_the_library(tmp_path: Path) -> None:
    library = write(tmp_path / "library", base=single("Of the library"), other=single("Also there", 3, "elsewhere"))
    mine = write(tmp_path / "mine", aws_burst=CORRELATION.format(base="message_sent", generate="false"))
    (found,) = ruleset.load([mine], library=[library])
    assert found.bases[0]["title"] == "Of the library"
    write(mine, aws_base=single("Of the places"))
    (found,) = ruleset.load([mine], library=[library])
    assert found.bases[0]["title"] == "Of the places"
    write(mine, aws_burst=single("Of the file", 4) + "---" + CORRELATION.format(base="message_sent", generate="false"))
    assert next(one for one in ruleset.load([mine], library=[library]) if one.is_correlation).bases[0]["title"] == "Of the file"


def test_a_reference_may_be_an_id(tmp_path: Path) -> None:
    text = single() + "---" + CORRELATION.format(base="00000002-2222-4222-8222-222222222222", generate="false")
    (found,) = ruleset.load([write(tmp_path, aws_burst=text)])
    assert len(found.collection().rules) == 2


def test_a_reference_that_leads_nowhere_is_named(tmp_path: Path) -> None:
    text = single() + "---" + CORRELATION.format(base="mesage_sent", generate="false")
    with pytest.raises(ContentError, match=r"aws_burst\.yml: correlation\.rules: .*'mesage_sent'.*Did you mean 'message_sent'"):
        ruleset.load([write(tmp_path, aws_burst=text)])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "is empty"),
        ("- 1", "no mapping"),
        ("title: x", "neither 'detection' nor 'correlation'"),
        ("action: global", "'action' documents are not supported"),
        ("title: [", r"line \d: is not YAML"),
    ],
)
def test_a_file_that_holds_no_rule_is_named(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(ContentError, match=message) as caught:
        ruleset.load([write(tmp_path, aws_bad_rule=text)])
    assert "aws_bad_rule.yml" in str(caught.value)


def test_what_pysigma_refuses_is_named_with_the_file(tmp_path: Path) -> None:
    (found,) = ruleset.load(
        [write(tmp_path, aws_bad_rule=single().replace("condition: selection", "condition: selection and"))]
    )
    with pytest.raises(ContentError, match=r"aws_bad_rule\.yml: Single: pySigma refuses the rule"), found.blamed():
        sigma_condition.of_rule(found.collection().rules[-1])  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("test", "message"),
    [
        ("x|re|contains: ''", "is no Sigma rule: IndexError"),
        ("x|re: 'a{99999999999}'", "is no Sigma rule: OverflowError"),
        ("5: x", "is no Sigma rule: AttributeError"),
        ("x|base64: 'a*'", "pySigma refuses the rule: Base64 encoding of strings with wildcards is not allowed"),
        ("x|gt: '5'", "pySigma refuses the rule: .*incompatible to value type"),
    ],
)
def test_what_makes_pysigma_stumble_is_named_with_the_file(tmp_path: Path, test: str, message: str) -> None:
    (found,) = ruleset.load([write(tmp_path, aws_bad_rule=single().replace("eventName: SendMessage", test))])
    with pytest.raises(ContentError, match=rf"aws_bad_rule\.yml: Single: {message}"):
        found.collection()


EXPANDING = single().replace(
    "eventName: SendMessage", "eventName: SendMessage, 'requestParameters.x|expand': ['%known%', literal]"
)


def test_an_unset_placeholder_is_refused_by_name(tmp_path: Path) -> None:
    (found,) = ruleset.load([write(tmp_path, aws_some_rule=EXPANDING)])
    assert found.needed_placeholders == found.unset_placeholders == ("known",)
    with pytest.raises(Refused, match="%known%"):
        found.collection()


def test_placeholder_values_may_hold_wildcards(tmp_path: Path) -> None:
    (found,) = ruleset.load([write(tmp_path, aws_some_rule=EXPANDING)], placeholders={"known": ("a*", "b")})
    assert found.unset_placeholders == ()
    values = found.collection().rules[-1].detection.detections["selection"].detection_items[-1].value  # type: ignore[union-attr]
    assert [str(value) for value in values] == ["a*", "b", "literal"]
    assert values[0].contains_special()


@pytest.mark.parametrize("name", ["with-dash", "with.dot", "with blank", "ünlaut", "{x}"])
def test_a_placeholder_may_have_any_name(tmp_path: Path, name: str) -> None:
    text = EXPANDING.replace("known", name)
    (found,) = ruleset.load([write(tmp_path, aws_some_rule=text)])
    assert found.unset_placeholders == (name,)
    values = (
        found.with_placeholders({name: ("a",)})
        .collection()
        .rules[-1]
        .detection.detections["selection"]
        .detection_items[-1]
        .value
    )  # type: ignore[union-attr]
    assert [str(value) for value in values] == ["a", "literal"]


@given(value=st.text("%ab-.*?\\", max_size=9))
@settings(derandomize=True, max_examples=1000, deadline=None)
def test_placeholders_are_those_that_pysigma_finds(value: str) -> None:
    theirs = {part.name for part in SigmaString(value).insert_placeholders().s if isinstance(part, Placeholder)}
    detection = {"selection": [{"x|contains|expand": [value]}]}
    assert set(Rule("stem", Path("x.yml"), {"detection": detection}).needed_placeholders) == theirs


@pytest.mark.parametrize("value", ["100%", "%a*b%", "100% to 5?%", r"\%known%", "%%"])
def test_what_pysigma_takes_for_no_placeholder_is_none(tmp_path: Path, value: str) -> None:
    (found,) = ruleset.load([write(tmp_path, aws_some_rule=EXPANDING.replace("%known%", value))])
    assert found.needed_placeholders == ()
    assert isinstance(sigma_condition.of_rule(found.collection().rules[-1]), condition.And)  # type: ignore[arg-type]


@pytest.mark.parametrize("modifier", ["re", "wide"])
def test_a_placeholder_that_has_no_place_is_refused_though_it_is_set(tmp_path: Path, modifier: str) -> None:
    text = EXPANDING.replace("x|expand", f"x|{modifier}|expand")
    (found,) = ruleset.load([write(tmp_path, aws_some_rule=text)], placeholders={"known": ("*a",)})
    with pytest.raises(Refused, match=f"expand with {modifier}"):
        sigma_condition.of_rule(found.collection().rules[-1])  # type: ignore[arg-type]


@pytest.mark.parametrize("modifiers", ["cased|expand", "expand|cased"])
@pytest.mark.parametrize("string", ["contains|", ""])
def test_placeholder_values_keep_their_case_under_cased(tmp_path: Path, string: str, modifiers: str) -> None:
    text = EXPANDING.replace("x|expand", f"x|{string}{modifiers}")
    (found,) = ruleset.load([write(tmp_path, aws_some_rule=text)], placeholders={"known": ("aB*", "Cd")})
    matches = predicate.compile(sigma_condition.of_rule(found.collection().rules[-1]))  # type: ignore[arg-type]
    event = {"eventSource": "q.amazonaws.com", "eventName": "SendMessage"}
    assert [matches({**event, "requestParameters": {"x": value}}) for value in ("aBc", "Cd", "abc", "cd", "Literal")] == [
        True, True, False, False, False,
    ]  # fmt: skip


def test_the_block_has_stated_defaults(tmp_path: Path) -> None:
    (found,) = ruleset.load([write(tmp_path / "plugins", aws_some_rule=single())])
    assert (found.version, found.category, found.risk, found.response, dict(found.refusals)) == (
        1,
        "plugins",
        20,
        "",
        {},
    )
    assert (found.schedule.step, found.schedule.delay, found.schedule.throttle) == (300, 900, 3600)


def test_a_bad_schedule_is_named(tmp_path: Path) -> None:
    (found,) = ruleset.load([write(tmp_path, aws_some_rule=single() + "qdet: {schedule: {step: soon}}")], strict=False)
    with pytest.raises(ContentError, match=r"aws_some_rule\.yml: qdet\.schedule: 'soon' is no duration"):
        _ = found.schedule


FILTER = """
title: Known automation
logsource: {{product: aws, service: cloudtrail}}
filter:
    rules: {rules}
    selection_role: {{userIdentity.arn|contains: ':assumed-role/Automation/'}}
    condition: not 1 of selection_*
"""
ARN = "arn:aws:sts::111122223333:assumed-role/{}/x"


def raised(rules: list[Rule], role: str, times: int = 1) -> set[str]:
    events = [
        {
            "eventSource": "q.amazonaws.com",
            "eventName": "SendMessage",
            "eventTime": "2026-01-01T00:00:00Z",
            "userIdentity": {"arn": ARN.format(role)},
        }
    ] * times
    return {match.rule.title for match in SigmaEngine().search(rules, events)}


@pytest.mark.parametrize("named", ["message_sent", "[00000002-2222-4222-8222-222222222222, other]", "any", "[]"])
def test_a_filter_takes_its_case_out_of_the_rules_it_names(tmp_path: Path, named: str) -> None:
    (tmp_path / "message_was_sent.yml").write_text(single())
    (tmp_path / "other_was_sent.yml").write_text(single("Other", 3, "other"))
    (tmp_path / "filters").mkdir()
    (tmp_path / "filters" / "known_automation.yml").write_text(FILTER.format(rules=named))
    rules = ruleset.load([tmp_path])
    assert raised(rules, "Admin") == {"Single", "Other"}
    assert raised(rules, "Automation") == ({"Other"} if named == "message_sent" else set())


def test_a_filter_applies_to_the_rules_that_a_correlation_counts(tmp_path: Path) -> None:
    both = FILTER.format(rules="message_sent") + "---" + FILTER.format(rules="any").replace("Automation", "Backup")
    text = single() + "---" + CORRELATION.format(base="message_sent", generate="false") + "---" + both
    (tmp_path / "burst_of_messages.yml").write_text(text)
    (rule,) = ruleset.load([tmp_path])
    assert rule.stem == "burst_of_messages"
    assert raised([rule], "Admin", 5) == {"Burst"}
    assert raised([rule], "Automation", 5) == raised([rule], "Backup", 5) == set()


def test_a_filter_of_a_rule_that_is_not_there_is_named(tmp_path: Path) -> None:
    (tmp_path / "message_was_sent.yml").write_text(single() + "---" + FILTER.format(rules="[message_sent, mesage_sent]"))
    with pytest.raises(ContentError, match=r"filter.rules.*'mesage_sent'.*Did you mean 'message_sent'"):
        ruleset.load([tmp_path])


def test_placeholders_of_a_filter_are_the_rules(tmp_path: Path) -> None:
    listed = FILTER.format(rules="any").replace("|contains: ':assumed-role/Automation/'", "|contains|expand: '%roles%'")
    (tmp_path / "message_was_sent.yml").write_text(single() + "---" + listed)
    (rule,) = ruleset.load([tmp_path])
    assert rule.unset_placeholders == ("roles",)
    (rule,) = ruleset.load([tmp_path], placeholders={"roles": (":assumed-role/A/", ":assumed-role/B/")})
    assert [raised([rule], role) for role in "ABC"] == [set(), set(), {"Single"}]
