"""Run a Pulumi program on a local AWS, without the Pulumi CLI, Docker or an AWS account."""

import argparse
import json
import shlex
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NoReturn

from pulumi_localaws.cli_conformance import add_conformance_parser, run_conformance
from pulumi_localaws.origins import parse_origin

_EXIT_SUCCESS, _EXIT_FAILURE, _EXIT_USAGE = 0, 1, 64

_EPILOG = """\
exit codes:
  0    success: Ctrl-C stopped up after it was ready, or the CMD of run returned 0
  1    failure: port in use, invalid settings, a file or folder that does not exist, or an error of the
       program; nothing is left running
  64   wrong usage: the command line itself is wrong
  127  run: CMD was not found
  130  up: Ctrl-C before it was ready; run: Ctrl-C
run returns any other exit code of CMD unchanged.

Secrets in the stack's config (`secure:`) require PULUMI_CONFIG_PASSPHRASE or PULUMI_CONFIG_PASSPHRASE_FILE.
"""

_TYPES_EPILOG = """\
exit codes:
  0    success
  64   wrong usage: the command line itself is wrong
"""

_ATTACH_EPILOG = """\
exit codes:
  0    success: Ctrl-C, the end of the input, or with --once the end of the first function's stop
  1    failure: the folder of the connections can't be used
  64   wrong usage: the command line itself is wrong
"""

_RUN_DESCRIPTION = """\
Start a local AWS, deploy the program, run CMD, and stop the local AWS. The environment of CMD:
  AWS_ENDPOINT_URL and dummy credentials; none of your own AWS_* variables and AWS files
  PULUMI_LOCALAWS_ENDPOINT     the same URL
  PULUMI_LOCALAWS_OUTPUTS      path of a JSON file {"endpoint": ..., "outputs": {...}}
  PULUMI_OUTPUT_<NAME>         each export: userPoolId is PULUMI_OUTPUT_USER_POOL_ID; values other than
                               text are JSON; exports over 128 KiB are only in the file above
"""


class _Parser(argparse.ArgumentParser):
    """Exits with 64 on wrong usage: argparse's 2 means a partial success in our commands."""

    def error(self, message: str) -> NoReturn:
        self.print_usage(sys.stderr)
        self.exit(_EXIT_USAGE, f"{self.prog}: {message}\n")


class _VersionAction(argparse.Action):
    """Prints the version. It reads the package's metadata only when the option is used."""

    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> NoReturn:
        from importlib.metadata import version  # noqa: PLC0415  slow to import

        sys.stdout.write(f"pulumi-localaws {version('pulumi-userprofiles')}\n")
        parser.exit()


def _build_parser() -> argparse.ArgumentParser:
    raw = argparse.RawDescriptionHelpFormatter
    parser = _Parser(prog="pulumi-localaws", description=__doc__, epilog=_EPILOG, formatter_class=raw)
    commands = parser.add_subparsers(
        dest="command", required=True, metavar="up | run | types | attach | conformance"
    )
    up = commands.add_parser(
        "up",
        help="deploy the program to a local AWS and serve until Ctrl-C",
        description="Start a local AWS, deploy the program, and serve until Ctrl-C.",
        epilog=_EPILOG,
        formatter_class=raw,
    )
    _add_deployment_options(up, port=4566)
    up.add_argument(
        "--outputs",
        type=Path,
        metavar="FILE.json",
        help="file for the endpoint and the exports; written when the stack is ready, deleted on exit",
    )
    run = commands.add_parser(
        "run",
        usage="pulumi-localaws run [-h] [--version] [--stack NAME] [--port N] [--config KEY=VALUE]\n"
        "                           [--env NAME=VALUE] [--allow-origin ORIGIN] [--log FILE]\n"
        "                           [--debug-functions] [--quiet] [DIR] -- CMD ...",
        help="deploy the program to a local AWS and run a command with it",
        description=_RUN_DESCRIPTION,
        epilog=_EPILOG,
        formatter_class=raw,
    )
    _add_deployment_options(run, port=0)
    types = commands.add_parser(
        "types",
        help="list the supported resource types",
        description="List the supported resource types and invokes.",
        epilog=_TYPES_EPILOG,
        formatter_class=raw,
    )
    types.add_argument(
        "--json", action="store_true", help="print JSON, with the inputs and outputs of each type"
    )
    attach = commands.add_parser(
        "attach",
        help="debug functions that have stopped at breakpoint()",
        description="Connect this terminal to each function that stops at breakpoint(), one after the other."
        " Start the local AWS with --debug-functions. The commands are those of pdb.",
        epilog=_ATTACH_EPILOG,
        formatter_class=raw,
    )
    attach.add_argument("--once", action="store_true", help="end after the first function")
    conformance = add_conformance_parser(commands)
    for command in (parser, up, run, types, attach, conformance):
        command.add_argument("--version", action=_VersionAction, nargs=0, help="show the version and exit")
    return parser


def _add_deployment_options(parser: argparse.ArgumentParser, *, port: int) -> None:
    parser.add_argument(
        "directory",
        nargs="?",
        default=".",
        type=Path,
        metavar="DIR",
        help="folder of the Pulumi project (default: the current folder)",
    )
    parser.add_argument(
        "--stack",
        default="dev",
        metavar="NAME",
        help="stack name; its config is in Pulumi.NAME.yaml (default: dev)",
    )
    parser.add_argument(
        "--port",
        default=port,
        type=_parse_port,
        metavar="N",
        help=f"public port; 0 selects a free one (default: {port})",
    )
    parser.add_argument(
        "--config",
        action="append",
        default=[],
        type=_parse_pair,
        metavar="KEY=VALUE",
        help="config value that overrides the stack's file (repeatable); a KEY without a namespace is the"
        " project's; a VALUE that begins with [ or { is JSON",
    )
    parser.add_argument(
        "--env",
        action="append",
        default=[],
        type=_parse_pair,
        metavar="NAME=VALUE",
        help="environment variable for the program (repeatable)",
    )
    parser.add_argument(
        "--allow-origin",
        action="append",
        default=[],
        type=_parse_origin,
        metavar="ORIGIN",
        help="allowed web origin, such as https://shop.example.com (repeatable); its pages have the"
        " permissions of the account's root user; origins on localhost are always allowed",
    )
    parser.add_argument(
        "--log", type=Path, metavar="FILE", help="file that the log of the local AWS is appended to"
    )
    parser.add_argument(
        "--debug-functions",
        action="store_true",
        help="let breakpoint() in a Python function wait for `pulumi-localaws attach`, and let no function"
        " time out",
    )
    parser.add_argument("--quiet", action="store_true", help="do not print a line for each resource")


def _parse_port(text: str) -> int:
    if not text.isdigit() or not 0 <= int(text) <= 65535:  # noqa: PLR2004 the highest port
        raise argparse.ArgumentTypeError(f"{text!r} is not a port number; allowed: 0 to 65535")
    return int(text)


def _parse_origin(text: str) -> str:
    try:
        return parse_origin(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from error


def _parse_pair(text: str) -> tuple[str, str]:
    key, separator, value = text.partition("=")
    if not key or not separator:
        raise argparse.ArgumentTypeError(f"{text!r} does not have the form KEY=VALUE")
    return key, value


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command and return its exit code."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    # Everything after -- belongs to CMD, also what looks like an option of ours.
    has_separator = "--" in arguments
    end = arguments.index("--") if has_separator else len(arguments)
    command = arguments[end + 1 :]
    parser = _build_parser()
    try:
        if arguments[:1] == ["run"] and not has_separator:
            _reject_run_without_separator(parser, arguments)
        options, unknown = parser.parse_known_args(arguments[:end])
        if unknown:
            parser.error(
                f"{options.command} does not accept {' '.join(unknown)};"
                f" `pulumi-localaws {options.command} --help` lists what it accepts"
            )
        if options.command == "run" and not command:
            parser.error("run requires a command after --: pulumi-localaws run [DIR] -- CMD ...")
        if options.command != "run" and has_separator:
            parser.error(f"{options.command} does not accept a command after --; only run does")
    except SystemExit as exit_request:
        return int(exit_request.code or 0)
    try:
        return _run_command(options, command)
    except ModuleNotFoundError as error:
        print(
            f"pulumi-localaws: the package {error.name} is not installed."
            " Install all packages of the local AWS: pip install 'pulumi-userprofiles[testing]'",
            file=sys.stderr,
        )
        return _EXIT_FAILURE


def _run_command(options: argparse.Namespace, command: Sequence[str]) -> int:
    # Modules are imported late: types and --help need only a few of the packages.
    match options.command:
        case "types":
            return _print_types(as_json=options.json)
        case "attach":
            from pulumi_localaws.cli_attach import attach  # noqa: PLC0415

            return attach(once=options.once)
        case "conformance":
            return run_conformance(options)
        case "up":
            from pulumi_localaws.cli_session import serve  # noqa: PLC0415

            return serve(options)
        case _:
            from pulumi_localaws.cli_session import run_command  # noqa: PLC0415

            return run_command(options, command)


def _reject_run_without_separator(parser: argparse.ArgumentParser, arguments: Sequence[str]) -> NoReturn:
    """Exit with the corrected command line: everything after the folder is the command."""
    options, rest = parser.parse_known_args(arguments)
    directory = str(options.directory)
    is_folder = options.directory.is_dir()
    first = [Path(argument) for argument in arguments].index(Path(directory)) if directory in arguments else 0
    if not first or (is_folder and not rest):
        parser.error("run requires a command after --: pulumi-localaws run [DIR] -- CMD ...")
    begin = first + 1 if is_folder else first
    line = shlex.join(["pulumi-localaws", *arguments[:begin], "--", *arguments[begin:]])
    parser.error(f"run requires -- before the command: {line}")


def _print_types(*, as_json: bool) -> int:
    # Imported late: --help needs neither.
    from pulumi_localaws.resources.catalog import BY_TOKEN  # noqa: PLC0415
    from pulumi_localaws.resources.invokes import INVOKES  # noqa: PLC0415
    from pulumi_localaws.resources.lookups import LOOKUPS  # noqa: PLC0415

    invokes = {token: entry.inputs for token, entry in INVOKES.items()}
    invokes |= {token: entry.inputs for token, entry in LOOKUPS.items()}
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
                token: {"inputs": sorted(inputs.fields)} for token, inputs in sorted(invokes.items())
            },
        }
        print(json.dumps(document, indent=2))
    else:
        print("\n".join(sorted(BY_TOKEN)))
        print("\ninvokes:")
        print("\n".join(f"  {token}" for token in sorted(invokes)))
    return _EXIT_SUCCESS
