"""Who may talk to the public port: a browser hands any page's requests on to loopback.

The emulator's root key is known to everybody, so a page that reaches it can run code on this machine as a
function. Every client but a browser is let through: it runs on this machine already.
"""

import re
from collections.abc import Iterable, Mapping
from ipaddress import ip_address

_PORT = re.compile(r":\d*$")
_ORIGIN = re.compile(r"(?P<scheme>https?)://(?P<host>[a-z0-9._-]+|\[[0-9a-f:.]+\])(:(?P<port>\d{1,5}))?/?")
_DEFAULT_PORTS = {"http": "80", "https": "443"}
_HIGHEST_PORT = 65535
# Names that nobody but their owner can point at this machine: localhost by RFC 6761, the two others are AWS's
# (clients that take the port for a proxy) and LocalStack's own (always 127.0.0.1).
_HOST_SUFFIXES = (".localhost", ".localhost.localstack.cloud", ".amazonaws.com")
_HOSTS = ("localhost", "localhost.localstack.cloud")
_FOREIGN_SITES = ("cross-site", "same-site")


def parse_origin(text: str) -> str:
    """Return an origin as a browser spells it.

    Args:
        text: Such as ``https://shop.example.com`` or ``http://10.0.0.2:3000``.

    Raises:
        ValueError: It is no origin; the message says what is allowed.
    """
    found = _ORIGIN.fullmatch(text.lower())
    if found is None or int(found["port"] or 0) > _HIGHEST_PORT:
        raise ValueError(
            f"{text[:100]!r} is not a web page's origin; scheme, host and port are allowed,"
            " such as https://shop.example.com or http://10.0.0.2:3000 (no *, no path)"
        )
    scheme, host, port = found["scheme"], found["host"], found["port"]
    # A browser leaves the scheme's own port out.
    return f"{scheme}://{host}" + ("" if port in {None, _DEFAULT_PORTS[scheme]} else f":{port}")


class Callers:
    """Tells a web page of this machine from a foreign one.

    Args:
        allowed: Origins that may call beside those of this machine.

    Raises:
        ValueError: One of them is no origin.
    """

    def __init__(self, allowed: Iterable[str] = ()) -> None:
        self._allowed = frozenset(parse_origin(origin) for origin in allowed)

    def allows(self, origin: str) -> bool:
        """Tell whether a page of this origin may call; ``null`` (a sandbox, a file) is anybody's."""
        if origin in self._allowed:
            return True
        try:
            return _is_loopback(parse_origin(origin).partition("://")[2])
        except ValueError:
            return False

    def objection(self, headers: Mapping[str, list[str]]) -> str:
        """Return why a request is refused and what to do, or an empty string.

        Args:
            headers: The values of ``host``, ``origin`` and ``sec-fetch-site``, each as often as it was sent.
        """
        for host in headers["host"]:
            if not _is_own(host):
                return (
                    f"the request is for the host {host[:100]!r}, a name that a foreign web page may have"
                    " pointed at this machine. Call 127.0.0.1, localhost or *.localhost."
                )
        origins = headers["origin"]
        for origin in origins:
            if not self.allows(origin):
                if origin == "null":
                    return (
                        "a web page without an origin (a file, a sandbox) may not call the local AWS: anybody"
                        " can make one. Serve it from localhost, on any port."
                    )
                return (
                    f"a web page of the origin {origin[:100]!r} may not call the local AWS: anybody can make"
                    " one. If it is yours, start with --allow-origin ORIGIN (LocalAws(allow_origins=[...]))."
                )
        site = next((site for site in headers["sec-fetch-site"] if site.lower() in _FOREIGN_SITES), None)
        if site is not None and not origins:
            return (
                f"a browser sends this request for another web page (Sec-Fetch-Site: {site}) without saying"
                " which one. Open the address by itself, or let the page's script call it with CORS."
            )
        return ""


def _is_own(host: str) -> bool:
    name = _name(host)
    return _is_loopback(host) or name in _HOSTS or name.endswith(_HOST_SUFFIXES)


def _is_loopback(host: str) -> bool:
    name = _name(host)
    if name == "localhost" or name.endswith(".localhost"):
        return True
    try:
        return ip_address(name.strip("[]")).is_loopback
    except ValueError:
        return False


def _name(host: str) -> str:
    return _PORT.sub("", host).lower().removesuffix(".")
