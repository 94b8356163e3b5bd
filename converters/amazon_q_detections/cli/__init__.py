"""The command `qdet`: one file a command, loaded only when it is asked for."""

from __future__ import annotations

import gc
import signal
import sys
from importlib import import_module
from typing import Any

import click

from amazon_q_detections import __version__
from amazon_q_detections.cli import console
from amazon_q_detections.errors import QdetError, did_you_mean

GOOD, FINDINGS, UNUSABLE, UNREADABLE = 0, 1, 2, 3
"""Exit codes: all well; a finding; unusable input or arguments; something in an archive could not be read."""

_COMMANDS = {
    "build": "Compile the rules and write one bundle per target.",
    "check": "Judge rules, events and pipelines without running a query.",
    "convert": "Print the query of a rule for one target.",
    "hunt": "Run the rules over CloudTrail archives.",
    "list": "List rules, targets, schemas or engines.",
    "test": "Run every fixture event against its rule.",
}


class _Lazy(click.Group):
    """A group that imports a command's module when the command is run, so that `--help` stays quick."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002  # click's signature
        return sorted(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in _COMMANDS:
            return super().get_command(ctx, cmd_name)
        command: click.Command = import_module(f"{__name__}.{cmd_name}_command").command
        return command

    def resolve_command(self, ctx: click.Context, args: list[str]) -> tuple[str | None, click.Command | None, list[str]]:
        name = args[0]
        if name not in _COMMANDS and not name.startswith("-"):
            ctx.fail(f"No such command {name!r}. {did_you_mean(name, _COMMANDS)}")
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, _COMMANDS[name]) for name in self.list_commands(ctx)])


@click.group(
    cls=_Lazy,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Exit codes: 0 good; 1 findings; 2 unusable input; 3 something in an archive could not be read.",
)
@click.version_option(__version__, prog_name="qdet")
def app() -> None:
    """Sigma rules for Amazon Q on CloudTrail: build bundles for Splunk, OpenSearch and CloudWatch Logs
    Insights, check and test rules, and hunt through CloudTrail archives.

    \b
    First steps:
      qdet list rules                         what is there
      qdet convert RULE.yml --target splunk   the query of one rule
      qdet build --out bundles                all bundles
      qdet hunt AWSLogs/                      what the rules would have raised
    """


def main() -> None:
    """Run `qdet`; errors of ours go to stderr without a traceback, exit code 2."""
    # Collecting garbage while thousands of small rule objects are made costs more than it frees.
    gc.disable()
    console.take_over()
    for name in ("SIGTERM", "SIGHUP"):
        number = getattr(signal, name, None)
        if number is not None and signal.getsignal(number) is signal.SIG_DFL:  # nohup ignores the latter
            signal.signal(number, _leave)
    sys.exit(_run())


def _leave(number: int, _: object) -> None:
    """End in order, so that what is half done is taken back; once, since that must not be interrupted."""
    signal.signal(number, signal.SIG_IGN)
    sys.exit(128 + number)


def _run() -> int:
    try:
        result: Any = app(standalone_mode=False)
    except click.exceptions.NoArgsIsHelpError as error:
        for text in error.format_message().split("\n"):
            console.talk(text)
        return UNUSABLE
    except click.ClickException as error:
        usage = ""
        if isinstance(error, click.UsageError) and error.ctx is not None:
            usage = f"{error.ctx.get_usage()}\nTry '{error.ctx.command_path} --help' for help.\n\n"
        for text in f"{usage}Error: {error.format_message()}".expandtabs().split("\n"):
            console.talk(text)
        return UNUSABLE
    except (click.Abort, KeyboardInterrupt):
        console.talk("Interrupted.")
        return 128 + signal.SIGINT
    except QdetError as error:
        console.talk(f"Error: {error}")
        return UNUSABLE
    except OSError as error:
        console.talk(f"Error: {error.filename or 'stdout'}: {error.strerror or error}.")
        return UNUSABLE
    return result if isinstance(result, int) else GOOD
