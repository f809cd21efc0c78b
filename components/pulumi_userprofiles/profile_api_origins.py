"""The web origins of an application: browsers there can call the API and upload pictures."""

import re
from collections.abc import Mapping
from typing import Any

from pulumi_userprofiles.validation import InvalidArgumentError, string_list


def allowed_origins(where: str, args: Mapping[str, Any]) -> list[str]:
    """Read the web origins that browsers can call the API from.

    Raises:
        InvalidArgumentError: A value is not an origin.
    """
    origins = string_list(where, args, "allowed_origins", ())
    for origin in origins:
        if not re.fullmatch(r"https?://[A-Za-z0-9.-]+(:[0-9]{1,5})?", origin):
            raise InvalidArgumentError(
                where,
                "'allowed_origins' contains a value that is not a web origin",
                got=origin,
                allowed="scheme and host, such as https://example.com or http://localhost:3000",
                fix="List each origin, without a path. With * any web page could act for its visitors.",
                argument="allowed_origins",
            )
    return origins
