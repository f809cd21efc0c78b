"""AWS clients of one endpoint, independent of the caller's environment and configuration files."""

import os
import threading
from functools import cache
from typing import Any

import botocore.session
from botocore.config import Config
from botocore.configprovider import BOTOCORE_DEFAUT_SESSION_VARIABLES

from pulumi_localaws.environment import ACCESS_KEY, SECRET_KEY

_CREATION = threading.RLock()  # clients are thread-safe, but their creation is not


class Clients:
    """Creates the clients of one endpoint, with the permissions of the account's root user.

    Args:
        endpoint: The local AWS, ``http://127.0.0.1:<port>``.
        with_boto3: Create boto3's clients, which have more methods (``upload_file``) than botocore's. boto3
            takes longer to import.
        attempts: Maximum number of times that a call is sent.
        read_seconds: Time limit for a response.
    """

    def __init__(
        self, endpoint: str, *, with_boto3: bool = False, attempts: int = 2, read_seconds: int = 60
    ) -> None:
        self.endpoint = endpoint
        self._new = _boto3_session().client if with_boto3 else _botocore_session().create_client
        self._clients: dict[tuple[str, str], Any] = {}
        self._config = Config(
            retries={"total_max_attempts": attempts, "mode": "standard"},
            proxies={},
            connect_timeout=5,
            read_timeout=read_seconds,
            max_pool_connections=32,
            s3={"addressing_style": "path"},  # a bucket's own host name would need a DNS resolver
        )

    def get(self, service: str, region: str) -> Any:
        """Return the client of a service in a region; it is created at the first call."""
        key = (service, region)
        if (
            key in self._clients
        ):  # no lock here: a creation takes long, and other services must not wait for it
            return self._clients[key]
        with _CREATION:
            if key not in self._clients:
                self._clients[key] = self.create(service, region)
            return self._clients[key]

    def create(self, service: str, region: str, *, config: Config | None = None, **kwargs: Any) -> Any:
        """Create a client, which `close` does not close.

        Args:
            service: The service's name in boto3.
            region: The client's region.
            config: Settings that override the defaults: no proxies, and time-outs of 5 s to connect and 60 s
                to read.
            kwargs: As for ``boto3.client``; other access keys replace those of the root user.
        """
        if "aws_access_key_id" not in kwargs:
            kwargs |= {"aws_access_key_id": ACCESS_KEY, "aws_secret_access_key": SECRET_KEY}
        default_config = self._config
        if service == "s3":  # by default, botocore presigns S3 URLs with Version 2, which S3 rejects
            default_config = default_config.merge(Config(signature_version="s3v4"))
        with _CREATION:
            return self._new(
                service,
                endpoint_url=self.endpoint,
                region_name=kwargs.pop("region_name", region),
                config=default_config.merge(config) if config else default_config,
                **kwargs,
            )

    def close(self) -> None:
        """Close the connections of the clients that `get` returned."""
        with _CREATION:
            for client in self._clients.values():
                client.close()
            self._clients.clear()


@cache
def _botocore_session() -> botocore.session.Session:
    return _hermetic_session()


@cache
def _boto3_session() -> Any:
    # Imported late: it takes longer than the rest of the harness, and the engine does not need it.
    import boto3  # noqa: PLC0415

    return boto3.session.Session(botocore_session=_hermetic_session())


def _hermetic_session() -> botocore.session.Session:
    """Create a session with the default of every setting: no variable and no file can change it.

    An explicit endpoint and explicit keys are not enough. An ordinary client also reads a profile (which may
    not exist), the settings for FIPS and dual-stack endpoints and a retry count from the environment.
    """
    variables = {
        name: (None, None, default, convert)
        for name, (_, _, default, convert) in BOTOCORE_DEFAUT_SESSION_VARIABLES.items()
    }
    variables["config_file"] = (None, None, os.devnull, None)
    variables["credentials_file"] = (None, None, os.devnull, None)
    return botocore.session.Session(session_vars=variables)
