"""`qdet build`: bundles of ours and of a user's rules, the same bytes each time, all or nothing."""

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from amazon_q_detections import cli, content, ruleset, targets

CHECKOUT = Path(__file__).resolve().parents[1]
RULES = ruleset.load([content.folder("sigma_rules")])
NAMES = [target.name for target in targets.TARGETS]

MINE = """
title: Root Login
id: 5b1f8e0e-54e7-4a1c-9d53-2b6f0c9a4e11
description: The root user logged in.
logsource: {product: aws, service: cloudtrail}
detection:
    selection: {eventSource: signin.amazonaws.com, eventName: ConsoleLogin, userIdentity.type: Root}
    condition: selection
level: high
"""
UNSAYABLE = """
title: Any Mention
id: 5b1f8e0e-54e7-4a1c-9d53-2b6f0c9a4e12
description: A word anywhere.
logsource: {product: aws, service: cloudtrail}
detection:
    keywords: [mimikatz]
    condition: keywords
level: high
"""


def qdet(*arguments: str | Path) -> Result:
    return CliRunner().invoke(cli.app, list(map(str, arguments)), standalone_mode=False)


def files(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def manifest(out: Path, target: str) -> dict[str, Any]:
    document: dict[str, Any] = json.loads((out / target / "manifest.json").read_text())
    return document


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("built")
    result = qdet("build", "--out", out)
    assert result.return_value == cli.GOOD, result.output
    return out


@pytest.fixture
def mine(tmp_path: Path) -> Path:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "aws_root_login.yml").write_text(MINE)
    return tmp_path / "mine"


def test_two_builds_are_byte_identical(built: Path, tmp_path: Path) -> None:
    assert qdet("build", "--out", tmp_path / "again").return_value == cli.GOOD
    assert files(tmp_path / "again") == files(built)


def test_dist_is_what_the_rules_give() -> None:
    result = qdet("build", "--check", "--out", CHECKOUT / "dist")
    assert (result.return_value, result.stdout) == (cli.GOOD, ""), "run `make build` and commit dist/"


@pytest.mark.parametrize("target", NAMES)
def test_every_rule_is_in_the_manifest_or_has_a_reason(built: Path, target: str) -> None:
    document = manifest(built, target)
    compiled = {one["stem"] for one in document["rules"]}
    refused = {one["stem"]: one for one in document["refused"]}
    left_out = {one["stem"] for one in document["left_out"]}
    assert compiled | refused.keys() | left_out == {one.stem for one in RULES}
    assert left_out == {one.stem for one in RULES if one.needed_placeholders}
    assert refused.keys() == {one.stem for one in RULES if target in one.refusals} - left_out
    assert all(one["declared"] and one["reason"] for one in refused.values())


@pytest.mark.parametrize("target", NAMES)
def test_a_bundle_carries_the_id_of_each_of_its_rules(built: Path, target: str) -> None:
    text = b"\n".join(data for name, data in files(built / target).items() if name != "manifest.json")
    for one in manifest(built, target)["rules"]:
        assert one["id"].encode() in text, one["stem"]


@pytest.mark.parametrize("target", NAMES)
def test_a_bundle_is_clean_text(built: Path, target: str) -> None:
    for name, data in files(built / target).items():
        if not name.endswith(".tgz"):
            text = data.decode("utf-8")
            assert "\r" not in text, name
            assert text.endswith("\n"), name
            assert str(built) not in text, name


def test_a_declared_refusal_is_no_finding(built: Path) -> None:
    assert manifest(built, "cloudwatch")["refused"], "a distinct count over an array cannot be said in Logs Insights"


def test_a_rule_that_does_not_fit_beside_the_others_is_named_and_the_rest_is_built(mine: Path, tmp_path: Path) -> None:
    """An index has the field under this name for something else."""
    (mine / "aws_subfield.yml").write_text(MINE.replace("userIdentity.type", "userIdentity.type.cs").replace("4e11", "4e18"))
    result = qdet("build", "--rules", mine, "--out", tmp_path / "out", "--json")
    assert result.return_value == cli.FINDINGS
    refused = [json.loads(line) for line in result.stdout.splitlines()]
    assert [(one["stem"], one["target"]) for one in refused] == [("aws_subfield", "opensearch")]
    assert {one["stem"] for one in manifest(tmp_path / "out", "opensearch")["rules"]} == {"aws_root_login"}
    assert len(manifest(tmp_path / "out", "splunk")["rules"]) == 2


def test_a_schema_goes_to_the_target_that_has_it(tmp_path: Path) -> None:
    assert qdet("build", "--schema", "aws_addon", "--out", tmp_path).return_value == cli.GOOD
    assert {manifest(tmp_path, target)["schema"] for target in NAMES} == {"aws_addon", "cloudtrail"}


def test_one_target_alone(tmp_path: Path) -> None:
    assert qdet("build", "--target", "splunk", "--out", tmp_path).return_value == cli.GOOD
    assert [path.name for path in tmp_path.iterdir()] == ["splunk"]


def test_set_lists_bring_their_rules_in(tmp_path: Path) -> None:
    needing = next(one for one in RULES if one.needed_placeholders)
    lists = tmp_path / "lists.yml"
    lists.write_text(json.dumps({name: ["known-value", "https://known.example.com/*"] for name in needing.needed_placeholders}))
    assert qdet("build", "--placeholders", lists, "--out", tmp_path / "out").return_value == cli.GOOD
    for target in NAMES:
        document = manifest(tmp_path / "out", target)
        assert needing.stem in {one["stem"] for one in document["rules"]} | {one["stem"] for one in document["refused"]}
    assert needing.stem in {one["stem"] for one in manifest(tmp_path / "out", "splunk")["rules"]}


def test_a_users_rules_build_the_same_way(mine: Path, tmp_path: Path) -> None:
    result = qdet("build", "--rules", mine, "--name", "acme_detections", "--out", tmp_path / "out")
    assert result.return_value == cli.GOOD, result.output
    for target in NAMES:
        assert [one["stem"] for one in manifest(tmp_path / "out", target)["rules"]] == ["aws_root_login"]
        assert b"amazon_q_detections" not in b"".join(files(tmp_path / "out" / target).values())


def test_an_undeclared_refusal_is_a_finding_and_the_rest_is_built(mine: Path, tmp_path: Path) -> None:
    (mine / "aws_any_mention.yml").write_text(UNSAYABLE)
    result = qdet("build", "--rules", mine, "--out", tmp_path / "out", "--json", "-q")
    assert result.return_value == cli.FINDINGS
    refused = [json.loads(line) for line in result.stdout.splitlines()]
    assert {(one["stem"], one["target"]) for one in refused} >= {("aws_any_mention", "cloudwatch")}
    assert all("keyword" in one["refused"] for one in refused)
    assert [one["stem"] for one in manifest(tmp_path / "out", "cloudwatch")["rules"]] == ["aws_root_login"]
    assert "aws_any_mention on cloudwatch" in result.stderr


def test_a_failing_build_leaves_the_old_bundle(mine: Path, tmp_path: Path) -> None:
    qdet("build", "--rules", mine, "--out", tmp_path / "out")
    before = files(tmp_path / "out")
    (mine / "aws_zz_broken.yml").write_text(MINE.replace("condition: selection", "condition: nothing").replace("4e11", "4e13"))
    result = qdet("build", "--rules", mine, "--out", tmp_path / "out")
    assert "aws_zz_broken.yml" in str(result.exception)
    assert files(tmp_path / "out") == before


def test_check_writes_nothing_and_names_what_differs(mine: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    result = qdet("build", "--rules", mine, "--out", out, "--check")
    assert result.return_value == cli.FINDINGS
    assert "splunk/manifest.json" in result.stdout.splitlines()
    assert not out.exists()
    qdet("build", "--rules", mine, "--out", out)
    assert qdet("build", "--rules", mine, "--out", out, "--check").return_value == cli.GOOD
    (mine / "aws_root_login.yml").write_text(MINE.replace("Root}", "IAMUser}"))
    result = qdet("build", "--rules", mine, "--out", out, "--check")
    assert result.return_value == cli.FINDINGS
    assert {line.split("/")[0] for line in result.stdout.splitlines()} == set(NAMES)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--target", "splnk"], "Did you mean 'splunk'?"),
        (["--target", "splunk", "--schema", "addon"], "--schema: splunk has no schema 'addon'"),
        (["--schema", "aws_adon"], "Did you mean 'aws_addon'?"),
        (["--name", "../evil"], "is no bundle name"),
        (["--placeholders", "rules.json"], "is not a mapping"),
    ],
)
def test_unusable_arguments_are_named(
    mine: Path, tmp_path: Path, arguments: list[str], message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "rules.json").write_text("[]")
    assert message in str(qdet("build", "--rules", mine, "--out", "out", *arguments).exception)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("name", ["aws root login", "x]", "aws.root", "-aws", "a" * 121])
def test_a_name_that_could_leave_its_place_is_refused(mine: Path, tmp_path: Path, name: str) -> None:
    (mine / "aws_root_login.yml").rename(mine / f"{name}.yml")
    assert "is no name of letters" in str(qdet("build", "--rules", mine, "--out", tmp_path / "out").exception)
    assert "is no name of letters" in str(qdet("convert", mine / f"{name}.yml", "--target", "splunk").exception)


def test_a_generated_rule_cannot_smuggle_a_stanza(mine: Path, tmp_path: Path) -> None:
    """With `generate: true` a base rule alerts under its `name`, which is text of the rule's author."""
    base = MINE + "name: 'x]\\n[evil'\n"
    correlation = """
title: Many
id: 5b1f8e0e-54e7-4a1c-9d53-2b6f0c9a4e16
correlation: {type: event_count, rules: [5b1f8e0e-54e7-4a1c-9d53-2b6f0c9a4e11], timespan: 10m, condition: {gte: 3}, generate: true}
level: high
"""
    (mine / "aws_root_login.yml").write_text(base + "---" + correlation)
    assert "is no name of letters" in str(qdet("build", "--rules", mine, "--out", tmp_path / "out").exception)


def test_two_rules_of_one_stem_are_refused(mine: Path, tmp_path: Path) -> None:
    (mine / "again").mkdir()
    (mine / "again" / "aws_root_login.yml").write_text(MINE)
    assert "same stem" in str(qdet("build", "--rules", mine, "--out", tmp_path / "out").exception)
