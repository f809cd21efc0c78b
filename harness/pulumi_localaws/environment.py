"""The environment of every process that the harness starts: built for it, never the caller's.

With an inherited ``AWS_PROFILE`` or ``AWS_ENDPOINT_URL_DYNAMODB`` a local run would reach the real AWS, with
an inherited proxy it would hand requests to somebody else's machine.
"""

import os
from collections.abc import Mapping
from pathlib import Path

ACCESS_KEY = "test"
"""The access key that the emulator takes for its account's root, whatever the secret."""

SECRET_KEY = "test"  # noqa: S105  the emulator's own, known to everybody

DEFAULT_REGION = "us-east-1"
"""The region of requests that name none, where the caller names none either."""

PACKAGE_PARENT = Path(__file__).resolve().parent.parent
"""The folder that a child process needs on its path: the package may be on its parent's path only."""

_KEPT = (
    # Where programs and the user's own files are; nothing that steers an AWS client.
    "PATH",
    "HOME",
    "USER",
    "LOGNAME",
    "SHELL",
    "TMPDIR",
    "TERM",
    "NO_COLOR",
    "LANG",
    "LC_ALL",
    "LC_CTYPE",
    "TZ",
    "XDG_CACHE_HOME",
    "XDG_STATE_HOME",
    "VIRTUAL_ENV",
)


def clean_environment(
    *,
    endpoint: str | None = None,
    region: str = DEFAULT_REGION,
    extra: Mapping[str, str] | None = None,
) -> dict[str, str]:
    """Build a process's environment from nothing but what finds programs and home.

    Args:
        endpoint: URL that every AWS client of the process is to use (``AWS_ENDPOINT_URL``); None: not set.
        region: The process's region.
        extra: Variables to add; they win over all others.

    Returns:
        The whole environment: dummy credentials, no configuration files, no metadata service, no proxies.
    """
    environment = {name: os.environ[name] for name in _KEPT if name in os.environ}
    environment |= {
        "AWS_ACCESS_KEY_ID": ACCESS_KEY,
        "AWS_SECRET_ACCESS_KEY": SECRET_KEY,
        "AWS_REGION": region,
        "AWS_DEFAULT_REGION": region,
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
        # Not only no proxy variables: on macOS Python would otherwise ask the system's settings.
        "NO_PROXY": "*",
        "no_proxy": "*",
    }
    if endpoint is not None:
        environment["AWS_ENDPOINT_URL"] = endpoint
    return environment | dict(extra or {})
