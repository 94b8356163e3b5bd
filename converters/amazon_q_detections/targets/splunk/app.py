"""The installable app: its .conf files, and the archive of them, the same bytes every time."""

from __future__ import annotations

import gzip
import io
import tarfile
from typing import TYPE_CHECKING

from amazon_q_detections import __version__

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from amazon_q_detections.targets.splunk import SplunkQuery

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
label = {name}

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
2. Set the macro `{name}_index` to the index and sourcetype of your CloudTrail data.
3. Enable the saved searches that you want: *Settings > Searches, reports, and alerts*. All are shipped disabled.
4. Tune a search with its macro `<stem>_filter`, which is a `search` that lets everything through.

Keys behind large arguments can lie past what Splunk extracts by itself: raise `extraction_cutoff` in limits.conf,
stanza `[spath]`, and `maxchars` in `[kv]`, above the length of your longest records.

Removing the app removes all of it.
"""


def files(queries: Sequence[SplunkQuery], name: str, sourcetype: str) -> dict[str, bytes]:
    """The app directory called *name*, and the archive of it beside."""
    values = {"name": name, "version": __version__, "sourcetype": sourcetype}
    texts = {
        f"{name}/README.md": _README.format(**values),
        f"{name}/default/app.conf": _APP_CONF.format(**values),
        f"{name}/default/macros.conf": _macros(queries, name, sourcetype),
        f"{name}/default/savedsearches.conf": "\n\n".join(query.stanza(name).text for query in queries) + "\n",
        f"{name}/metadata/default.meta": _META,
    }
    tree = {path: text.encode() for path, text in sorted(texts.items())}
    return {**tree, f"{name}-{__version__}.tgz": _archive(tree)}


def _macros(queries: Sequence[SplunkQuery], name: str, sourcetype: str) -> str:
    index = f'[{name}_index]\ndefinition = sourcetype="{sourcetype}"\niseval = 0\n'
    filters = [f"[{query.rule.stem}_filter]\ndefinition = search *\niseval = 0\n" for query in queries]
    return "\n".join([index, *filters])


def _archive(tree: Mapping[str, bytes]) -> bytes:
    """A gzipped tar whose bytes depend on *tree* alone: sorted, no owner, no clock."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        folders = sorted({parent for path in tree for parent in _parents(path)})
        for folder in folders:
            tar.addfile(_entry(folder, 0, tarfile.DIRTYPE, 0o755))
        for path, data in sorted(tree.items()):
            tar.addfile(_entry(path, len(data), tarfile.REGTYPE, 0o644), io.BytesIO(data))
    return gzip.compress(packed.getvalue(), mtime=0)


def _parents(path: str) -> list[str]:
    parts = path.split("/")[:-1]
    return ["/".join(parts[: length + 1]) for length in range(len(parts))]


def _entry(path: str, size: int, kind: bytes, mode: int) -> tarfile.TarInfo:
    entry = tarfile.TarInfo(path)
    entry.size, entry.type, entry.mode, entry.mtime = size, kind, mode, 0
    return entry
