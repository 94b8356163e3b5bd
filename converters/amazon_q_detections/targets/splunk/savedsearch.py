"""A rule as a stanza of savedsearches.conf (Splunk Admin Manual, "savedsearches.conf").

A single-event search looks at what was indexed since the run before, so that each event is seen once, however late it comes. A
correlation looks at event time, shifted back by the delay.
"""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from amazon_q_detections import prose
from amazon_q_detections.errors import Refused
from amazon_q_detections.targets.splunk.backend import PRINCIPAL, Parts, joined

if TYPE_CHECKING:
    from amazon_q_detections.rule import Rule
    from amazon_q_detections.schedule import Schedule

_SEVERITY = {"informational": 1, "low": 2, "medium": 3, "high": 4, "critical": 5}
# Minutes between runs that divide the hour, so that every interval is the same. Splunk Cloud's vetting takes up to 12 runs an
# hour; a window that slides inside the search misses nothing for it.
_STEPS = (5, 6, 10, 12, 15, 20, 30, 60)
# Minutes an event may take from the indexer's clock to where a search sees it.
_INDEX_LAG = 1
# How old an event may be when it is indexed. CloudTrail delivers within minutes; a broken input has a weekend to be mended.
# Each run opens the buckets of this time, so a longer span makes every search dearer.
_OLDEST_EVENT = "-3d@d"
# The assumption that searches by index time rest on.
BY_ARRIVAL = "index_time_half_open"
_ODD = re.compile(r"[^A-Za-z0-9_]")
_LINES = re.compile(r"\n *")
# At the end of a line a backslash, and white space behind it, would join the next line to it.
_CONTINUES = re.compile(r"[\\\s]+\Z")
# The stanza of a file that gives all others their keys.
_OF_ALL = "default"
# alert.suppress.fields separates names by commas.
_SUPPRESSED = re.compile(r"[A-Za-z0-9_.{}:/-]+")


@dataclass(frozen=True)
class Stanza:
    """A stanza: its name and its keys in order."""

    name: str
    keys: tuple[tuple[str, str], ...]

    @property
    def text(self) -> str:
        """The stanza as it stands in the file; a line that ends in a backslash goes on."""
        return "\n".join([f"[{self.name}]", *(f"{key} = {_value(value)}" for key, value in self.keys)])


def _value(value: str) -> str:
    return " \\\n".join(_CONTINUES.sub("", line) for line in value.split("\n"))


def of(rule: Rule, parts: Parts, app: str) -> Stanza:
    """The stanza of *rule* in the app called *app*: disabled, behind the app's index macro and the rule's filter macro."""
    keys = (
        ("search", _search(rule, parts, app)),
        ("description", description(rule)),
        ("disabled", "1"),
        ("enableSched", "1"),
        ("cron_schedule", _cron(rule)),
        *_window(rule),
        ("realtime_schedule", "0"),
        ("allow_skew", "0"),
        ("counttype", "number of events"),
        ("relation", "greater than"),
        ("quantity", "0"),
        ("alert.track", "1"),
        ("alert.severity", str(_SEVERITY[rule.level])),
        ("alert.digest_mode", "0"),
        ("alert.suppress", "1"),
        ("alert.suppress.fields", _entity(rule, parts)),
        ("alert.suppress.period", f"{rule.schedule.throttle}s"),
        ("action.correlationsearch.enabled", "1"),
        ("action.correlationsearch.label", _one_line(rule.title)),
        ("action.correlationsearch.annotations", _annotations(rule)),
        ("action.correlationsearch.metadata", _metadata(rule)),
    )
    return Stanza(name(rule), keys)


def _search(rule: Rule, parts: Parts, app: str) -> str:
    """The search of a run: a command a line, since a line of the file may only go on between commands."""
    selection = (f"`{index_macro(app)}` {parts.selection[0]}", *parts.selection[1:], f"`{filter_macro(rule)}`")
    found = (*selection, *parts.grouping, *parts.sliding)
    # The hits of this run: those that were completed since the one before. now() is the scheduled time.
    schedule = schedule_of(rule)
    own = (f"where _time>=now()-{schedule.delay + schedule.step}",) if rule.is_correlation else ()
    marked = f'eval rule_id="{_quotable(rule.id)}", rule_version="{rule.version}", rule_level="{_quotable(rule.level)}"'
    return joined(tuple(_LINES.sub(" ", command) for command in (*found, *own, *parts.show, marked)))


def _entity(rule: Rule, parts: Parts) -> str:
    """The columns by which alerts are throttled: whom or what a row is about."""
    if not rule.is_correlation:
        return PRINCIPAL
    fields = [field for _, field in parts.groups]
    for field in fields:
        if not _SUPPRESSED.fullmatch(field):
            raise Refused(f"the group-by key {field}", "alert.suppress.fields has no quotes for a name.")
    return ",".join(fields) or "rule_id"


def name(rule: Rule) -> str:
    """The stanza's name, which is the rule's stem: it outlives a change of title, and with it what users set locally.

    Raises Refused for a rule that can have no stanza of its own.
    """
    own = _ODD.sub("_", rule.stem)
    if own.lower() == _OF_ALL:
        raise Refused(f"the name {own}", "a stanza of this name gives all others their keys; rename the file.")
    return own


def index_macro(app: str) -> str:
    """The macro that says where CloudTrail's records are."""
    return f"{app}_index"


def filter_macro(rule: Rule) -> str:
    """The macro with which users take known events out of a rule."""
    return f"{name(rule)}_filter"


def description(rule: Rule) -> str:
    """On one line: title, response, what happened, false positives, id and version."""
    parts = [f"{rule.title}."]
    if rule.response:
        parts.append(f"Response: {rule.response}")
    parts.append(rule.description)
    if rule.falsepositives:
        parts.append(f"False positives: {' '.join(rule.falsepositives)}")
    parts.append(f"Sigma rule {rule.id}, version {rule.version}.")
    return _one_line(" ".join(parts))


def cell(text: str) -> str:
    """*text* in a table of Markdown."""
    return _one_line(text).replace("|", "\\|")


def _one_line(text: str) -> str:
    return _CONTINUES.sub("", prose.one_line(text))


def _quotable(text: str) -> str:
    return "".join(char for char in text if char.isalnum() or char in "-_. ")


def schedule_of(rule: Rule) -> Schedule:
    """The rule's schedule with a step that cron can say: the longest not above the rule's, but five minutes at least."""
    wanted = rule.schedule.step // 60
    return replace(rule.schedule, step=60 * max((step for step in _STEPS if step <= wanted), default=_STEPS[0]))


def _cron(rule: Rule) -> str:
    """A schedule whose start is spread by the rule's stem, so that searches do not start together."""
    step = schedule_of(rule).step // 60
    offset = int(hashlib.sha256(rule.stem.encode()).hexdigest(), 16) % step
    return f"{offset} * * * *" if step == 60 else f"{offset}-59/{step} * * * *"


def _window(rule: Rule) -> tuple[tuple[str, str], ...]:
    if rule.is_correlation:
        schedule = schedule_of(rule)
        start = rule.timespan + schedule.step + schedule.delay
        return (("dispatch.earliest_time", f"-{start}s"), ("dispatch.latest_time", f"-{schedule.delay}s"))
    return (
        ("dispatch.earliest_time", _OLDEST_EVENT),
        ("dispatch.latest_time", "+1d"),
        ("dispatch.index_earliest", f"-{schedule_of(rule).step // 60 + _INDEX_LAG}m@m"),
        ("dispatch.index_latest", f"-{_INDEX_LAG}m@m"),
    )


def _annotations(rule: Rule) -> str:
    """What Enterprise Security shows beside a finding: ATT&CK techniques, ATLAS techniques, the rule's category."""
    techniques = [tag.removeprefix("attack.").upper() for tag in rule.tags if re.match(r"attack\.t[0-9]", tag)]
    annotations = {"mitre_attack": techniques, "atlas": list(rule.block.get("atlas") or ()), "category": [rule.category]}
    return json.dumps({key: value for key, value in annotations.items() if value})


def _metadata(rule: Rule) -> str:
    return json.dumps({"detection_id": rule.id, "detection_version": str(rule.version), "risk_score": rule.risk})
