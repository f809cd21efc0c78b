"""The clients of a source that reads another service than DynamoDB, created at the first call."""

import threading
from typing import Any
from urllib.parse import urlsplit

from botocore.exceptions import BotoCoreError

from userprofiles import aws
from userprofiles.backfill.error_messages import TableLocation, translate_error

_AWS_DOMAINS = (".amazonaws.com", ".amazonaws.com.cn", ".api.aws")


class SourceClients:
    """botocore clients by service, shared by all threads of a run."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._clients: dict[str, Any] = {}

    def get(self, service: str, location: TableLocation, region: str | None = None) -> Any:
        """Return the client of a service.

        Args:
            service: botocore's name of the service, such as `s3`.
            location: The table of the run. A local AWS has all services at the endpoint of the table.
            region: The region; None for that of the table.

        Raises:
            BackfillFailedError: Region, profile or endpoint is missing or wrong.
        """
        with self._lock:
            if service not in self._clients:
                endpoint_url = local_endpoint(location)
                try:
                    self._clients[service] = aws.client(
                        service,
                        read_s=20,
                        region=region or location.region,
                        endpoint_url=endpoint_url,
                        addressing_style="path" if endpoint_url and service == "s3" else None,
                    )
                except (BotoCoreError, ValueError) as error:
                    raise translate_error(error, location) from error
            return self._clients[service]


def local_endpoint(location: TableLocation) -> str | None:
    """Return the endpoint of a local AWS; None if the table is in AWS."""
    host = urlsplit(location.endpoint).hostname or ""
    return location.endpoint if host and not host.endswith(_AWS_DOMAINS) else None
