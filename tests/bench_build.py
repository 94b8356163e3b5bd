"""Time a cold build of 60 rules on three targets against its peers, in turn, and print ratios of medians.

Peers: `sigma convert` (sigma-cli) run once a target, and stock pySigma converting for three targets in one process. Neither
has a Logs Insights target, so the third of theirs is OpenSearch PPL, the nearest they have.
"""

from __future__ import annotations

import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from uuid import NAMESPACE_URL, uuid5

BIN = Path(sys.executable).parent
ROUNDS = 7
RULES = 60

_STOCK = """
import sys
from pathlib import Path
from sigma.collection import SigmaCollection
from sigma.backends.opensearch import OpensearchLuceneBackend, OpenSearchPPLBackend
from sigma.backends.splunk import SplunkBackend
for backend in (SplunkBackend, OpensearchLuceneBackend, OpenSearchPPLBackend):
    queries = backend().convert(SigmaCollection.load_ruleset([sys.argv[1]]))
    (Path(sys.argv[2]) / backend.__name__).write_text("\\n".join(queries))
"""

_OPERATIONS = ("CreatePlugin", "UpdateDataSource", "DeleteIndex", "GetRetriever", "UpdateApplication", "ListPlugins")


def rule(number: int) -> str:
    """One of the rules, always the same for its number, as long as a rule of ours."""
    operation = _OPERATIONS[number % len(_OPERATIONS)]
    condition = "all of selection_* and not 1 of filter_main_*" if number % 2 else "all of selection_*"
    return f"""title: Amazon Q Business Bench Rule Number {number}
id: {uuid5(NAMESPACE_URL, f"bench/{number}")}
status: test
description: |
    What happened, in the words that a rule of this project has: who did it, what it means for the users of the application,
    and why it matters. The second sentence says what an analyst should look at first, and the third what the rule cannot see.
    It is about as long as that of a rule that has been thought about, which is what a repository of rules is made of.
references:
    - https://docs.aws.amazon.com/amazonq/latest/api-reference/API_{operation}.html
    - https://docs.aws.amazon.com/amazonq/latest/qbusiness-ug/logging-using-cloudtrail.html
author: amazon-q-detections
date: 2026-01-01
tags:
    - attack.persistence
    - attack.t1505
logsource:
    product: aws
    service: cloudtrail
    definition: 'Requirements: write management events.'
detection:
    selection_source:
        eventSource: qbusiness.amazonaws.com
        eventName:
            - {operation}
            - {operation}{number}
    selection_success:
        errorCode: null
    selection_name:
        requestParameters.displayName|contains:
            - alpha{number}
            - beta
        userIdentity.type: AssumedRole
    filter_main_known:
        userIdentity.arn|startswith: arn:aws:sts::111122223333:assumed-role/ops-{number}
        userAgent|endswith: /automation
    condition: {condition}
falsepositives:
    - The owner of the application does this on purpose; there is a change record, and the same role created the application.
    - Infrastructure as code repeats it after each change of its template.
level: medium
"""


def seconds(command: list[str]) -> float:
    """Wall time of one whole process; it must succeed."""
    # An editable install is compiled on its first start; with this variable set it would be on every start.
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    start = time.perf_counter()
    subprocess.run(command, check=True, capture_output=True, env=environment)
    return time.perf_counter() - start


def ours(rules: Path, out: Path) -> float:
    shutil.rmtree(out, ignore_errors=True)
    return seconds([str(BIN / "qdet"), "build", "-q", "--rules", str(rules), "--out", str(out)])


def sigma_cli(rules: Path, out: Path) -> float:
    return sum(
        seconds([str(BIN / "sigma"), "convert", "-t", target, "--without-pipeline", "-o", str(out / target), str(rules)])
        for target in ("splunk", "opensearch_lucene", "open_search_ppl")
    )


def stock(rules: Path, out: Path) -> float:
    return seconds([sys.executable, "-c", _STOCK, str(rules), str(out)])


def imports(rules: Path, out: Path) -> float:
    """The floor: importing pySigma and the two backends, and nothing else."""
    return seconds([sys.executable, "-c", "import sigma.collection, sigma.backends.splunk, sigma.backends.opensearch"])


def main() -> None:
    """Run the four in turn ROUNDS times after a warm-up, and print medians and ratios."""
    contenders = {
        "qdet build": ours,
        "sigma convert x3": sigma_cli,
        "stock pySigma, one process": stock,
        "imports only": imports,
    }
    with tempfile.TemporaryDirectory() as folder:
        rules, out = Path(folder) / "rules", Path(folder) / "out"
        rules.mkdir()
        out.mkdir()
        for number in range(RULES):
            (rules / f"aws_bench_rule_{number:03}.yml").write_text(rule(number))
        times: dict[str, list[float]] = {name: [] for name in contenders}
        for turn in range(ROUNDS + 1):
            for name, run in contenders.items():
                taken = run(rules, out if run is not ours else out / "ours")
                if turn:
                    times[name].append(taken)
    print(f"{RULES} rules, 3 targets, medians of {ROUNDS} rounds in turn:")
    for name in contenders:
        median = statistics.median(times[name])
        print(f"  {name:28} {median:6.3f} s   qdet build / this = {statistics.median(times['qdet build']) / median:.2f}")


if __name__ == "__main__":
    main()
