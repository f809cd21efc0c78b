"""boto clients that reach the local AWS and nothing else, whatever the environment says."""

import os
import threading
from typing import Any

import botocore.session
from botocore.config import Config
from botocore.configprovider import BOTOCORE_DEFAUT_SESSION_VARIABLES

from pulumi_localaws.environment import ACCESS_KEY, SECRET_KEY


class Clients:
    """Makes clients for one endpoint, each once.

    Args:
        endpoint: The local AWS, ``http://127.0.0.1:<port>``.
    """

    def __init__(self, endpoint: str) -> None:
        self.endpoint = endpoint
        self._lock = threading.Lock()
        self._clients: dict[tuple[str, str], Any] = {}
        # Botocore alone: boto3 takes longer to import. No profile, no files, no variables.
        variables = {
            name: (None, None, default, convert)
            for name, (_, _, default, convert) in BOTOCORE_DEFAUT_SESSION_VARIABLES.items()
        }
        variables["config_file"] = (None, None, os.devnull, None)
        variables["credentials_file"] = (None, None, os.devnull, None)
        self._session = botocore.session.Session(session_vars=variables)
        self._config = Config(
            proxies={},
            connect_timeout=5,
            read_timeout=60,
            retries={"mode": "standard", "total_max_attempts": 2},
            max_pool_connections=32,
            s3={"addressing_style": "path"},
        )

    def get(self, service: str, region: str) -> Any:
        """Return the client of a service in a region."""
        key = (service, region)
        if key in self._clients:  # making one takes long: nobody waits for another service's
            return self._clients[key]
        with self._lock:
            if key not in self._clients:
                self._clients[key] = self._session.create_client(
                    service,
                    region_name=region,
                    endpoint_url=self.endpoint,
                    aws_access_key_id=ACCESS_KEY,
                    aws_secret_access_key=SECRET_KEY,
                    config=self._config,
                )
            return self._clients[key]

    def close(self) -> None:
        """Close the clients' connections."""
        with self._lock:
            for client in self._clients.values():
                client.close()
            self._clients.clear()
