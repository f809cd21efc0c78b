"""No process of the harness inherits a variable that configures an AWS client."""

import os
import subprocess
import sys

import pytest
from pulumi_localaws.environment import caller_region, clean_environment, download_variables

pytestmark = pytest.mark.backends("embedded")

HOSTILE = {
    "AWS_PROFILE": "production",
    "AWS_DEFAULT_PROFILE": "production",
    "AWS_ACCESS_KEY_ID": "AKIAREAL",
    "AWS_SECRET_ACCESS_KEY": "real",
    "AWS_SESSION_TOKEN": "real",
    "AWS_ENDPOINT_URL": "https://aws.example",
    "AWS_ENDPOINT_URL_DYNAMODB": "https://dynamodb.example",
    "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "true",
    "AWS_CONFIG_FILE": "/home/somebody/.aws/config",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI": "https://credentials.example",
    "AWS_WEB_IDENTITY_TOKEN_FILE": "/token",
    "AWS_ROLE_ARN": "arn:aws:iam::123456789012:role/production",
    "AWS_USE_FIPS_ENDPOINT": "true",
    "AWS_REGION": "eu-central-1",
    "HTTP_PROXY": "http://proxy.example:3128",
    "HTTPS_PROXY": "http://proxy.example:3128",
    "https_proxy": "http://proxy.example:3128",
    "ALL_PROXY": "socks5://proxy.example",
    "LOCALSTACK_AUTH_TOKEN": "ls-token",
    "PYTHONPATH": "/somewhere",
    "PYTHONSTARTUP": "/somewhere/startup.py",
    "LD_PRELOAD": "",
    "PULUMI_ACCESS_TOKEN": "pul-real",
    "DOCKER_HOST": "tcp://docker.example",
}


@pytest.fixture
def hostile(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in HOSTILE.items():
        monkeypatch.setenv(name, value)


def test_aws_variables_proxies_and_tokens_of_the_caller_are_removed(hostile: None) -> None:
    environment = clean_environment(endpoint="http://127.0.0.1:4566")

    assert not {name: environment.get(name) for name in HOSTILE if environment.get(name) == HOSTILE[name]}
    aws = {name: value for name, value in environment.items() if name.startswith("AWS_")}
    assert aws == {
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_REGION": "us-east-1",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_ENDPOINT_URL": "http://127.0.0.1:4566",
    }
    assert "*" in (environment["NO_PROXY"], environment["no_proxy"])
    assert not [name for name in environment if name.lower().endswith("_proxy") and environment[name] != "*"]


def test_path_and_home_are_inherited(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/somebody")
    monkeypatch.setenv("PATH", "/usr/bin")
    monkeypatch.delenv("TZ", raising=False)

    environment = clean_environment()

    assert (environment["HOME"], environment["PATH"]) == ("/home/somebody", "/usr/bin")
    assert "TZ" not in environment


def test_endpoint_is_optional_and_extra_variables_take_precedence() -> None:
    environment = clean_environment(
        region="eu-west-1", extra={"AWS_REGION": "eu-west-2", "USERS_TABLE": "users"}
    )

    assert "AWS_ENDPOINT_URL" not in environment
    assert (environment["AWS_REGION"], environment["AWS_DEFAULT_REGION"]) == ("eu-west-2", "eu-west-1")
    assert environment["USERS_TABLE"] == "users"


def test_download_gets_certificates_proxies_and_settings_of_uv(
    hostile: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And nothing else of the caller's: no credentials for uploads, and no variable of an AWS client."""
    for name in [name for name in os.environ if name.startswith(("UV_", "SSL_")) or "proxy" in name.lower()]:
        monkeypatch.delenv(name)
    monkeypatch.delenv("REQUESTS_CA_BUNDLE", raising=False)
    variables = {
        "SSL_CERT_FILE": "/etc/company.pem",
        "SSL_CERT_DIR": "/etc/company",
        "REQUESTS_CA_BUNDLE": "/etc/company.pem",
        "UV_DEFAULT_INDEX": "https://packages.example/simple",
        "HTTP_PROXY": "http://proxy.example:3128",
        "https_proxy": "http://proxy.example:3128",
    }
    for name, value in {**variables, "NO_PROXY": "intranet.example", "UV_PUBLISH_TOKEN": "secret"}.items():
        monkeypatch.setenv(name, value)

    hosts = "127.0.0.1,localhost,.localhost,::1,intranet.example"
    assert download_variables() == {**variables, "NO_PROXY": hosts, "no_proxy": hosts}


def test_download_without_a_proxy_changes_no_proxy_setting(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.upper() in {"HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"}]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("NO_PROXY", "intranet.example")

    assert "NO_PROXY" not in download_variables()


@pytest.mark.parametrize(
    ("variables", "region"),
    [
        ({"AWS_REGION": "eu-west-1", "AWS_DEFAULT_REGION": "eu-west-2"}, "eu-west-1"),
        ({"AWS_REGION": "", "AWS_DEFAULT_REGION": "eu-west-2"}, "eu-west-2"),
        ({"AWS_REGION": "", "AWS_DEFAULT_REGION": ""}, None),
    ],
)
def test_region_of_the_caller_is_that_of_the_aws_cli(
    monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], region: str | None
) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)

    assert caller_region() == region


def test_importing_the_harness_does_not_load_boto3() -> None:
    """With boto3, `pulumi-localaws` would take 50% longer to start."""
    code = "import sys, pulumi_localaws.local_aws; print({'boto3', 'aiohttp'} & set(sys.modules))"
    process = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert process.stdout.strip() == "set()"
