"""botocore clients with short timeouts, created when a function starts.

They come from botocore, not boto3: its import takes a fifth less time, and boto3's resources aren't used.
"""

import functools
import os
from typing import Any

import botocore.session
from botocore.config import Config


@functools.cache
def _session() -> botocore.session.Session:
    return botocore.session.Session()


def default_region() -> str | None:
    """Return the region of the environment variable AWS_REGION, None if botocore must find the region.

    Version 2 of the AWS CLI and most SDKs read AWS_REGION before AWS_DEFAULT_REGION. botocore reads only
    AWS_DEFAULT_REGION, and the profile:
    https://docs.aws.amazon.com/sdkref/latest/guide/feature-region.html
    """
    return os.environ.get("AWS_REGION") or None


def client(
    service: str,
    *,
    connect_s: float = 1,
    read_s: float = 3,
    attempts: int = 3,
    parameter_validation: bool = True,
    region: str | None = None,
    endpoint_url: str | None = None,
    signature_version: str | None = None,
    addressing_style: str | None = None,
    connections: int = 10,
) -> Any:
    """Create a client of an AWS service.

    Args:
        service: botocore's name of the service, such as `dynamodb`.
        connect_s: Seconds to wait for a connection.
        read_s: Seconds to wait for the next byte of a response. It doesn't limit the whole response.
        attempts: Maximum number of attempts, including the first.
        parameter_validation: Whether botocore checks the parameters of each call.
        region: The region; None for that of the environment.
        endpoint_url: The endpoint; None for that of the environment, else AWS.
        signature_version: How requests are signed; None for the default of the service.
        connections: Connections that are kept open, at most. Each thread needs one.
        addressing_style: How URLs of S3 name the bucket; None for botocore's default.
    """
    config = Config(
        connect_timeout=connect_s,
        read_timeout=read_s,
        retries={"mode": "standard", "total_max_attempts": attempts},
        tcp_keepalive=True,
        max_pool_connections=connections,
        parameter_validation=parameter_validation,
        signature_version=signature_version,
        s3=None if addressing_style is None else {"addressing_style": addressing_style},
    )
    return _session().create_client(
        service, region_name=region or default_region(), endpoint_url=endpoint_url, config=config
    )
