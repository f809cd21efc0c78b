"""Makes the DynamoDB client, and turns what can go wrong before the first call into plain words."""

from typing import Any

import botocore.session
from botocore import exceptions as boto
from botocore.config import Config

from userprofiles.backfill.error_messages import Place, explain
from userprofiles.backfill.errors import CannotGoOnError, ErrorKind
from userprofiles.backfill.limits import Limits


def _config(limits: Limits) -> Config:
    return Config(
        retries={"mode": "standard", "total_max_attempts": limits.attempts},
        connect_timeout=limits.connect_timeout_s,
        read_timeout=limits.read_timeout_s,
        max_pool_connections=limits.connections,
        # It takes a third of the time for 25 statements of 17 parameters each, all of which are ours.
        parameter_validation=False,
    )


def connect(
    table: str,
    *,
    limits: Limits,
    region: str | None = None,
    endpoint_url: str | None = None,
    options: bool = False,
) -> tuple[Any, Place]:
    """Make a client by the usual chain of AWS settings, without calling anything yet.

    Args:
        table: The table's name.
        limits: Times and attempts of a call.
        region: Overrides the region of the environment or profile.
        endpoint_url: Overrides the endpoint, for a local AWS.
        options: Whether messages name the command's options for these two.

    Returns:
        The client, and where its calls go.

    Raises:
        CannotGoOnError: Region, profile or endpoint URL are missing or wrong.
    """
    place = Place(table, region, endpoint_url or "AWS", options=options)
    try:
        session = botocore.session.get_session()
        client = session.create_client(
            "dynamodb", region_name=region, endpoint_url=endpoint_url, config=_config(limits)
        )
    except boto.ProfileNotFound as error:
        raise CannotGoOnError(
            ErrorKind.CREDENTIALS, f"{error}\nCheck AWS_PROFILE, or set it up with `aws configure --profile`."
        ) from error
    except ValueError as error:  # botocore: "Invalid endpoint: localhost:8000"; InvalidRegionError is one too
        if isinstance(error, boto.InvalidRegionError):
            raise CannotGoOnError(
                ErrorKind.REGION, f"Region {region!r} is no AWS region's name.\nGive one such as eu-west-1."
            ) from error
        raise CannotGoOnError(
            ErrorKind.ENDPOINT,
            f"{error}\nAn endpoint URL has a scheme and a host, such as http://127.0.0.1:4566 "
            f"({place.endpoint_setting}).",
        ) from error
    except boto.BotoCoreError as error:
        raise explain(error, place) from error
    return client, Place(table, client.meta.region_name, client.meta.endpoint_url, options=options)
