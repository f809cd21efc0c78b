"""`userprofiles outputs`: write what a client needs of a stack's outputs."""

import argparse
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from userprofiles.backfill.command.exit_code import ExitCode
from userprofiles.commands import client_outputs
from userprofiles.commands.client_outputs import ClientOutputsError

if TYPE_CHECKING:
    from userprofiles.backfill.command.argument_parser import CommandParser

_EPILOG = """examples:
  pulumi stack output --json | userprofiles outputs --format env > .env
  userprofiles outputs --format amplify --outputs outputs.json > amplify_outputs.json

exit codes:
  0   done
  1   the outputs can't be read, or lack what a client needs
  64  wrong usage"""

_PREFIX = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def add_parser(commands: Any) -> None:
    """Add the command to the commands of a parser."""
    parser: CommandParser = commands.add_parser(
        "outputs",
        help="write what a client needs: IDs, region and URL",
        description="Write what a client needs of a stack's outputs: region, user pool, app client, API.",
        epilog=_EPILOG,
    )
    parser.add_argument("--format", required=True, choices=["env", "amplify"], help="format of the output")
    parser.add_argument(
        "--outputs",
        "--stack-file",
        dest="stack_file",
        default="-",
        metavar="FILE",
        help="JSON of `pulumi stack output --json`, or the file of `pulumi-localaws up --outputs`; "
        "- is standard input (default)",
    )
    parser.add_argument(
        "--client", metavar="NAME", help="further app client (default: the pool's first app client)"
    )
    parser.add_argument(
        "--prefix",
        type=_prefix,
        metavar="P",
        help="start of each name in the format env, such as VITE_",
    )
    parser.set_defaults(execute=execute, parser=parser)


def _prefix(text: str) -> str:
    if not _PREFIX.fullmatch(text):
        raise argparse.ArgumentTypeError(
            f"must consist of letters, digits and underscores, and not begin with a digit; got {text!r}"
        )
    return text


def execute(values: argparse.Namespace) -> ExitCode:
    """Write the outputs to standard output, or an error to standard error."""
    if values.format == "amplify" and values.prefix:
        values.parser.error("--prefix can be used only with --format env. Remove it.")
    try:
        outputs = client_outputs.parse(_read(values), values.client)
        text = (
            client_outputs.amplify_file(outputs)
            if values.format == "amplify"
            else client_outputs.env_file(outputs, values.prefix or "")
        )
    except ClientOutputsError as error:
        sys.stderr.write(f"Error: {error}\n")
        return ExitCode.FAILED
    sys.stdout.write(text)
    return ExitCode.DONE


def _read(values: argparse.Namespace) -> str:
    if values.stack_file == "-" and sys.stdin.isatty():
        values.parser.error(
            "--outputs is missing, and standard input is a terminal. Use: pulumi stack output --json | "
            f"userprofiles outputs --format {values.format}"
        )
    try:
        if values.stack_file == "-":
            return sys.stdin.read()
        return Path(values.stack_file).read_text(encoding="utf-8")
    except UnicodeDecodeError:
        raise ClientOutputsError("The outputs are not UTF-8 text. Use: pulumi stack output --json") from None
    except OSError as error:
        raise ClientOutputsError(
            f"--outputs {values.stack_file} can't be read: {error.strerror}. Use a readable file."
        ) from None
