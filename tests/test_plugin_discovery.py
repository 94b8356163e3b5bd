"""Our backend and pipelines as pySigma and sigma-cli find them, without harm to other plugins."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from sigma.plugins import InstalledSigmaPlugins

import sigma
import sigma.backends
import sigma.pipelines
from amazon_q_detections import content, ruleset

SIGMA = Path(sys.executable).with_name("sigma")
QDET = Path(sys.executable).with_name("qdet")
TARGET = "cloudwatch_logs_insights"
RULES = [
    one
    for one in ruleset.load([content.folder("sigma_rules")])
    if not one.needed_placeholders and "cloudwatch" not in one.refusals
]


def test_backends_and_pipelines_are_discovered() -> None:
    plugins = InstalledSigmaPlugins.autodiscover()
    assert plugins.backends[TARGET].__name__ == "CloudWatchLogsInsightsBackend"
    assert {"splunk", "opensearch_lucene"} <= plugins.backends.keys(), "other plugins are still seen"
    ours = {name for name in plugins.pipelines if name.startswith("amazon_q_")}
    assert ours == {f"amazon_q_{path.stem}" for path in content.folder("pipelines").glob("*.yml")}
    for name in ours:
        assert plugins.pipelines[name]().name == name


def test_pipelines_name_targets_that_exist() -> None:
    plugins = InstalledSigmaPlugins.autodiscover()
    for path in content.folder("pipelines").glob("*.yml"):
        assert set(plugins.pipelines[f"amazon_q_{path.stem}"]().allowed_backends) <= plugins.backends.keys()


@pytest.mark.parametrize("package", [sigma, sigma.backends, sigma.pipelines], ids=lambda package: package.__name__)
def test_shared_packages_stay_namespaces(package: object) -> None:
    assert getattr(package, "__file__", None) is None


def test_importing_the_plugin_reads_no_yaml() -> None:
    code = (
        "import builtins, pathlib; opened = []; read = pathlib.Path.read_bytes;"
        "pathlib.Path.read_bytes = lambda path: (opened.append(path), read(path))[1];"
        "import sigma.backends.cloudwatch_logs_insights, sigma.pipelines.amazon_q; print(len(opened))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "0"


def sigma_cli(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([SIGMA, *arguments], capture_output=True, text=True, check=False)


def test_sigma_cli_lists_the_target_and_the_pipelines() -> None:
    assert TARGET in sigma_cli("list", "targets").stdout
    assert "amazon_q_cloudwatch_cloudtrail" in sigma_cli("list", "pipelines", TARGET).stdout


@pytest.mark.parametrize(
    "options", [[], ["--without-pipeline"], ["-p", "amazon_q_cloudwatch_cloudtrail"]], ids=["plain", "without", "with"]
)
@pytest.mark.parametrize("stem", ["aws_amazonq_plugin_without_authentication", "aws_amazonq_document_uploaded_then_deleted"])
def test_sigma_convert_prints_what_qdet_convert_prints(stem: str, options: list[str]) -> None:
    path = next(one.path for one in RULES if one.stem == stem)
    theirs = sigma_cli("convert", "-t", TARGET, *options, path)
    ours = subprocess.run([QDET, "convert", path, "--target", "cloudwatch"], capture_output=True, text=True, check=True)
    assert theirs.returncode == 0, theirs.stderr
    assert theirs.stdout.strip() == ours.stdout.strip()
    assert ours.stdout.strip()


def test_a_refusal_is_an_error_that_sigma_cli_shows() -> None:
    refusing = next(one for one in ruleset.load([content.folder("sigma_rules")]) if "cloudwatch" in one.refusals)
    done = sigma_cli("convert", "-t", TARGET, refusing.path)
    assert done.returncode != 0
    assert "distinct count" in done.stdout + done.stderr
    assert "Traceback" not in done.stderr
