"""Checks the names of AWS regions. The emulator accepts any name; a misspelled one would fail only on AWS."""

import difflib
import json
import re
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from pulumi_localaws.errors import ConfigError

SKIP_SETTING = "skipRegionValidation"
"""The AWS provider's setting that allows a region that it does not know yet."""

_REGION_PATTERN = re.compile(r"[a-z]{2,4}(-[a-z]+)+-\d")


@cache
def load_region_names() -> frozenset[str]:
    """Return the regions of all partitions, from botocore's data file. botocore itself is not imported."""
    spec = find_spec("botocore")
    if spec is None or spec.origin is None:
        return frozenset()
    data = json.loads((Path(spec.origin).parent / "data" / "partitions.json").read_text(encoding="utf-8"))
    names = {name for partition in data["partitions"] for name in partition["regions"]}
    return frozenset(name for name in names if _REGION_PATTERN.fullmatch(name))


def check_region(region: str, *, where: str, skip: Any = False) -> None:
    """Check that AWS has a region.

    Args:
        region: The region's name.
        where: The resource or setting that has the region, for the message.
        skip: The value of ``skipRegionValidation``. If it is true, only the form of the name is checked.

    Raises:
        ConfigError: AWS does not have the region.
    """
    region_names = load_region_names()
    skip_names = not region_names or str(skip).lower() == "true"
    if region in region_names or (skip_names and _REGION_PATTERN.fullmatch(region)):
        return
    suggestions = difflib.get_close_matches(region, region_names, 3, 0.6) or ["eu-central-1", "us-east-1"]
    raise ConfigError(
        f"{where}: {region!r} is not an AWS region. Use a region such as {', '.join(suggestions)}. For a"
        f" region that botocore does not know yet, set aws:{SKIP_SETTING} to true."
    )
