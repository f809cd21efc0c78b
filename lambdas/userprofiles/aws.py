"""botocore clients with bounds, made when a function starts.

botocore and not boto3: the import is a fifth shorter, and resources aren't used.
"""

import functools
from typing import Any

import botocore.session
from botocore.config import Config


@functools.cache
def _session() -> botocore.session.Session:
    return botocore.session.Session()


def client(service: str, *, connect_s: float, read_s: float, attempts: int) -> Any:
    """Make a client of an AWS service.

    Args:
        service: botocore's name of the service, such as `dynamodb`.
        connect_s: Seconds for a connection to come about.
        read_s: Seconds between two bytes of an answer; an answer that trickles may take any number of them.
        attempts: Calls in all, the first included.
    """
    config = Config(
        connect_timeout=connect_s,
        read_timeout=read_s,
        retries={"mode": "standard", "total_max_attempts": attempts},
        tcp_keepalive=True,
    )
    return _session().create_client(service, config=config)
