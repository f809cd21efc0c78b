"""Checked settings of content, links and paid plans. This module creates no resources."""

import re
from collections.abc import Mapping
from typing import Any

from userprofiles.api.routes import FOLLOW_REDIRECT, PHONE_ROUTES, ROUTES, SOCIAL_ROUTES
from userprofiles.settings import DEFAULT_STORAGE_GB, MAX_STORAGE_GB

from pulumi_userprofiles.nested_settings import nested_settings
from pulumi_userprofiles.social_arguments import SocialSettings
from pulumi_userprofiles.validation import (
    InvalidArgumentError,
    check_known_arguments,
    integer,
    string_list,
)

MAX_REDIRECT_PATHS = 10
_PATH = re.compile(r"(/[0-9A-Za-z][0-9A-Za-z._~-]*){1,8}")
_OWN = {route.path.split("/")[1] for route in (*ROUTES, *PHONE_ROUTES, *SOCIAL_ROUTES)}
_ALLOWED = f"at most {MAX_REDIRECT_PATHS} paths such as /uploads or /static/media"


class CheckedSocial:
    """The settings, checked."""

    def __init__(self, where: str, all_args: Mapping[str, Any], key: str = "settings") -> None:
        """Check the settings.

        Args:
            where: The component, as error messages show it.
            all_args: The component's arguments.
            key: The argument with the settings.

        Raises:
            InvalidArgumentError: The argument is not a dict, or a setting is not valid.
        """
        settings = nested_settings(where, all_args, key, SocialSettings.__annotations__)
        check_known_arguments(f"{where}, {key}", settings, SocialSettings.__annotations__)
        self.storage_gb = integer(
            f"{where}, {key}",
            settings,
            "storage_per_user_gb",
            DEFAULT_STORAGE_GB,
            at_least=1,
            at_most=MAX_STORAGE_GB,
        )
        self.redirect_paths = _redirect_paths(where, settings, key)


def _redirect_paths(where: str, settings: Mapping[str, Any], key: str) -> list[str]:
    paths = string_list(f"{where}, {key}", settings, "redirect_paths", ())
    argument = f"{key}.redirect_paths"
    wrong = [path for path in paths if not _PATH.fullmatch(path)]
    if wrong or len(paths) > MAX_REDIRECT_PATHS:
        raise InvalidArgumentError(
            where,
            f"'{argument}' must have the first parts of old paths",
            got=wrong[0] if wrong else paths,
            allowed=_ALLOWED,
            fix="Write each path with a slash at its beginning and without one at its end.",
            argument=argument,
        )
    for path in paths:
        if path.split("/")[1] in _OWN:
            raise InvalidArgumentError(
                where,
                f"'{argument}' contains a path that the API has already",
                got=path,
                allowed=f"paths that do not begin with {', '.join(f'/{name}' for name in sorted(_OWN))}",
                fix=f"Let the old server redirect this path to {FOLLOW_REDIRECT.document_path} instead.",
                argument=argument,
            )
    return paths
