"""Keys of uploaded pictures, which a profile can have instead of a picture's URL."""

import re
import uuid
from collections.abc import Mapping
from typing import Any

FIELD = "profilePictureUrl"
PREFIX = "avatars/"

_KEY = re.compile(r"avatars/[0-9A-Za-z_-]{1,128}/[0-9a-f]{32}")


def new_key(sub: str) -> str:
    """Return the key of a new upload of a user."""
    return f"{PREFIX}{sub}/{uuid.uuid4().hex}"


def is_key(value: object) -> bool:
    """Return whether a value has the form of an upload's key."""
    return isinstance(value, str) and _KEY.fullmatch(value) is not None


def is_own_key(sub: str, key: str) -> bool:
    """Return whether a key belongs to an upload of a user."""
    return key.startswith(f"{PREFIX}{sub}/")


def key_in_patch(patch: Any) -> str | None:
    """Return the key of the picture in a merge patch, None if it has none."""
    profile = patch.get("profile") if isinstance(patch, Mapping) else None
    value = profile.get(FIELD) if isinstance(profile, Mapping) else None
    return value if is_key(value) else None
