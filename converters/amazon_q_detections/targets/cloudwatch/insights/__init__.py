"""A strict interpreter of Logs Insights QL, as far as AWS documents it: what it does not know is an error.

It follows the CloudWatch Logs User Guide for the commands and functions that our queries are made of and a few around them, RE2
itself for regular expressions, and where the guide is silent the named assumptions of the compiler. `not` of something unknown
is an error, and so are `not`, `and` and `or` side by side without parentheses: no query may rest on either. What an assumption
leaves open, a Dialect decides.
"""

from amazon_q_detections.targets.cloudwatch.insights.dialect import DIALECTS, Dialect
from amazon_q_detections.targets.cloudwatch.insights.events import MOST_FIELDS, row
from amazon_q_detections.targets.cloudwatch.insights.query import Query, run
from amazon_q_detections.targets.cloudwatch.insights.value import InsightsError, Row

__all__ = ["DIALECTS", "MOST_FIELDS", "Dialect", "InsightsError", "Query", "Row", "row", "run"]
