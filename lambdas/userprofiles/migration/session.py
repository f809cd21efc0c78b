"""Makes the DynamoDB client, and turns what can go wrong before the first call into plain words."""

from typing import Any

import botocore.session
from botocore import exceptions as boto
from botocore.config import Config

from userprofiles.migration.errors import CannotGoOnError, Kind
from userprofiles.migration.trouble import Place, explain

# Few attempts here: a wrong endpoint should be told at once, and `Calls` repeats what is worth repeating.
_CONFIG = Config(
    retries={"mode": "standard", "total_max_attempts": 3},
    connect_timeout=5,
    read_timeout=20,
    max_pool_connections=16,
    parameter_validation=False,  # 25 statements of 17 parameters each: a third of the time, and we made them
)


def connect(
    table: str, *, region: str | None = None, endpoint_url: str | None = None, options: bool = False
) -> tuple[Any, Place]:
    """Make a client by the usual chain of AWS settings, without calling anything yet.

    Args:
        table: The table's name.
        region: Overrides the region of the environment or profile.
        endpoint_url: Overrides the endpoint, for a local AWS.
        options: Whether messages name the command's options for these two.

    Returns:
        The client, and where its calls go.

    Raises:
        CannotGoOnError: Region, profile or endpoint URL are missing or wrong.
    """
    given = Place(table, region, endpoint_url or "AWS", options=options)
    try:
        session = botocore.session.get_session()
        client = session.create_client(
            "dynamodb", region_name=region, endpoint_url=endpoint_url, config=_CONFIG
        )
    except boto.ProfileNotFound as error:
        raise CannotGoOnError(
            Kind.CREDENTIALS, f"{error}\nCheck AWS_PROFILE, or set it up with `aws configure --profile`."
        ) from error
    except ValueError as error:  # botocore: "Invalid endpoint: localhost:8000"; InvalidRegionError is one too
        if isinstance(error, boto.InvalidRegionError):
            raise CannotGoOnError(
                Kind.REGION, f"Region {region!r} is no AWS region's name.\nGive one such as eu-west-1."
            ) from error
        raise CannotGoOnError(
            Kind.ENDPOINT,
            f"{error}\nAn endpoint URL has a scheme and a host, such as http://127.0.0.1:4566 "
            f"({given.endpoint_setting}).",
        ) from error
    except boto.BotoCoreError as error:
        raise explain(error, given) from error
    return client, Place(table, client.meta.region_name, client.meta.endpoint_url, options=options)
