"""`qdet build`: bundles for the targets."""

from __future__ import annotations

from pathlib import Path

import click

from amazon_q_detections import build, content, targets
from amazon_q_detections.cli import FINDINGS, GOOD, console, options


@click.command("build")
@options.rules
@click.option(
    "--target", "target_names", multiple=True, metavar="T",
    help=f"Only this target; repeatable. One of {', '.join(target.name for target in targets.TARGETS)}.",
)  # fmt: skip
@click.option(
    "--schema", "schemas", multiple=True, metavar="S",
    help="The log schema, if not the target's first; repeatable. See `qdet list schemas`.",
)  # fmt: skip
@click.option("--name", default=build.DEFAULT_NAME, show_default=True, help="Name of the bundles.")
@click.option(
    "--out", default="dist", show_default=True, type=click.Path(file_okay=False, path_type=Path), metavar="DIR",
    help="Where each target gets its folder; an earlier bundle there is replaced.",
)  # fmt: skip
@click.option("--check", is_flag=True, help="Write nothing; exit 1 and list the paths that would change.")
@options.as_json
@options.quiet
def command(
    rule_dirs: tuple[Path, ...],
    with_builtin: bool,
    placeholders: Path | None,
    target_names: tuple[str, ...],
    schemas: tuple[str, ...],
    name: str,
    out: Path,
    check: bool,
    as_json: bool,
    quiet: bool,
) -> int:
    """Compile the rules and write one bundle per target to OUT/TARGET.

    All bundles are made before anything is written, and each replaces its folder as a whole. A rule that a target
    cannot say is named on stderr and in the bundle's manifest.json; so is a rule whose placeholders are unset.

    \b
    Examples:
      qdet build
      qdet build --target splunk --placeholders allow-lists.yml
      qdet build --rules my_rules --name acme_detections --out acme
      qdet build --check        # in CI: is dist/ what the rules give?
    """
    chosen = build.chosen_targets(target_names)
    rules = options.chosen_rules((), rule_dirs, with_builtin, content.read_placeholders(placeholders), quiet=quiet)
    with console.progress("Compiling", len(rules) * len(chosen), quiet=quiet) as step:
        bundles = build.make(rules, chosen, schemas=schemas, name=name, step=step)
    for made in bundles:
        _tell(made, as_json=as_json, quiet=quiet)
    undeclared = any(not refusal.declared for made in bundles for refusal in made.refusals)
    if check:
        changed = build.differences(bundles, out)
        for path in changed:
            console.json_line({"differs": path}) if as_json else console.line(path)
        if changed:
            console.talk(f"{len(changed)} files in {out} differ. Run `qdet build` and commit them.", quiet=quiet)
        return FINDINGS if changed or undeclared else GOOD
    build.write(bundles, out)
    for made in bundles:
        rules_and_files = f"{console.counted(len(made.compiled), 'rule')}, {console.counted(len(made.tree), 'file')}"
        console.talk(f"{out / made.target}: {rules_and_files}.", quiet=quiet)
    return FINDINGS if undeclared else GOOD


def _tell(made: build.Bundle, *, as_json: bool, quiet: bool) -> None:
    for refusal in made.refusals:
        if as_json:
            console.json_line({"stem": refusal.stem, "target": refusal.target, "refused": refusal.reason})
        # An undeclared refusal is a finding: it is said even to those who asked for silence.
        declared = " (declared by the rule)" if refusal.declared else ""
        console.talk(f"{refusal.stem} on {refusal.target}: {refusal.reason}{declared}", quiet=quiet and refusal.declared)
    for left in made.left_out:
        names = ", ".join(f"%{name}%" for name in left.placeholders)
        console.talk(f"{left.stem} on {made.target}: left out, {names} is unset (--placeholders FILE).", quiet=quiet)
