"""What the documents claim, held against the code."""

import re
from pathlib import Path

import pytest
import queries_page

from amazon_q_detections import content, ruleset
from amazon_q_detections.targets.splunk.assumptions import ASSUMPTIONS as SPLUNK
from sigma.backends.cloudwatch_logs_insights.assumptions import ASSUMPTIONS as CLOUDWATCH

Assumptions = dict[str, tuple[str, str]]

CHECKOUT = Path(__file__).resolve().parents[1]
README = (CHECKOUT / "README.md").read_text()
SEMANTICS = (CHECKOUT / "docs" / "semantics.md").read_text()
COMMANDS = (CHECKOUT / "docs" / "commands.md").read_text()
RULES = ruleset.load([content.folder("sigma_rules")])


def rows(heading: str) -> dict[str, tuple[str, str]]:
    """What the page's table under *heading* says of each assumption: the sentence, and the query."""
    section = re.search(rf"^### {heading}$(.*?)^#", SEMANTICS, re.MULTILINE | re.DOTALL)
    assert section
    found = (re.fullmatch(r"\| `(\w+)` \| (.+?) \| (.+) \|", line) for line in section[1].splitlines())
    return {row[1]: (row[2], row[3].replace("\\|", "|").strip("`")) for row in found if row}


@pytest.mark.parametrize(("heading", "assumptions"), [("CloudWatch Logs Insights", CLOUDWATCH), ("Splunk", SPLUNK)])
def test_every_assumption_is_listed_with_a_query_that_settles_it(heading: str, assumptions: Assumptions) -> None:
    written = {
        name: (sentence[0].lower() + sentence[1:-1] if not sentence.startswith(("AWS", "JSON")) else sentence[:-1], query)
        for name, (sentence, query) in assumptions.items()
    }
    assert rows(heading) == written


def test_the_readme_lists_every_folder_of_rules() -> None:
    listed = set(re.findall(r"^\| `(\w+)` \|", README, re.MULTILINE))
    assert listed == {one.category for one in RULES}


@pytest.mark.parametrize("claim", ["closed to new customers", "CC BY 4.0", "make build", "make test"])
def test_the_readme_says_in_its_first_lines_what_this_is(claim: str) -> None:
    assert claim in README[:1500]


@pytest.mark.parametrize("path", sorted(re.findall(r"\]\(([\w./-]+?)(?:#[\w-]+)?\)", README)))
def test_links_of_the_readme_lead_somewhere(path: str) -> None:
    assert (CHECKOUT / path).exists()


@pytest.mark.parametrize("command", ["build", "check", "convert", "hunt", "list", "test"])
def test_every_command_has_its_keys_documented(command: str) -> None:
    assert re.search(rf"^\| `?{command}\b|^\| `build`, `{command}`|^\| `{command} ", COMMANDS, re.MULTILINE)


def test_every_allow_list_is_described() -> None:
    described = set(re.findall(r"^\| `(amazonq_\w+)` \|", (CHECKOUT / "docs" / "rules.md").read_text(), re.MULTILINE))
    assert described == {name for one in RULES for name in one.needed_placeholders}


def test_rules_named_in_the_readme_exist() -> None:
    for path in re.findall(r"sigma_rules/\w+/\w+\.yml", README):
        assert (CHECKOUT / path).is_file()


def test_the_page_of_queries_shows_what_the_rules_compile_to() -> None:
    assert queries_page.PAGE.read_text() == queries_page.text(), "make docs"
    assert sum(one.is_correlation for one in RULES if one.stem in queries_page.STEMS) >= 2
