"""The installable app: its .conf files, and the archive of them, the same bytes every time."""

from __future__ import annotations

import gzip
import io
import json
import tarfile
from typing import TYPE_CHECKING, Any

from amazon_q_detections import __version__
from amazon_q_detections.errors import ContentError
from amazon_q_detections.targets.splunk import savedsearch
from amazon_q_detections.targets.splunk.assumptions import ASSUMPTIONS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from amazon_q_detections.targets.splunk import SplunkQuery

# The apps that come with Splunk, as far as --name can be one (splunk-appinspect, check_for_default_splunk_app).
_TAKEN = frozenset({
    "alert_logevent", "alert_webhook", "appsbrowser", "audit_trail", "cloud_administration", "data_manager", "dmc",
    "framework", "frameworkgettingstarted", "introspection_generator_addon", "journald_input", "launcher", "learned",
    "legacy", "missioncontrol", "prometheus", "sample_app", "scsaudit", "search", "search_artifacts_helper",
    "splunk_app_for_splunk_o11y_cloud", "splunk_archiver", "splunk_datapreview", "splunk_datasets_addon",
    "splunk_essentials_9_0", "splunk_gdi", "splunk_httpinput", "splunk_instance_monitoring", "splunk_instrumentation",
    "splunk_internal_metrics", "splunk_metrics_workspace", "splunk_monitoring_console", "splunk_product_guidance",
    "splunk_rapid_diag", "splunk_secure_gateway", "splunk_ta_data_manager", "splunkclouduf", "tos",
})  # fmt: skip
_DEVICES = frozenset({"CON", "PRN", "AUX", "NUL", *(f"{kind}{number}" for kind in ("COM", "LPT") for number in range(1, 10))})
_SHORTEST_LABEL = 5

_APP_CONF = """\
[install]
is_configured = 0
state = enabled
build = 1

[launcher]
author = amazon-q-detections
description = Sigma rules as saved searches, shipped disabled
version = {version}

[ui]
is_visible = 0
label = {label}

[package]
id = {name}
check_for_updates = 0

[id]
name = {name}
version = {version}
"""

_META = """\
[]
access = read : [ * ], write : [ admin, sc_admin ]
export = system
"""

_README = """\
# {name} for Splunk

Saved searches on CloudTrail, as the Splunk Add-on for AWS brings it in (sourcetype `{sourcetype}`).

1. Install the app: *Apps > Manage Apps > Install app from file*, or unpack it into `$SPLUNK_HOME/etc/apps`.
   You need the capability `install_apps`.
2. Set the macro `{index_macro}` to the index and sourcetype of your CloudTrail data, for example
   `index=aws sourcetype="{sourcetype}"`.
3. Enable the saved searches that you want: *Settings > Searches, reports, and alerts*. All are shipped disabled.
4. Tune a search with its macro `<name>_filter`, which lets everything through. It sees whole events, before anything is
   counted: `search NOT userIdentity.arn="arn:aws:iam::111122223333:role/crawler"`.

## What a search sees

A search on single events looks at what was indexed since its last run, with event times of the last three days: an event that
is indexed later raises no alert. Whoever replays older records sets `dispatch.earliest_time` further back; each run opens the
buckets of that time. A correlation looks at event times, as late as CloudTrail delivers; its window slides inside the search.
`firstTime` is the first event of the first window that was completed, `lastTime` the last event that completed one; where
distinct values are counted, `firstTime` is the beginning of the window, where there need be no event. A principal, or whatever
a correlation groups by, alerts once a throttle period.

Enterprise Security lists the searches as correlation searches and shows no finding of theirs until you add an adaptive
response action to them, *Notable* or *Risk Analysis*: an app cannot tell whether Enterprise Security is there.

## Limits to raise

Fields come from automatic extraction, which has limits in limits.conf. Raise them above your longest records and the most
fields that one has, else keys that lie behind are not seen:

| stanza | setting | default |
|---|---|---|
| `[spath]` | `extraction_cutoff` | 5000 bytes of a record |
| `[kv]` | `maxchars` | 10240 characters of a record |
| `[kv]` | `limit` | 100 fields of a record |
| `[rex]` | `match_limit` | 100000 characters of a value that a pattern with an inner `*` walks |

What these correlations group by and count is read from the record itself, as is whether a key exists. A correlation that counts
values, or asks for an order, keeps a few columns of each event; `max_mem_usage_mb` in `[mvexpand]`, 500 by default, must hold
them all.

The scheduler has limits too. A search alerts row by row, so of a run with more rows than alerts some may raise none: whoever
acts often enough can hide others behind these rows. The result of the run holds them all.

| stanza | setting | default |
|---|---|---|
| `[scheduler]` | `max_per_result_alerts` | 500 alerts of a run |
| `[scheduler]` | `max_per_result_alerts_time` | 300 seconds that a run may spend on its alerts |
| `[scheduler]` | `max_continuous_scheduled_search_lookback` | 24h: runs that were missed longer ago are not made up for |

## Assumptions

Where Splunk's documents are silent the searches rest on an assumption; its search confirms it. A path that stands twice in
json_extract makes it give an array also of a single value.

{assumptions}

## Searches

Removing the app removes all of them.

| search | level | title |
|---|---|---|
{rules}
"""


def files(queries: Sequence[SplunkQuery], name: str, sourcetype: str) -> dict[str, bytes]:
    """The app directory called *name*, and the archive of it beside.

    Raises ContentError for two searches of one name, and for a *name* that no app of a user can have.
    """
    _refuse_name(name)
    _refuse_twins(queries)
    values = {"name": name, "label": _label(name), "version": __version__}
    texts = {
        f"{name}/README.md": _readme(queries, name, sourcetype),
        f"{name}/app.manifest": _manifest(name),
        f"{name}/default/app.conf": _APP_CONF.format(**values),
        f"{name}/default/macros.conf": _macros(queries, name, sourcetype),
        f"{name}/default/savedsearches.conf": "\n\n".join(query.stanza(name).text for query in queries) + "\n",
        f"{name}/metadata/default.meta": _META,
    }
    tree = {path: text.encode() for path, text in sorted(texts.items())}
    return {**tree, f"{name}-{__version__}.tgz": _archive(tree)}


def _refuse_name(name: str) -> None:
    if name in _TAKEN:
        raise ContentError(
            "--name", f"{name!r} is the name of an app of Splunk's own.", mend="Choose another, for example 'acme_aws'."
        )
    if name.upper() in _DEVICES:
        raise ContentError(
            "--name", f"{name!r} is no name of a folder on Windows.", mend="Choose another, for example 'acme_aws'."
        )


def _label(name: str) -> str:
    """What Splunk shows: splunk-appinspect asks for 5 to 80 characters."""
    return name if len(name) >= _SHORTEST_LABEL else f"{name} detections"


def _refuse_twins(queries: Sequence[SplunkQuery]) -> None:
    seen: dict[str, SplunkQuery] = {}
    for query in queries:
        name = savedsearch.name(query.rule)
        if name in seen:
            raise ContentError(
                query.rule.path,
                f"and {seen[name].rule.path} both give the saved search {name!r}.",
                mend="Rename one of the two files.",
            )
        seen[name] = query


def _macros(queries: Sequence[SplunkQuery], name: str, sourcetype: str) -> str:
    index = f'[{savedsearch.index_macro(name)}]\ndefinition = sourcetype="{sourcetype}"\niseval = 0\n'
    filters = [f"[{savedsearch.filter_macro(query.rule)}]\ndefinition = search *\niseval = 0\n" for query in queries]
    return "\n".join([index, *filters])


def _readme(queries: Sequence[SplunkQuery], name: str, sourcetype: str) -> str:
    used = sorted({assumption for query in queries for assumption in query.assumptions})
    rows = [
        f"| {savedsearch.name(query.rule)} | {query.rule.level} | {savedsearch.cell(query.rule.title)} |" for query in queries
    ]
    return _README.format(
        name=name,
        sourcetype=sourcetype,
        index_macro=savedsearch.index_macro(name),
        assumptions="\n".join(f"- {key}: {ASSUMPTIONS[key][0]}\n  `{ASSUMPTIONS[key][1]}`" for key in used),
        rules="\n".join(rows),
    )


def _manifest(name: str) -> str:
    """What Splunk's packaging toolkit knows of an app ("App manifest", schema 2.0.0)."""
    info: dict[str, Any] = {
        "title": name,
        "id": {"group": None, "name": name, "version": __version__},
        "author": [{"name": "amazon-q-detections", "email": None, "company": None}],
        "releaseDate": None,
        "description": "Sigma rules as saved searches, shipped disabled",
        "classification": {"intendedAudience": None, "categories": [], "developmentStatus": None},
        "commonInformationModels": None,
        "license": {"name": "Apache-2.0", "text": None, "uri": None},
        "privacyPolicy": {"name": None, "text": None, "uri": None},
        "releaseNotes": {"name": None, "text": "README.md", "uri": None},
    }
    manifest = {
        "schemaVersion": "2.0.0",
        "info": info,
        "dependencies": None,
        "tasks": None,
        "inputGroups": None,
        "incompatibleApps": None,
        "platformRequirements": None,
        "supportedDeployments": ["_standalone", "_distributed", "_search_head_clustering"],
        "targetWorkloads": ["_search_heads"],
    }
    return json.dumps(manifest, indent=2) + "\n"


def _archive(tree: Mapping[str, bytes]) -> bytes:
    """A gzipped tar whose bytes depend on *tree* alone: sorted, no owner, no clock."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        folders = sorted({parent for path in tree for parent in _parents(path)})
        for folder in folders:
            tar.addfile(_entry(folder, 0, tarfile.DIRTYPE, 0o755))
        for path, data in sorted(tree.items()):
            tar.addfile(_entry(path, len(data), tarfile.REGTYPE, 0o644), io.BytesIO(data))
    zipped = io.BytesIO()
    # Not gzip.compress, which names the system in the header, and in Python 3.13 otherwise than before.
    with gzip.GzipFile(filename="", mode="wb", fileobj=zipped, mtime=0) as file:
        file.write(packed.getvalue())
    return zipped.getvalue()


def _parents(path: str) -> list[str]:
    parts = path.split("/")[:-1]
    return ["/".join(parts[: length + 1]) for length in range(len(parts))]


def _entry(path: str, size: int, kind: bytes, mode: int) -> tarfile.TarInfo:
    entry = tarfile.TarInfo(path)
    entry.size, entry.type, entry.mode, entry.mtime = size, kind, mode, 0
    return entry
