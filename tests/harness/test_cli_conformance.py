"""``pulumi-localaws conformance``: usage, the choice of an endpoint, and a run on a local AWS."""

import re
import signal
import subprocess

import pytest
from botocore import UNSIGNED
from cli_process import cli_command
from pulumi_localaws import cli
from pulumi_localaws.conformance.backend import Backend
from pulumi_localaws.conformance.resources import NAME_PREFIX
from pulumi_localaws.local_aws import LocalAws

pytestmark = pytest.mark.backends("embedded")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "one of the arguments --endpoint --aws-account-id is required"),
        (
            ["--endpoint", "localhost:1"],
            "'localhost:1' is not the URL of a server. Allowed: http://HOST:PORT",
        ),
        (["--endpoint", "http://a:x"], "'http://a:x' is not the URL of a server"),
        (["--endpoint", "http://a/b"], "'http://a/b' is not the URL of a server"),
        (["--endpoint", "https://cognito-idp.eu-west-1.amazonaws.com"], "is AWS. Use --aws-account-id ID"),
        (["--endpoint", "https://cognito-idp.eu-west-1.amazonaws.com."], "is AWS. Use --aws-account-id ID"),
        (["--aws-account-id", "1"], "'1' is not an account ID. Allowed: 12 digits"),
        (["--endpoint", "http://a", "--aws-account-id", "123456789012"], "not allowed with argument"),
        (["--endpoint", "http://a", "--fact", "x"], "'x' is not the number of a line, such as 23"),
        (["--endpoint", "http://a", "--fact", "4"], "--fact 4: it is not run, because a federated sign-in"),
        (["--endpoint", "http://a", "--fact", "999"], "--fact 999: there is no such fact. Allowed: 1, 2"),
        (["--endpoint", "http://a", "--header", "x"], "'x' does not have the form NAME:VALUE"),
        (["--endpoint", "http://a", "--", "sh"], "conformance does not accept a command after --"),
    ],
)
def test_wrong_usage_is_64(capsys: pytest.CaptureFixture[str], arguments: list[str], message: str) -> None:
    code = cli.main(["conformance", *arguments])

    assert code == 64
    assert message in capsys.readouterr().err


def test_help_has_the_exit_codes(capsys: pytest.CaptureFixture[str]) -> None:
    cli.main(["conformance", "--help"])

    text = capsys.readouterr().out
    assert re.findall(r"^  (\d+)  +\w", text, re.MULTILINE) == ["0", "1", "64", "130"]


def test_endpoint_that_does_not_respond_is_1(capsys: pytest.CaptureFixture[str]) -> None:
    code = cli.main(["conformance", "--endpoint", "http://127.0.0.1:1"])

    assert code == 1
    message = (
        "--endpoint must be the URL of a running server. Got: http://127.0.0.1:1, which does not respond"
    )
    assert message in capsys.readouterr().err


def test_aws_is_not_the_endpoint_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:4566")
    backend = Backend(endpoint="", region="eu-west-1", headers={})

    clients = [backend.client("cognito-idp"), backend.unsigned_client("cognito-idp"), backend.client("sts")]

    assert [client.meta.endpoint_url for client in clients] == [
        "https://cognito-idp.eu-west-1.amazonaws.com",
        "https://cognito-idp.eu-west-1.amazonaws.com",
        "https://sts.eu-west-1.amazonaws.com",
    ]
    assert clients[1].meta.config.signature_version is UNSIGNED


class FakeSts:
    def get_caller_identity(self) -> dict[str, str]:
        return {"Account": "210987654321"}


def test_other_account_is_1(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Backend, "client", lambda self, service: FakeSts())

    code = cli.main(["conformance", "--aws-account-id", "123456789012"])

    assert code == 1
    message = "Got: 123456789012; your credentials belong to 210987654321. Change one of them."
    assert message in capsys.readouterr().err


@pytest.mark.long
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_interrupted_run_leaves_nothing(localaws: LocalAws, number: signal.Signals) -> None:
    command = cli_command("conformance", "--endpoint", localaws.endpoint)
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    first_line = (
        process.stdout.readline()
    )  # the first fact has created a pool, a function, a queue and a role

    process.send_signal(number)
    _, errors = process.communicate(timeout=60)

    assert first_line.startswith("+   1 holds")
    assert (process.returncode, errors.splitlines()[-1]) == (130, "Stopped.")
    assert "not deleted" not in errors
    assert [name for name in list_names(localaws) if name.startswith(NAME_PREFIX)] == []


def list_names(local_aws: LocalAws) -> list[str]:
    """Return the names of all pools, functions, roles and queues."""
    pools = local_aws.client("cognito-idp").list_user_pools(MaxResults=60)["UserPools"]
    functions = local_aws.client("lambda").list_functions()["Functions"]
    roles = local_aws.client("iam").list_roles()["Roles"]
    queues = local_aws.client("sqs").list_queues().get("QueueUrls", [])
    return [
        *(pool["Name"] for pool in pools),
        *(function["FunctionName"] for function in functions),
        *(role["RoleName"] for role in roles),
        *(url.rpartition("/")[2] for url in queues),
    ]
