"""Backends of a test run: the embedded local AWS, LocalStack, or a real AWS account, for the same tests.

A backend that is not available raises `BackendUnavailableError`, which ends the pytest run. No test is
skipped silently.
"""

import json
import os
import shutil
from abc import ABC, abstractmethod
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from pulumi_localaws.config.sources import ConfigValue
from pulumi_localaws.environment import DEFAULT_REGION, caller_region
from pulumi_localaws.errors import DeploymentError, LocalAwsError

if TYPE_CHECKING:
    from pulumi_localaws.testing.inbox import Inbox

BACKEND_NAMES = ("embedded", "localstack", "aws")
_HEALTH_TIMEOUT_SECONDS = 5


class BackendUnavailableError(Exception):
    """The selected backend is missing or is not the expected one; the message says what is missing."""


class Stack(Protocol):
    """A stack that a backend deployed."""

    outputs: dict[str, Any]
    resources: list[dict[str, Any]]

    def destroy(self) -> None:
        """Delete all resources of the stack."""


class Backend(ABC):
    """An AWS to deploy to, with boto3 clients to inspect it."""

    name: str
    region: str

    @abstractmethod
    def start(self) -> None:
        """Start or check the backend.

        Raises:
            BackendUnavailableError: The backend is not available.
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
        """The URL of a local AWS; None for the real AWS."""

    def stop(self) -> None:  # noqa: B027 a backend may have nothing to stop
        """Stop what `start` started."""

    def remember_data(self) -> None:  # noqa: B027 only an AWS that can restore data must remember them
        """Remember the current data, for `restore_data`."""

    def restore_data(self) -> None:
        """Replace all data by those that were remembered.

        Raises:
            LocalAwsError: The backend can't do this.
        """
        raise self._not_available("reset")

    def open_inbox(self) -> "Inbox":
        """Return the messages from now on.

        Raises:
            LocalAwsError: The backend can't do this.
        """
        raise self._not_available("inbox")

    def _not_available(self, fixture: str) -> LocalAwsError:
        return LocalAwsError(
            f"The fixture {fixture} is not available on the backend {self.name}; allowed: embedded."
            " Remove the marker backends from the test, so that it runs on embedded only."
        )


class LocalStackBackend(Backend):
    """A running LocalStack, found in the same way as by localstack-client; the Pulumi CLI deploys.

    Args:
        region: The region of clients.
    """

    name = "localstack"

    def __init__(self, region: str = DEFAULT_REGION) -> None:
        self.region = region
        self._endpoint: str | None = None

    @property
    def endpoint(self) -> str | None:
        """The URL of the edge port."""
        return self._endpoint

    def start(self) -> None:
        """Check that LocalStack runs and has Cognito."""
        from localstack_client.config import get_service_endpoint  # noqa: PLC0415

        endpoint = str(get_service_endpoint("sts"))
        services = _read_localstack_services(endpoint)
        if services.get("cognito-idp") not in {"available", "running"}:
            raise BackendUnavailableError(
                f"LocalStack at {endpoint} has no Cognito (cognito-idp is"
                f" {services.get('cognito-idp', 'missing')!r}), which only its paid plans include."
                " Start it with the LOCALSTACK_AUTH_TOKEN of such a plan, or use --backend embedded."
            )
        require_pulumi_cli(self.name)
        self._endpoint = endpoint

    def client(self, service: str, **kwargs: Any) -> Any:
        """Return a boto3 client of localstack-client."""
        from localstack_client.session import Session  # noqa: PLC0415

        return Session(region_name=self.region).client(service, **kwargs)

    def deploy(self, directory: Path, *, stack: str, config: Mapping[str, ConfigValue] | None) -> Stack:
        """Deploy with the Pulumi CLI."""
        from pulumi_localaws.testing.pulumi_cli import deploy_with_cli, local_provider_config  # noqa: PLC0415

        overrides = {
            **local_provider_config(self._endpoint or ""),
            "aws:region": self.region,
            **(config or {}),
        }
        return deploy_with_cli(directory, stack=stack, config=overrides, environment={})


class AwsBackend(Backend):
    """A real AWS account, with the caller's own credentials; its resources cost money until they are deleted.

    Args:
        account_id: The account to deploy to.
        region: The region; None is the region of the caller's environment.

    Raises:
        BackendUnavailableError: The account id is missing or malformed.
    """

    name = "aws"

    def __init__(self, account_id: str | None, region: str | None = None) -> None:
        if not account_id:
            raise BackendUnavailableError(
                "--backend aws deploys to a real account and requires its id:"
                " add --aws-account-id 123456789012."
            )
        if not (account_id.isdigit() and len(account_id) == 12):  # noqa: PLR2004 the length of every account id
            raise BackendUnavailableError(
                f"--aws-account-id {account_id!r} is not an account id; allowed: 12 digits."
            )
        self.account_id = account_id
        self.region = region or caller_region() or DEFAULT_REGION

    @property
    def endpoint(self) -> None:
        """Return None: boto3 uses the endpoints of AWS."""
        return

    def start(self) -> None:
        """Check that the credentials belong to the account."""
        from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415

        try:
            account_id = str(self.client("sts").get_caller_identity()["Account"])
        except (BotoCoreError, ClientError) as error:
            raise BackendUnavailableError(
                f"--backend aws: AWS can't be called with your credentials: {error}"
            ) from error
        if account_id != self.account_id:
            raise BackendUnavailableError(
                f"--backend aws: your credentials belong to the account {account_id}, but --aws-account-id is"
                f" {self.account_id}. Nothing was created."
            )
        require_pulumi_cli(self.name)

    def client(self, service: str, **kwargs: Any) -> Any:
        """Return a boto3 client with the caller's credentials."""
        import boto3  # noqa: PLC0415

        return boto3.client(service, **{"region_name": self.region, **kwargs})

    def deploy(self, directory: Path, *, stack: str, config: Mapping[str, ConfigValue] | None) -> Stack:
        """Deploy with the Pulumi CLI; the provider rejects all other accounts."""
        from pulumi_localaws.testing.pulumi_cli import aws_provider_config, deploy_with_cli  # noqa: PLC0415

        overrides = {**aws_provider_config(self.account_id), "aws:region": self.region, **(config or {})}
        return deploy_with_cli(directory, stack=stack, config=overrides, environment=dict(os.environ))


def create_backend(name: str, *, account_id: str | None = None, debug_functions: bool = False) -> Backend:
    """Return the backend with this name, not started yet.

    Args:
        name: One of `BACKEND_NAMES`.
        account_id: The account to deploy to, for ``aws``.
        debug_functions: As for `LocalAws`, for ``embedded`` only.

    Raises:
        BackendUnavailableError: The name is unknown, the account id or a package is missing, or the backend
            can't debug functions.
    """
    if debug_functions and name != "embedded":
        raise BackendUnavailableError(
            f"--debug-functions is not available with --backend {name}; allowed: --backend embedded."
        )
    if name == "embedded":
        # Imported late: it imports from this module, and not every test run needs it.
        try:
            from pulumi_localaws.testing.embedded_backend import EmbeddedBackend  # noqa: PLC0415
        except ModuleNotFoundError as error:
            raise BackendUnavailableError(
                f"The package {error.name} is not installed. Install all packages of the local AWS:"
                " pip install 'pulumi-userprofiles[testing]'"
            ) from error

        return EmbeddedBackend(debug_functions=debug_functions)
    if name == "localstack":
        return LocalStackBackend()
    if name == "aws":
        return AwsBackend(account_id)
    raise BackendUnavailableError(f"--backend {name!r} is unknown; allowed: {', '.join(BACKEND_NAMES)}.")


def require_pulumi_cli(backend: str) -> None:
    """Check that the Pulumi CLI is installed.

    Raises:
        BackendUnavailableError: `pulumi` is not on PATH.
    """
    if shutil.which("pulumi") is None:
        raise BackendUnavailableError(
            f"--backend {backend} deploys with the Pulumi CLI, but `pulumi` is not on PATH."
            " Install it (https://www.pulumi.com/docs/install/), or use --backend embedded."
        )


def _read_localstack_services(endpoint: str) -> dict[str, str]:
    # Imported late: every pytest run with the plugin imports this module.
    import urllib.request  # noqa: PLC0415

    url = f"{endpoint}/_localstack/health"
    try:
        with urllib.request.urlopen(url, timeout=_HEALTH_TIMEOUT_SECONDS) as response:  # noqa: S310 the URL of LocalStack
            return dict(json.load(response)["services"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise BackendUnavailableError(
            f"LocalStack does not respond at {url} ({error}). Start it, set LOCALSTACK_HOST, or use"
            " --backend embedded."
        ) from error


__all__ = [
    "BACKEND_NAMES",
    "AwsBackend",
    "Backend",
    "BackendUnavailableError",
    "DeploymentError",
    "Stack",
    "create_backend",
]
