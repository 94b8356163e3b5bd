"""Rules on any CloudTrail service, in the style of the public Sigma repository: each on its events, on every engine and schema.

They are no content of ours. What a target cannot say is refused by name, and stands in `REFUSED`.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import pytest
from opened_engines import CHOICES, NAMES, OpenedEngines

from amazon_q_detections import fixture, prove, ruleset
from amazon_q_detections.engine import Match
from amazon_q_detections.engines import Choice
from amazon_q_detections.errors import Refused
from amazon_q_detections.sigma_engine import SigmaEngine

HOME = Path(__file__).parent / "other_rules"
RULES = ruleset.load([HOME / "rules"])
EVENTS = fixture.load([HOME / "events"])
PAIRS = {one.stem: (one, events) for one, events in prove.paired(RULES, EVENTS) if events is not None}

# What a target, or one log schema of it, cannot say: the construct that it names.
REFUSED: dict[tuple[str, str], str] = {
    ("aws_iam_user_created_and_armed", "cloudwatch"): "an order of 3 rules",
    ("aws_keywords_of_a_tool", "splunk"): "a keyword",
    ("aws_keywords_of_a_tool", "cloudwatch"): "a keyword",
}


def refusal(stem: str, choice: Choice) -> str:
    return REFUSED.get((stem, str(choice.target)), "") or REFUSED.get((stem, f"{choice.target}/{choice.schema}"), "")


def test_there_are_thirty_and_each_has_events() -> None:
    assert len(RULES) >= 30
    assert (
        set(PAIRS) == {path.stem for path in (HOME / "rules").iterdir()} == {path.stem for path in (HOME / "events").iterdir()}
    )


@pytest.mark.parametrize("choice", CHOICES, ids=NAMES)
@pytest.mark.parametrize("stem", PAIRS)
def test_a_rule_gets_its_verdicts_or_is_refused_by_name(stem: str, choice: Choice, opened: OpenedEngines) -> None:
    rule, events = PAIRS[stem]
    named = refusal(stem, choice)
    if named:
        with pytest.raises(Refused, match=named):
            opened.verdicts(choice, rule, events)
    else:
        assert [verdict for verdict in opened.verdicts(choice, rule, events) if not verdict.good] == []


@pytest.mark.parametrize("choice", CHOICES, ids=NAMES)
def test_a_hunt_over_all_events_finds_what_the_meaning_finds(choice: Choice, opened: OpenedEngines) -> None:
    """All rules on the events of all rules at once: every match, with its time, its events and its group."""
    rules = [one for one in RULES if not refusal(one.stem, choice)]
    records = [event for events in EVENTS for case in events.cases for event in case.events]
    assert told(opened[choice].search(rules, records)) == told(SigmaEngine().search(rules, records))


def told(matches: Iterable[Match]) -> list[tuple[object, ...]]:
    return sorted((one.rule.stem, one.time, one.event_ids, tuple(one.group.items())) for one in matches)
