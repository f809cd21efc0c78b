"""boto3 clients that see one endpoint and nothing of the caller's environment or configuration files."""

import os
from functools import cache
from typing import Any

import boto3
import botocore.session
from botocore.config import Config
from botocore.configprovider import BOTOCORE_DEFAUT_SESSION_VARIABLES

from pulumi_localaws.environment import ACCESS_KEY, SECRET_KEY


@cache
def _session() -> boto3.session.Session:
    """Make a session whose every setting has its default: no variable and no file can change it.

    An explicit endpoint and explicit keys are not enough: a profile that is not there, a FIPS or dual-stack
    switch, a retry count from the environment all reach a plain client.
    """
    variables = {
        name: (None, None, default, convert)
        for name, (_, _, default, convert) in BOTOCORE_DEFAUT_SESSION_VARIABLES.items()
    }
    variables["config_file"] = (None, None, os.devnull, None)
    variables["credentials_file"] = (None, None, os.devnull, None)
    return boto3.session.Session(botocore_session=botocore.session.Session(session_vars=variables))


def make_client(
    service: str, *, endpoint: str, region: str, config: Config | None = None, **kwargs: Any
) -> Any:
    """Make a boto3 client.

    Args:
        service: The service's name in boto3.
        endpoint: URL to send everything to.
        region: The client's region.
        config: Settings over the defaults, which are no retries (a second ConfirmSignUp would be another
            call), no proxies and time-outs of 5 s to connect and 60 s to read.
        kwargs: As for ``boto3.client``; keys of one's own replace the root's.
    """
    settings = Config(
        retries={"total_max_attempts": 1, "mode": "standard"},
        proxies={},
        connect_timeout=5,
        read_timeout=60,
        max_pool_connections=32,
        s3={"addressing_style": "path"},  # a bucket's own host name would need a resolver's help
    )
    if "aws_access_key_id" not in kwargs:
        kwargs |= {"aws_access_key_id": ACCESS_KEY, "aws_secret_access_key": SECRET_KEY}
    return _session().client(
        service,
        endpoint_url=endpoint,
        region_name=kwargs.pop("region_name", region),
        config=settings.merge(config) if config else settings,
        **kwargs,
    )
