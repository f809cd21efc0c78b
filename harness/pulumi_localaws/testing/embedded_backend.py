"""The backend ``embedded``: the local AWS of this package, started for a test run."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pulumi_localaws.config.sources import ConfigValue
from pulumi_localaws.config.stack import select_region
from pulumi_localaws.deploy import deploy
from pulumi_localaws.environment import DEFAULT_REGION
from pulumi_localaws.errors import LocalAwsError, LocalAwsGoneError
from pulumi_localaws.local_aws import LocalAws
from pulumi_localaws.testing.backends import Backend, BackendUnavailableError, Stack
from pulumi_localaws.testing.data_reset import remember_data, restore_data
from pulumi_localaws.testing.inbox import Inbox
from pulumi_localaws.testing.local_inbox import open_inbox


class EmbeddedBackend(Backend):
    """The local AWS of this package, started for this run."""

    name = "embedded"

    def __init__(self, region: str = DEFAULT_REGION, *, debug_functions: bool = False) -> None:
        self.region = region
        self.local = LocalAws(region=region, debug_functions=debug_functions)

    @property
    def endpoint(self) -> str:
        """The public URL."""
        return self.local.endpoint

    def start(self) -> None:
        """Start the emulator and the gateway."""
        try:
            self.local.start()
        except LocalAwsError as error:
            raise BackendUnavailableError(str(error)) from error

    def stop(self) -> None:
        """Stop the emulator and the gateway."""
        self.local.stop()

    def client(self, service: str, **kwargs: Any) -> Any:
        """Return a boto3 client with the permissions of the account's root user."""
        return self.local.client(service, **kwargs)

    def remember_data(self) -> None:
        """Remember the current data."""
        remember_data(self.local)

    def restore_data(self) -> None:
        """Replace all data by those that were remembered."""
        restore_data(self.local)

    def open_inbox(self) -> Inbox:
        """Return the messages from now on."""
        return open_inbox(self.local)

    def deploy(self, directory: Path, *, stack: str, config: Mapping[str, ConfigValue] | None) -> Stack:
        """Deploy with the engine of this package; from then on, clients use the region of this stack.

        Raises:
            ConfigError: The settings of the project or the stack are invalid.
            LocalAwsError: The local AWS has ended; the message names the process.
        """
        region = select_region(directory, stack, config)
        if region is not None:
            self.region = self.local.region = region
            config = {**(config or {}), "aws:region": region}
        try:
            return deploy(
                directory, stack=stack, endpoint=self.endpoint, config=config, scratch=self.local.folder
            )
        except LocalAwsGoneError:
            self.local.wait_for_failure()
            raise
