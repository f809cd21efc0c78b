"""Creates the DynamoDB client, with actionable errors for wrong connection settings."""

from typing import Any

import botocore
import botocore.session
from botocore import exceptions as boto
from botocore.config import Config

from userprofiles import aws
from userprofiles.backfill.error_messages import TableLocation, translate_error
from userprofiles.backfill.errors import BackfillFailedError, ErrorKind
from userprofiles.backfill.limits import Limits
from userprofiles.backfill.tables.plain_json import use_plain_json


def _config(limits: Limits) -> Config:
    return Config(
        retries={"mode": "standard", "total_max_attempts": limits.attempts},
        connect_timeout=limits.connect_timeout_s,
        read_timeout=limits.read_timeout_s,
        max_pool_connections=limits.connections,
        # botocore builds its own text again for each call, which takes a quarter of the call's CPU time.
        user_agent=f"userprofiles Botocore/{botocore.__version__}",
        # Our code builds all parameters, and `use_plain_json` hides them from the validation.
        parameter_validation=False,
    )


def create_client(
    table: str,
    *,
    limits: Limits,
    region: str | None = None,
    endpoint_url: str | None = None,
    has_connection_options: bool = False,
) -> tuple[Any, TableLocation]:
    """Create a client from the usual AWS settings, without any call.

    Args:
        table: The name of the table.
        limits: Times and attempts of a call.
        region: The region; None for that of the environment or profile.
        endpoint_url: The endpoint, for example of a local AWS; None for the usual endpoint.
        has_connection_options: Whether messages name the options for region and endpoint.

    Returns:
        The client, and the table that its calls go to.

    Raises:
        BackfillFailedError: Region, profile or endpoint URL is missing or wrong.
    """
    region = region or aws.default_region()
    location = TableLocation(
        table, region, endpoint_url or "AWS", has_connection_options=has_connection_options
    )
    try:
        session = botocore.session.get_session()
        client = session.create_client(
            "dynamodb", region_name=region, endpoint_url=endpoint_url, config=_config(limits)
        )
    except boto.ProfileNotFound as error:
        raise BackfillFailedError(
            ErrorKind.CREDENTIALS,
            f"{error}\nCheck AWS_PROFILE, or create the profile with `aws configure --profile`.",
        ) from error
    except (
        ValueError
    ) as error:  # botocore: "Invalid endpoint: localhost:8000"; InvalidRegionError is a ValueError, too
        if isinstance(error, boto.InvalidRegionError):
            raise BackfillFailedError(
                ErrorKind.REGION,
                f"Region {region!r} is not the name of an AWS region.\nUse a name such as eu-west-1.",
            ) from error
        raise BackfillFailedError(
            ErrorKind.ENDPOINT,
            f"{error}\nAn endpoint URL must have a scheme and a host, such as http://127.0.0.1:4566 "
            f"({location.endpoint_setting}).",
        ) from error
    except boto.BotoCoreError as error:
        raise translate_error(error, location) from error
    return use_plain_json(client), TableLocation(
        table,
        client.meta.region_name,
        client.meta.endpoint_url,
        has_connection_options=has_connection_options,
    )
