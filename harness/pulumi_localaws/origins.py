"""Which web pages may call the public port: a browser sends requests of any page to loopback.

The emulator's root key is public, so a page that reaches it can create and run a function on this machine.
Clients other than browsers are allowed: they already run on this machine.
"""

import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from ipaddress import ip_address

_PORT = re.compile(r":\d*$")
_ORIGIN = re.compile(r"(?P<scheme>https?)://(?P<host>[a-z0-9._-]+|\[[0-9a-f:.]+\])(:(?P<port>\d{1,5}))?/?")
_DEFAULT_PORTS = {"http": "80", "https": "443"}
_HIGHEST_PORT = 65535
# Only their owners can point these names at this machine: localhost is reserved by RFC 6761, the two others
# belong to AWS (for clients that use the port as a proxy) and to LocalStack (always 127.0.0.1).
_HOST_SUFFIXES = (".localhost", ".localhost.localstack.cloud", ".amazonaws.com")
_HOSTS = ("localhost", "localhost.localstack.cloud")
_FOREIGN_SITES = ("cross-site", "same-site")


def parse_origin(text: str) -> str:
    """Return an origin in the form that browsers send.

    Args:
        text: For example ``https://shop.example.com`` or ``http://10.0.0.2:3000``.

    Raises:
        ValueError: The text is not an origin; the message says what is allowed.
    """
    match = _ORIGIN.fullmatch(text.lower())
    if match is None or int(match["port"] or 0) > _HIGHEST_PORT:
        raise ValueError(
            f"{text[:100]!r} is not a web origin; allowed: scheme, host and port,"
            " such as https://shop.example.com or http://10.0.0.2:3000 (no wildcard, no path)"
        )
    scheme, host, port = match["scheme"], match["host"], match["port"]
    # A browser leaves out the scheme's default port.
    return f"{scheme}://{host}" + ("" if port in {None, _DEFAULT_PORTS[scheme]} else f":{port}")


class OriginPolicy:
    """Decides which web pages may call: those of this machine and of the allowed origins.

    Args:
        allowed: Allowed origins, in addition to those of this machine.

    Raises:
        ValueError: An entry of ``allowed`` is not an origin.
    """

    def __init__(self, allowed: Iterable[str] = ()) -> None:
        self._allowed = frozenset(parse_origin(origin) for origin in allowed)

    def allows(self, origin: str) -> bool:
        """Return whether a page of this origin may call; ``null`` (a sandbox, a file) may not."""
        if origin in self._allowed:
            return True
        try:
            return _is_loopback(parse_origin(origin).partition("://")[2])
        except ValueError:
            return False

    def find_violation(self, headers: Mapping[str, list[str]]) -> str:
        """Return why a request is rejected and how to fix it, or an empty string.

        Args:
            headers: All values of ``host``, ``origin`` and ``sec-fetch-site``, in the order of the request.
        """
        for host in headers["host"]:
            if not _is_local_host(host):
                return (
                    f"the Host header is {host[:100]!r}, a name that a foreign web page may have pointed at"
                    " this machine. Call 127.0.0.1, localhost or *.localhost."
                )
        origins = headers["origin"]
        for origin in origins:
            if not self.allows(origin):
                if origin == "null":
                    return (
                        "a web page without an origin (a file, a sandbox) may not call the local AWS,"
                        " because any site can create one. Serve it from localhost, on any port."
                    )
                return (
                    f"a web page of the origin {origin[:100]!r} may not call the local AWS. If the page is"
                    " yours, start the local AWS with --allow-origin ORIGIN (or"
                    " LocalAws(allow_origins=[...]))."
                )
        site = next((site for site in headers["sec-fetch-site"] if site.lower() in _FOREIGN_SITES), None)
        if site is not None and not origins:
            return (
                f"a browser sent this request for another web page (Sec-Fetch-Site: {site}), without an"
                " Origin header that names the page. Open the address directly, or call it from the page's"
                " script with CORS."
            )
        return ""


@lru_cache(maxsize=1024)  # the same few hosts again with each request
def _is_local_host(host: str) -> bool:
    name = _host_name(host)
    return _is_loopback(host) or name in _HOSTS or name.endswith(_HOST_SUFFIXES)


def _is_loopback(host: str) -> bool:
    name = _host_name(host)
    if name == "localhost" or name.endswith(".localhost"):
        return True
    try:
        return ip_address(name.strip("[]")).is_loopback
    except ValueError:
        return False


def _host_name(host: str) -> str:
    return _PORT.sub("", host).lower().removesuffix(".")
