"""Rules on logs of another source are refused; what a rule leaves open may be CloudTrail."""

from typing import Any

import pytest
from sigma.rule import SigmaRule

from amazon_q_detections import sigma_condition
from amazon_q_detections.errors import Refused


def parsed(logsource: dict[str, str]) -> SigmaRule:
    document: dict[str, Any] = {"title": "t", "logsource": logsource, "detection": {"s": {"eventName": "x"}, "condition": "s"}}
    return SigmaRule.from_dict(document)


@pytest.mark.parametrize(
    ("logsource", "named"),
    [
        ({"product": "windows"}, "product 'windows'"),
        ({"product": "aws", "service": "guardduty"}, "service 'guardduty'"),
        ({"product": "aws", "category": "process_creation"}, "category 'process_creation'"),
    ],
)
def test_another_log_source_is_refused(logsource: dict[str, str], named: str) -> None:
    with pytest.raises(Refused) as refused:
        sigma_condition.of_rule(parsed(logsource))
    assert named in str(refused.value)
    assert "product aws, service cloudtrail" in str(refused.value)


@pytest.mark.parametrize(
    "logsource", [{"product": "aws"}, {"service": "cloudtrail"}, {"product": "AWS", "service": "CloudTrail"}]
)
def test_a_log_source_that_may_be_cloudtrail_is_taken(logsource: dict[str, str]) -> None:
    assert sigma_condition.of_rule(parsed(logsource))
