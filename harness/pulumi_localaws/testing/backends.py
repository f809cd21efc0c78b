"""Where the tests run: the embedded local AWS, LocalStack, or a real AWS account; one switch, the same tests.

Nothing here skips silently: what isn't there is a `BackendUnavailableError`, which the pytest plugin ends the
run with.
"""

import json
import os
import shutil
from abc import ABC, abstractmethod
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

from pulumi_localaws.config.sources import ConfigValue
from pulumi_localaws.environment import DEFAULT_REGION
from pulumi_localaws.errors import DeploymentError

NAMES = ("embedded", "localstack", "aws")
_HEALTH_SECONDS = 5


class BackendUnavailableError(Exception):
    """The chosen backend isn't there, or isn't what it was said to be; the message says what is missing."""


class Stack(Protocol):
    """A deployed program, whoever deployed it."""

    outputs: dict[str, Any]
    resources: list[dict[str, Any]]

    def destroy(self) -> None:
        """Take everything down."""


class Backend(ABC):
    """One place to deploy to and to look at with boto3."""

    name: str
    region: str

    @abstractmethod
    def start(self) -> None:
        """Make it ready, or find that it isn't there.

        Raises:
            BackendUnavailableError: It isn't there.
        """

    @abstractmethod
    def client(self, service: str, **kwargs: Any) -> Any:
        """Return a boto3 client."""

    @abstractmethod
    def deploy(self, directory: Path, *, stack: str, config: Mapping[str, ConfigValue] | None) -> Stack:
        """Deploy a Pulumi program."""

    @property
    @abstractmethod
    def endpoint(self) -> str | None:
        """The URL of a local AWS; None on the real one."""

    def stop(self) -> None:  # noqa: B027 nothing to stop is no mistake
        """Take down what `start` started."""


class EmbeddedBackend(Backend):
    """The local AWS of this package, started for this run."""

    name = "embedded"

    def __init__(self, region: str = DEFAULT_REGION) -> None:
        # Late: a test run that needs no local AWS doesn't pay for it.
        from pulumi_localaws.local_aws import LocalAws  # noqa: PLC0415

        self.region = region
        self.local = LocalAws(region=region)

    @property
    def endpoint(self) -> str:
        """The public URL."""
        return self.local.endpoint

    def start(self) -> None:
        """Start the emulator and the gateway."""
        from pulumi_localaws.local.processes import LocalAwsError  # noqa: PLC0415

        try:
            self.local.start()
        except LocalAwsError as error:
            raise BackendUnavailableError(str(error)) from error

    def stop(self) -> None:
        """Stop both."""
        self.local.stop()

    def client(self, service: str, **kwargs: Any) -> Any:
        """Return a boto3 client with the rights of the account's root."""
        return self.local.client(service, **kwargs)

    def deploy(self, directory: Path, *, stack: str, config: Mapping[str, ConfigValue] | None) -> Stack:
        """Deploy by the engine."""
        from pulumi_localaws.deploy import deploy  # noqa: PLC0415

        return deploy(
            directory, stack=stack, endpoint=self.endpoint, config=config, scratch=self.local.folder
        )


class LocalStackBackend(Backend):
    """A LocalStack that runs already, found as its own clients find it; the Pulumi CLI deploys.

    Args:
        region: The region of clients.
    """

    name = "localstack"

    def __init__(self, region: str = DEFAULT_REGION) -> None:
        self.region = region
        self._endpoint: str | None = None

    @property
    def endpoint(self) -> str | None:
        """The edge port's URL."""
        return self._endpoint

    def start(self) -> None:
        """Ask LocalStack what it has."""
        from localstack_client.config import get_service_endpoint  # noqa: PLC0415

        endpoint = str(get_service_endpoint("sts"))
        services = _health(endpoint)
        if services.get("cognito-idp") not in {"available", "running"}:
            raise BackendUnavailableError(
                f"LocalStack at {endpoint} has no Cognito (cognito-idp is"
                f" {services.get('cognito-idp', 'missing')!r})."
                " It is part of LocalStack's paid plans: start it with LOCALSTACK_AUTH_TOKEN, or use"
                " --backend embedded."
            )
        require_pulumi_cli(self.name)
        self._endpoint = endpoint

    def client(self, service: str, **kwargs: Any) -> Any:
        """Return localstack-client's boto3 client."""
        from localstack_client.session import Session  # noqa: PLC0415

        return Session(region_name=self.region).client(service, **kwargs)

    def deploy(self, directory: Path, *, stack: str, config: Mapping[str, ConfigValue] | None) -> Stack:
        """Deploy by the Pulumi CLI."""
        from pulumi_localaws.testing.pulumi_cli import cli_deploy, local_provider  # noqa: PLC0415

        settings = {**local_provider(self._endpoint or ""), "aws:region": self.region, **(config or {})}
        return cli_deploy(directory, stack=stack, config=settings, environment={})


class AwsBackend(Backend):
    """A real AWS account, with the caller's own credentials; what is made costs money until it is destroyed.

    Args:
        account_id: The account that is meant, spelled out.
        region: The region; the caller's own if None.

    Raises:
        BackendUnavailableError: The account id is missing or malformed.
    """

    name = "aws"

    def __init__(self, account_id: str | None, region: str | None = None) -> None:
        if not account_id:
            raise BackendUnavailableError(
                "--backend aws deploys to a real account: spell it out with --aws-account-id 123456789012."
            )
        if not (account_id.isdigit() and len(account_id) == 12):  # noqa: PLR2004 every account id's length
            raise BackendUnavailableError(
                f"--aws-account-id {account_id!r} is not an account id; 12 digits are expected."
            )
        self.account_id = account_id
        self.region = (
            region or os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION") or DEFAULT_REGION
        )

    @property
    def endpoint(self) -> None:
        """There is none."""
        return

    def start(self) -> None:
        """Compare the account with the one that the credentials belong to."""
        from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415

        try:
            found = str(self.client("sts").get_caller_identity()["Account"])
        except (BotoCoreError, ClientError) as error:
            raise BackendUnavailableError(
                f"--backend aws: AWS can't be reached with your credentials: {error}"
            ) from error
        if found != self.account_id:
            raise BackendUnavailableError(
                f"--backend aws: your credentials belong to the account {found}, and --aws-account-id"
                f" is {self.account_id}."
                " Nothing was made."
            )
        require_pulumi_cli(self.name)

    def client(self, service: str, **kwargs: Any) -> Any:
        """Return a boto3 client with the caller's credentials."""
        import boto3  # noqa: PLC0415

        return boto3.client(service, **{"region_name": self.region, **kwargs})

    def deploy(self, directory: Path, *, stack: str, config: Mapping[str, ConfigValue] | None) -> Stack:
        """Deploy by the Pulumi CLI, in this account alone."""
        from pulumi_localaws.testing.pulumi_cli import cli_deploy, real_provider  # noqa: PLC0415

        settings = {**real_provider(self.account_id), "aws:region": self.region, **(config or {})}
        return cli_deploy(directory, stack=stack, config=settings, environment=dict(os.environ))


def make_backend(name: str, *, account_id: str | None = None) -> Backend:
    """Return the backend of this name, not yet started.

    Raises:
        BackendUnavailableError: The name is unknown, or the account id is missing.
    """
    if name == "embedded":
        return EmbeddedBackend()
    if name == "localstack":
        return LocalStackBackend()
    if name == "aws":
        return AwsBackend(account_id)
    raise BackendUnavailableError(f"--backend {name!r} is not known; allowed: {', '.join(NAMES)}.")


def require_pulumi_cli(backend: str) -> None:
    """Raise if the Pulumi CLI isn't there.

    Raises:
        BackendUnavailableError: It isn't on PATH.
    """
    if shutil.which("pulumi") is None:
        raise BackendUnavailableError(
            f"--backend {backend} deploys by the Pulumi CLI, and `pulumi` is not on PATH:"
            " see https://www.pulumi.com/docs/install/, or use --backend embedded."
        )


def _health(endpoint: str) -> dict[str, str]:
    # Late: every pytest that loads the plugin imports this module.
    import urllib.request  # noqa: PLC0415

    url = f"{endpoint}/_localstack/health"
    try:
        with urllib.request.urlopen(url, timeout=_HEALTH_SECONDS) as answer:  # noqa: S310 LocalStack's own URL
            return dict(json.load(answer)["services"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise BackendUnavailableError(
            f"LocalStack does not answer at {url} ({error}). Start it, set LOCALSTACK_HOST, or use"
            " --backend embedded."
        ) from error


__all__ = [
    "NAMES",
    "AwsBackend",
    "Backend",
    "BackendUnavailableError",
    "DeploymentError",
    "Stack",
    "make_backend",
]
