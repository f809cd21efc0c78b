"""Environment of every process that the harness starts: built for the process, never the caller's.

With an inherited ``AWS_PROFILE`` or ``AWS_ENDPOINT_URL_DYNAMODB``, a local run would reach the real AWS. With
an inherited proxy, it would send requests to another machine.
"""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

ACCESS_KEY = "test"
"""Access key that the emulator accepts for the account's root user, whatever the secret."""

SECRET_KEY = "test"  # noqa: S105  the emulator's public default

DEFAULT_REGION = "us-east-1"
"""Region of requests without one, if the caller sets none either."""

PACKAGE_PARENT = Path(__file__).resolve().parent.parent
"""Folder that a child process needs on its path: the package may be on its parent's path only."""

_INHERITED_VARIABLES = (
    # They locate programs and the user's own files. None of them configures an AWS client.
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


_LARGEST_VARIABLES = 5

_CERTIFICATE_VARIABLES = ("SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE")
_PROXY_VARIABLES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY")
_NO_PROXY_VARIABLES = ("NO_PROXY", "no_proxy")
_UV_PREFIX, _UV_PUBLISH_PREFIX = "UV_", "UV_PUBLISH_"
_LOOPBACK_HOSTS = "127.0.0.1,localhost,.localhost,::1"


def download_variables() -> dict[str, str]:
    """Return the caller's variables for downloads: certificates, proxies and the settings of uv.

    A program that installs libraries for a function's zip needs them in a company network. They configure no
    AWS client: the local AWS is called over plain HTTP, on an address for which no proxy is used.
    """
    variables = {name: os.environ[name] for name in _CERTIFICATE_VARIABLES if name in os.environ}
    variables |= {
        name: value
        for name, value in os.environ.items()
        if name.startswith(_UV_PREFIX) and not name.startswith(_UV_PUBLISH_PREFIX)
    }
    proxies = {name: value for name, value in os.environ.items() if name.upper() in _PROXY_VARIABLES}
    if any(proxies.values()):
        own_hosts = next((os.environ[name] for name in _NO_PROXY_VARIABLES if os.environ.get(name)), "")
        hosts = ",".join(filter(None, [_LOOPBACK_HOSTS, own_hosts]))
        variables |= proxies | dict.fromkeys(_NO_PROXY_VARIABLES, hosts)
    return variables


def caller_region() -> str | None:
    """Return the region of the caller's environment, as version 2 of the AWS CLI reads it.

    AWS_REGION takes precedence over AWS_DEFAULT_REGION (AWS SDKs and Tools Reference Guide, "AWS Region").
    """
    return os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION") or None


def describe_too_large(environment: Mapping[str, str], *, process: str, arguments: Sequence[str] = ()) -> str:
    """Return a message for a process that the system did not start because of its size (E2BIG).

    Args:
        environment: The environment of the process. The message has names and sizes, never values.
        process: The name of the process in the message.
        arguments: The arguments of the process, which count too.
    """
    sizes = {name: len(f"{name}={value}".encode(errors="replace")) for name, value in environment.items()}
    arguments_size = sum(len(argument.encode(errors="replace")) for argument in arguments)
    names = sorted(sizes, key=lambda name: -sizes[name])[:_LARGEST_VARIABLES]
    largest = ", ".join(f"{name} ({sizes[name]:,} bytes)" for name in names)
    return (
        f"{process} can't be started, because its environment is too large for this system: {len(sizes)}"
        f" variables with {sum(sizes.values()):,} bytes, and arguments with {arguments_size:,} bytes. The"
        f" largest variables: {largest}. Unset or shorten the ones that it does not need, or put their values"
        " in a file."
    )


def clean_environment(
    *,
    endpoint: str | None = None,
    region: str = DEFAULT_REGION,
    extra: Mapping[str, str] | None = None,
) -> dict[str, str]:
    """Build the environment of a process; from the caller's, only paths, language and similar variables.

    Args:
        endpoint: URL for every AWS client of the process (``AWS_ENDPOINT_URL``); None: not set.
        region: The process's region.
        extra: Variables to add; they replace all others of the same name.

    Returns:
        The whole environment: dummy credentials, no configuration files, no metadata service, no proxies.
    """
    environment = {name: os.environ[name] for name in _INHERITED_VARIABLES if name in os.environ}
    environment |= {
        "AWS_ACCESS_KEY_ID": ACCESS_KEY,
        "AWS_SECRET_ACCESS_KEY": SECRET_KEY,
        "AWS_REGION": region,
        "AWS_DEFAULT_REGION": region,
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
        # Without it, Python on macOS reads the proxies of the system's settings.
        "NO_PROXY": "*",
        "no_proxy": "*",
    }
    if endpoint is not None:
        environment["AWS_ENDPOINT_URL"] = endpoint
    return environment | dict(extra or {})
