"""Runs a Pulumi program on a local AWS, without the Pulumi CLI, Docker or an account."""

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NoReturn

from pulumi_localaws.origins import parse_origin

DONE, FAILED, USAGE = 0, 1, 64

_EPILOG = """\
exit codes:
  0    done: up served until Ctrl-C, the CMD of run returned 0
  1    could not start or go on (port in use, bad settings, the program failed); nothing is left running
  64   wrong usage
  127  run: CMD isn't there
  130  up: Ctrl-C ended it before it was ready; run: Ctrl-C ended it
Any other one is the exit code of run's CMD.

A secret of the stack's settings (`secure:`) needs PULUMI_CONFIG_PASSPHRASE or PULUMI_CONFIG_PASSPHRASE_FILE.
"""

_RUN_DESCRIPTION = """\
Starts a local AWS, deploys the program, runs CMD, and takes all down. CMD sees:
  AWS_ENDPOINT_URL and dummy credentials, no AWS_* variable or file of yours
  PULUMI_LOCALAWS_ENDPOINT     the same URL
  PULUMI_LOCALAWS_OUTPUTS      the path of a JSON file {"endpoint": ..., "outputs": {...}}
  PULUMI_OUTPUT_<NAME>         each export: userPoolId is PULUMI_OUTPUT_USER_POOL_ID; an object or list is
  JSON
"""


class _Parser(argparse.ArgumentParser):
    """Ends with 64 where argparse has 2, which is a partial success in our commands."""

    def error(self, message: str) -> NoReturn:
        self.print_usage(sys.stderr)
        self.exit(USAGE, f"{self.prog}: {message}\n")


def _parser() -> argparse.ArgumentParser:
    raw = argparse.RawDescriptionHelpFormatter
    parser = _Parser(prog="pulumi-localaws", description=__doc__, epilog=_EPILOG, formatter_class=raw)
    commands = parser.add_subparsers(dest="command", required=True, metavar="up | run | types")
    up = commands.add_parser(
        "up",
        help="start a local AWS, deploy, and serve until Ctrl-C",
        description="Starts a local AWS, deploys the program, and serves until Ctrl-C.",
        epilog=_EPILOG,
        formatter_class=raw,
    )
    _common(up, port=4566)
    up.add_argument(
        "--outputs",
        type=Path,
        metavar="FILE.json",
        help="write the endpoint and the exports to this file when all is ready; it goes at the end",
    )
    run = commands.add_parser(
        "run",
        usage="pulumi-localaws run [-h] [--stack NAME] [--port N] [--config KEY=VALUE] [--env NAME=VALUE]\n"
        "                           [--allow-origin ORIGIN] [--log FILE] [--quiet]\n"
        "                           [DIR] -- CMD ...",
        help="the same around a command",
        description=_RUN_DESCRIPTION,
        epilog=_EPILOG,
        formatter_class=raw,
    )
    _common(run, port=0)
    types = commands.add_parser(
        "types", help="list what can be made", description="Lists the supported resource types."
    )
    types.add_argument(
        "--json", action="store_true", help="as JSON, with the inputs and outputs of each type"
    )
    return parser


def _common(parser: argparse.ArgumentParser, *, port: int) -> None:
    parser.add_argument(
        "directory",
        nargs="?",
        default=".",
        type=Path,
        metavar="DIR",
        help="the Pulumi project (default: here)",
    )
    parser.add_argument("--stack", default="dev", metavar="NAME", help="Pulumi.NAME.yaml (default: dev)")
    parser.add_argument(
        "--port",
        default=port,
        type=_port,
        metavar="N",
        help=f"the public port; 0 is any free one (default: {port})",
    )
    parser.add_argument(
        "--config",
        action="append",
        default=[],
        type=_pair,
        metavar="KEY=VALUE",
        help="a config value over the stack's file; KEY without namespace is the project's",
    )
    parser.add_argument(
        "--env",
        action="append",
        default=[],
        type=_pair,
        metavar="NAME=VALUE",
        help="a variable for the program",
    )
    parser.add_argument(
        "--allow-origin",
        action="append",
        default=[],
        type=_origin,
        metavar="ORIGIN",
        help="a web page, such as https://shop.example.com, that may call the local AWS, as its root;"
        " pages of localhost may anyway",
    )
    parser.add_argument("--log", type=Path, metavar="FILE", help="keep the log of the local AWS in this file")
    parser.add_argument("--quiet", action="store_true", help="no line for each resource")


def _port(text: str) -> int:
    if not text.isdigit() or not 0 <= int(text) <= 65535:  # noqa: PLR2004 the highest port
        raise argparse.ArgumentTypeError(f"{text!r} is not a port; 0 to 65535 is allowed")
    return int(text)


def _origin(text: str) -> str:
    try:
        return parse_origin(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from error


def _pair(text: str) -> tuple[str, str]:
    key, found, value = text.partition("=")
    if not key or not found:
        raise argparse.ArgumentTypeError(f"{text!r} has no '='; KEY=VALUE is expected")
    return key, value


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command and return its exit code."""
    given = list(sys.argv[1:] if argv is None else argv)
    # What follows -- is CMD's own, whatever it looks like.
    own, command = (
        (given[: given.index("--")], given[given.index("--") + 1 :]) if "--" in given else (given, [])
    )
    parser = _parser()
    try:
        options = parser.parse_args(own)
        if options.command == "run" and not command:
            parser.error("run needs a command: pulumi-localaws run [DIR] -- CMD ...")
        if options.command != "run" and "--" in given:
            parser.error(f"only run takes a command after --, not {options.command}")
    except SystemExit as ended:
        return int(ended.code or 0)
    if options.command == "types":
        return _types(as_json=options.json)
    try:
        # Late: only these two need the harness.
        from pulumi_localaws.cli_session import run_command, serve  # noqa: PLC0415
    except ModuleNotFoundError as error:
        print(
            f"pulumi-localaws: the package {error.name} is missing:"
            " pip install 'pulumi-userprofiles[testing]' brings all that a local AWS needs.",
            file=sys.stderr,
        )
        return FAILED

    if options.command == "up":
        return serve(options)
    return run_command(options, command)


def _types(*, as_json: bool) -> int:
    # Late: a help text needs neither.
    from pulumi_localaws.resources.catalog import BY_TOKEN  # noqa: PLC0415
    from pulumi_localaws.resources.invokes import INVOKES  # noqa: PLC0415

    if as_json:
        document: dict[str, Any] = {
            "types": {
                token: {
                    "inputs": sorted(entry.inputs.fields),
                    "outputs": sorted({"id", *entry.outputs}),
                    "get": entry.read is not None,
                }
                for token, entry in sorted(BY_TOKEN.items())
            },
            "invokes": {
                token: {"inputs": sorted(entry.inputs.fields)} for token, entry in sorted(INVOKES.items())
            },
        }
        print(json.dumps(document, indent=2))
    else:
        print("\n".join(sorted(BY_TOKEN)))
        print("\ninvokes:")
        print("\n".join(f"  {token}" for token in sorted(INVOKES)))
    return DONE
