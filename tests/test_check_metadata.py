"""What `qdet check` asks of the rules that ship: every key of the block, texts, tags."""

from dataclasses import replace

import pytest

from amazon_q_detections import content, ruleset
from amazon_q_detections.check import metadata

OURS = next(one for one in ruleset.load([content.folder("sigma_rules")]) if not one.is_correlation)
BLOCK_KEYS = ("version", "category", "atlas", "prerequisite", "schedule", "risk", "response")


def promised(**changes: object) -> set[str]:
    """The keys of the findings in a rule of ours with these keys changed; None takes a key away."""
    main = {key: value for key, value in {**OURS.main, **changes}.items() if value is not None}
    return {finding.key for finding in metadata.findings(replace(OURS, main=main), builtin=True)}


def test_a_rule_of_ours_keeps_what_we_promise() -> None:
    assert promised() == set()
    assert promised(qdet={**OURS.block, "risk": 0}, level="informational") == set()


@pytest.mark.parametrize("key", BLOCK_KEYS)
def test_a_rule_of_ours_without_a_key_of_the_block_is_found(key: str) -> None:
    assert f"qdet.{key}" in promised(qdet={name: value for name, value in OURS.block.items() if name != key})


@pytest.mark.parametrize(
    ("changes", "key"),
    [
        ({"references": None}, "references"),
        ({"falsepositives": None}, "falsepositives"),
        ({"falsepositives": ["Unknown"]}, "falsepositives"),
        ({"tags": ["attack.impact"]}, "tags"),
        ({"tags": ["attack.t1565.001"]}, "tags"),
        ({"tags": [*OURS.tags, "attack.impcat"]}, "tags"),
        ({"references": ["htps://example.com"]}, "references"),
        ({"qdet": {**OURS.block, "category": "somewhere"}}, "qdet.category"),
        ({"title": None}, "title"),
        ({"id": None}, "id"),
        ({"description": None}, "description"),
    ],
)
def test_a_rule_of_ours_that_says_too_little_is_found(changes: dict[str, object], key: str) -> None:
    assert key in promised(**changes)
