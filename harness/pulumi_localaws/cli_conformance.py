"""The command ``conformance``: facts about Cognito, run on any endpoint."""

import argparse
import datetime as dt
import os
import re
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

_EXIT_SUCCESS, _EXIT_FAILURE, _EXIT_USAGE, _EXIT_INTERRUPTED = 0, 1, 64, 130

_DESCRIPTION = """\
Run the facts of docs/cognito-behaviour.md on a Cognito endpoint, and print which of them hold there.

The facts create user pools, and if they need triggers, functions, queues, roles and keys. Their names begin
with localaws-conformance- and an ID of this run. At the end, also after Ctrl-C, they are deleted. Nothing
else is changed.

An endpoint is called with the keys test/test, and without proxies. AWS is called with the credentials of your
environment; --aws-account-id must then be the ID of their account.
"""

_EPILOG = """\
examples:
  pulumi-localaws conformance --endpoint http://127.0.0.1:4566
  pulumi-localaws conformance --endpoint http://127.0.0.1:9229 --code 123456    (cognito-local, CODE=123456)
  pulumi-localaws conformance --aws-account-id 123456789012 --region eu-west-1

exit codes:
  0    every fact that was tried holds, and everything was deleted
  1    a fact does not hold, no fact could be tried, a resource was not deleted, or the endpoint can't be used
  64   wrong usage: the command line itself is wrong
  130  Ctrl-C
"""


def add_conformance_parser(commands: Any) -> argparse.ArgumentParser:
    """Add the command to the parsers of all commands."""
    parser: argparse.ArgumentParser = commands.add_parser(
        "conformance",
        help="run facts about Cognito on any endpoint",
        description=_DESCRIPTION,
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    target = parser.add_mutually_exclusive_group(required=True)
    target.add_argument(
        "--endpoint", type=_parse_endpoint, metavar="URL", help="the URL of a Cognito other than AWS"
    )
    target.add_argument(
        "--aws-account-id",
        type=_parse_account_id,
        metavar="ID",
        help="run on AWS, in this account (a few cents; some minutes)",
    )
    parser.add_argument(
        "--region", metavar="NAME", help="region (default: AWS_REGION, AWS_DEFAULT_REGION or us-east-1)"
    )
    parser.add_argument(
        "--fact",
        action="append",
        type=_parse_line,
        default=[],
        metavar="N",
        help="run only the facts of this line of docs/cognito-behaviour.md (repeatable)",
    )
    parser.add_argument(
        "--code", default="", metavar="CODE", help="the code of all messages, if the endpoint uses a constant"
    )
    parser.add_argument(
        "--header",
        action="append",
        type=_parse_header,
        default=[],
        metavar="NAME:VALUE",
        help="header of each request to the endpoint (repeatable)",
    )
    parser.add_argument(
        "--backend", default="", metavar="'NAME VERSION'", help="what the endpoint is, if it does not say so"
    )
    parser.add_argument("--json", action="store_true", help="print JSON on standard output")
    return parser


def _parse_endpoint(text: str) -> str:
    try:
        url = urlsplit(text)
        is_url = url.scheme in {"http", "https"} and bool(url.hostname) and url.port != 0
    except ValueError:
        is_url = False
    if not is_url or url.path not in {"", "/"} or url.query or url.fragment:
        raise argparse.ArgumentTypeError(
            f"{text!r} is not the URL of a server. Allowed: http://HOST:PORT or https://HOST:PORT"
        )
    if (url.hostname or "").rstrip(".").endswith((".amazonaws.com", ".amazonaws.com.cn", ".api.aws")):
        raise argparse.ArgumentTypeError(
            f"{text!r} is AWS. Use --aws-account-id ID instead, and set the region by --region"
        )
    return text.rstrip("/")


def _parse_account_id(text: str) -> str:
    if not re.fullmatch(r"\d{12}", text):
        raise argparse.ArgumentTypeError(f"{text!r} is not an account ID. Allowed: 12 digits")
    return text


def _parse_line(text: str) -> int:
    if not text.isdigit():
        raise argparse.ArgumentTypeError(f"{text!r} is not the number of a line, such as 23")
    return int(text)


def _parse_header(text: str) -> tuple[str, str]:
    name, separator, value = text.partition(":")
    if not name.strip() or not separator:
        raise argparse.ArgumentTypeError(f"{text!r} does not have the form NAME:VALUE")
    return name.strip(), value.strip()


def run_conformance(options: argparse.Namespace) -> int:
    """Run the facts, print the table, and return the exit code."""
    # Imported late: --help does not need these packages.
    from pulumi_localaws.conformance.backend import Backend, BackendError  # noqa: PLC0415
    from pulumi_localaws.conformance.fact import load_facts  # noqa: PLC0415
    from pulumi_localaws.conformance.not_run import NOT_RUN  # noqa: PLC0415

    facts = load_facts()
    lines = {entry.line for entry in facts}
    for line in options.fact:
        if line not in lines:
            reason = f"it is not run, because {NOT_RUN[line]}" if line in NOT_RUN else "there is no such fact"
            allowed = ", ".join(map(str, sorted(lines)))
            _print_status(f"pulumi-localaws conformance: --fact {line}: {reason}. Allowed: {allowed}")
            return _EXIT_USAGE
    region = options.region or os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION")
    backend = Backend(
        endpoint=options.endpoint or "",
        region=region or "us-east-1",
        headers=dict(options.header),
        code=options.code,
        label=options.backend,
    )
    try:
        with _interrupt_on_termination():
            _check_account(backend, options.aws_account_id)
            return _run(
                backend, [f for f in facts if f.line in options.fact or not options.fact], options.json
            )
    except KeyboardInterrupt:
        _print_status("Stopped.")
        return _EXIT_INTERRUPTED
    except BackendError as error:
        _print_status(f"pulumi-localaws conformance: {error}")
        return _EXIT_FAILURE


def _run(backend: Any, facts: list[Any], as_json: bool) -> int:
    from pulumi_localaws.conformance.report import Table, format_outcome, is_success  # noqa: PLC0415
    from pulumi_localaws.conformance.runner import Outcome, run_facts  # noqa: PLC0415

    name, version = backend.describe()
    target = backend.endpoint or backend.region
    _print_status(f"{len(facts)} facts on {name} {version} at {target}")

    def print_outcome(outcome: Outcome) -> None:
        if as_json:
            _print_status(f"{outcome.fact.line:>3} {outcome.result}")
        else:
            print(format_outcome(outcome), flush=True)  # noqa: T201 the command's result

    run = run_facts(backend, facts, print_outcome)
    table = Table(name, version, target, dt.datetime.now(tz=dt.UTC).date().isoformat(), run)
    for resource in run.undeleted:
        _print_status(f"not deleted: {resource}")
    print(table.to_json() if as_json else table.summarize())  # noqa: T201 the command's result
    if run.is_interrupted:
        _print_status("Stopped.")
        return _EXIT_INTERRUPTED
    return _EXIT_SUCCESS if is_success(run) else _EXIT_FAILURE


def _check_account(backend: Any, account_id: str | None) -> None:
    """Compare the account of the caller's credentials with the option.

    Raises:
        BackendError: They differ, or there are no valid credentials.
    """
    if not account_id:
        return
    from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415

    from pulumi_localaws.conformance.backend import BackendError  # noqa: PLC0415

    try:
        actual = backend.client("sts").get_caller_identity()["Account"]
    except (BotoCoreError, ClientError) as error:
        raise BackendError(
            f"AWS credentials are required for --aws-account-id. {error}. Sign in first, for example with"
            " `aws sso login`, and set AWS_PROFILE."
        ) from error
    if actual != account_id:
        raise BackendError(
            f"--aws-account-id must be the account of your credentials. Got: {account_id}; your credentials"
            f" belong to {actual}. Change one of them."
        )


@contextmanager
def _interrupt_on_termination() -> Iterator[None]:
    """Let SIGTERM, and SIGINT that a shell ignores for background jobs, stop the run like Ctrl-C."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    previous_handlers = {number: signal.signal(number, signal.default_int_handler) for number in numbers}
    try:
        yield
    finally:
        for number, handler in previous_handlers.items():
            signal.signal(number, handler)


def _print_status(text: str) -> None:
    print(text, file=sys.stderr, flush=True)  # noqa: T201 the command's own status
