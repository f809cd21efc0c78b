"""The stack that a setup command works on: its names, its template, and clients of AWS."""

import ipaddress
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from botocore.exceptions import BotoCoreError

from userprofiles import aws
from userprofiles.backfill.error_messages import TableLocation, translate_error
from userprofiles.backfill.errors import BackfillError, BackfillFailedError, ErrorKind
from userprofiles.template import Template

OUTPUT_NAMES = {
    "user_pool_id": "userPoolId",
    "client_id": "userPoolClientId",
    "users_table": "usersTableName",
    "audit_table": "auditTableName",
    "avatar_bucket": "avatarBucketName",
    "media_bucket": "mediaBucketName",
    "receipts_table": "receiptsTableName",
    "erasure_function": "erasureFunctionName",
    "state_table": "reconcilerStateTableName",
}
"""The stack output of each option."""


class OutputsError(ValueError):
    """The file with the stack outputs can't be used. The message says why."""


def read_outputs(path: Path) -> dict[str, str]:
    """Read a file with stack outputs, as `pulumi stack output --json` writes it.

    The file of `pulumi-localaws up --outputs` is `{"endpoint": …, "outputs": {…}}`.

    Returns:
        The values of those outputs that the setup commands use, by option; for a local AWS also its endpoint.

    Raises:
        OutputsError: The file can't be read, or it is not a JSON object.
    """
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise OutputsError(f"--outputs {path}: the file can't be read: {error.strerror}") from error
    except (ValueError, RecursionError):
        document = None
    if not isinstance(document, dict):
        raise OutputsError(
            f"--outputs {path}: must be a JSON object, as `pulumi stack output --json` writes it"
        )
    local_outputs = document.get("outputs")
    outputs = local_outputs if isinstance(local_outputs, dict) else document
    values = {option: outputs.get(name) for option, name in OUTPUT_NAMES.items()}
    if outputs is local_outputs:
        values["endpoint_url"] = document.get("endpoint")
    return {option: value for option, value in values.items() if isinstance(value, str) and value}


@dataclass(frozen=True)
class Stack:
    """A deployed stack.

    Attributes:
        user_pool_id: The user pool.
        client_id: The app client; empty if it isn't needed.
        users_table: Name of the users table.
        audit_table: Name of the audit table.
        receipts_table: Name of the table with the receipts of erasures; empty if it isn't needed.
        template: The template that the operator expects; None for the preset that the functions use.
        region: The region; None for that of the environment.
        endpoint_url: The endpoint of a local AWS; None for AWS.
        avatar_bucket: Name of the bucket with users' files; empty if it isn't needed.
        media_bucket: Name of the bucket with media; empty if the stack has none.
        state_table: Name of the table with the state of the scheduled reconciliation; empty if not needed.
        clients: botocore clients by service, created when they are needed.
    """

    user_pool_id: str
    client_id: str
    users_table: str
    audit_table: str
    receipts_table: str = ""
    template: Template | None = None
    region: str | None = None
    endpoint_url: str | None = None
    avatar_bucket: str = ""
    media_bucket: str = ""
    state_table: str = ""
    clients: dict[str, Any] = field(default_factory=dict, compare=False, repr=False)

    def client(self, service: str) -> Any:
        """Return a botocore client of a service.

        Raises:
            BackfillFailedError: Region, profile or endpoint is missing or wrong.
        """
        if service not in self.clients:
            try:
                self.clients[service] = aws.client(
                    service, region=self.region, endpoint_url=self.endpoint_url
                )
            except BotoCoreError as error:
                raise self.connection_error(error) from error
            except ValueError as error:
                raise BackfillFailedError(
                    ErrorKind.ENDPOINT,
                    f"{error}\nAn endpoint URL must have a scheme and a host, such as http://127.0.0.1:4566 "
                    "(--endpoint-url or AWS_ENDPOINT_URL).",
                ) from error
        return self.clients[service]

    def connection_error(self, error: Exception) -> BackfillError:
        """Return the error for missing credentials, an unreachable endpoint or a wrong region."""
        location = TableLocation(
            self.users_table, self.region, self.endpoint_url or "AWS", has_connection_options=True
        )
        translated_error = translate_error(error, location)
        if isinstance(translated_error, BackfillError):
            return translated_error
        return BackfillFailedError(ErrorKind.SERVICE, type(error).__name__)

    @property
    def is_local(self) -> bool:
        """Whether the calls go to this machine."""
        host = urlsplit(self.client("dynamodb").meta.endpoint_url).hostname or ""
        if host == "localhost" or host.endswith((".localhost", ".localhost.localstack.cloud")):
            return True
        try:
            return ipaddress.ip_address(host).is_loopback
        except ValueError:
            return host == "localhost.localstack.cloud"


def missing_options(values: Mapping[str, str], names: tuple[str, ...]) -> list[str]:
    """Return the options of a stack that have no value, as the command line has them."""
    return [f"--{name.replace('_', '-')}" for name in names if not values.get(name)]
