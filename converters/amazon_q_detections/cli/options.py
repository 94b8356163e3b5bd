"""Options that several commands share, and the rules and events that they choose."""

from __future__ import annotations

import glob
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from amazon_q_detections import content, ruleset
from amazon_q_detections.cli import console
from amazon_q_detections.errors import ContentError, did_you_mean, nearest

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence, Set

    from amazon_q_detections.rule import Rule

_EXISTING = click.Path(exists=True, path_type=Path)
_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


class _RulePath(click.Path):
    """A file or folder of rules, or the stem of a built-in rule."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        shipped = content.folder("sigma_rules")
        if not Path(value).exists() and (found := next(shipped.glob(f"*/{glob.escape(str(value))}.yml"), None)):
            return found
        return super().convert(value, param, ctx)


RULE_PATH = _RulePath(exists=True, path_type=Path)
"""What names a rule on a command line."""

Decorated = Any


def quiet(command: Decorated) -> Decorated:
    """`-q/--quiet`."""
    return click.option("-q", "--quiet", is_flag=True, help="Say nothing on stderr but errors.")(command)


def as_json(command: Decorated) -> Decorated:
    """`--json`."""
    return click.option("--json", "as_json", is_flag=True, help="One JSON object a line on stdout.")(command)


def url(command: Decorated) -> Decorated:
    """`--url`."""
    return click.option("--url", metavar="URL", help="A running OpenSearch for that engine, instead of one of its own.")(
        command
    )


def rules(command: Decorated) -> Decorated:
    """`--rules`, `--with-builtin` and `--placeholders`."""
    command = click.option(
        "--placeholders",
        type=_FILE,
        metavar="FILE",
        help="Your allow-lists, YAML: `name: [value, …]`. A rule whose list is unset is not compiled or run.",
    )(command)
    command = click.option("--with-builtin", is_flag=True, help="With --rules: the built-in rules too.")(command)
    return click.option(
        "--rules", "rule_dirs", multiple=True, type=_EXISTING, metavar="DIR",
        help="Your own rules instead of the built-in ones; repeatable.",
    )(command)  # fmt: skip


def events(command: Decorated) -> Decorated:
    """`--events`."""
    return click.option(
        "--events", "event_dirs", multiple=True, type=_EXISTING, metavar="DIR",
        help="Events files of your own rules; repeatable.",
    )(command)  # fmt: skip


def chosen_rules(
    paths: Sequence[Path],
    rule_dirs: Sequence[Path],
    with_builtin: bool,
    placeholders: Mapping[str, tuple[str, ...]],
    *,
    quiet: bool,
    strict: bool = True,
    unusable: Callable[[ContentError], None] | None = None,
    silenced: Callable[[Rule], None] = lambda _: None,
) -> list[Rule]:
    """The rules that *paths* name, else those of `--rules`, else the built-in ones.

    References of correlations are looked up in `--rules` and in the built-in rules as well. *unusable* is told of each
    file that gives no rule, and the rest goes on; *silenced* of each rule that raises no alerts because a correlation of
    another file counts it. Raises ContentError without it, where there is no rule, and, when
    *strict*, for a fault in a rule's form.
    """
    builtin = content.folder("sigma_rules")
    places = [*(paths or rule_dirs or [builtin]), *([builtin] if with_builtin else [])]
    if not any(True for _ in content.yaml_files(places)):
        raise ContentError(", ".join(map(str, places)), "holds no rule.", mend="A rule is a .yml file.")
    library = [*rule_dirs, builtin]
    rules, silent = None, list[tuple["Rule", "Rule"]]()
    while rules is None:
        silent.clear()
        try:
            rules = ruleset.load(
                places,
                placeholders=placeholders,
                library=library,
                strict=strict,
                silenced=lambda *pair: silent.append(pair),
            )
        except ContentError as error:
            file = Path(error.where).resolve()
            if unusable is None or file not in (path.resolve() for path in content.yaml_files([*places, *library])):
                raise
            unusable(error)
            places, library = (
                [path for path in content.yaml_files(among) if path.resolve() != file] for among in (places, library)
            )
    for rule, correlation in silent:
        silenced(rule)
        console.talk(
            f"{rule.stem}: raises no alerts of its own, since {correlation.stem} counts it without `generate: true`.",
            quiet=quiet,
        )
    if not paths:  # one list serves many rules, of which some are asked for
        _check_placeholders(placeholders.keys(), {name for rule in rules for name in rule.needed_placeholders}, quiet=quiet)
    return rules


def _check_placeholders(given: Set[str], needed: Set[str], *, quiet: bool) -> None:
    """Name the lists that no rule has; raises ContentError for one whose name is probably a slip."""
    for name in sorted(given - needed):
        message = f"no rule has the placeholder {name!r}."
        if nearest(name, needed) is not None:
            raise ContentError("--placeholders", message, mend=did_you_mean(name, needed))
        console.talk(f"--placeholders: {message}", quiet=quiet)


def chosen_events(
    paths: Sequence[Path], rule_dirs: Sequence[Path], event_dirs: Sequence[Path], with_builtin: bool
) -> list[Path]:
    """The folders whose events files belong to the chosen rules; empty when a user's rules have none."""
    builtin = content.folder("events")
    if event_dirs:
        return [*event_dirs, *([builtin] if with_builtin else [])]
    rules_home = content.folder("sigma_rules").resolve()
    foreign = [place for place in (paths or rule_dirs) if not place.resolve().is_relative_to(rules_home)]
    return [] if foreign and not with_builtin else [builtin]
