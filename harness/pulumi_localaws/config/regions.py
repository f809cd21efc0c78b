"""Which regions there are: a misspelt one would deploy here, where every name is as good, and fail on AWS."""

import difflib
import json
import re
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from pulumi_localaws.errors import ConfigError

SKIP = "skipRegionValidation"
"""The AWS provider's own setting for a region that it doesn't know yet."""

_FORM = re.compile(r"[a-z]{2,4}(-[a-z]+)+-\d")


@cache
def known_regions() -> frozenset[str]:
    """Return the regions of all partitions that botocore knows; its table is read without importing it."""
    found = find_spec("botocore")
    if found is None or found.origin is None:
        return frozenset()
    table = json.loads((Path(found.origin).parent / "data" / "partitions.json").read_text(encoding="utf-8"))
    names = {name for partition in table["partitions"] for name in partition["regions"]}
    return frozenset(name for name in names if _FORM.fullmatch(name))


def check_region(region: str, *, where: str, skip: Any = False) -> None:
    """Refuse what is no region of AWS.

    Args:
        region: Such as ``eu-west-1``.
        where: What to call its place in a message.
        skip: The provider's ``skipRegionValidation``: then its form alone counts.

    Raises:
        ConfigError: It is none.
    """
    known = known_regions()
    if region in known or (_FORM.fullmatch(region) and (not known or str(skip).lower() == "true")):
        return
    near = difflib.get_close_matches(region, known, 3, 0.6) or ["eu-central-1", "us-east-1"]
    raise ConfigError(
        f"{where}: {region!r} is no region of AWS. Give one such as {', '.join(near)}"
        f" (one that botocore does not know yet needs aws:{SKIP}: true)."
    )
