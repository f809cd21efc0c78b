"""Rules that say where the files behind old URLs are, and how URLs are rewritten. Pure functions.

A URL is data of the old application, so nothing in it is trusted: only the hosts and prefixes of the rules
count, and what is read is always built from the rule.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from urllib.parse import SplitResult, quote, unquote, urljoin, urlsplit

from userprofiles.social.redirects import DECODINGS, location_hash

NO_RULE = "no rule has this host and path"
NOT_A_URL = "the text is not a URL"
UNSAFE = "the path of the URL is not safe"

_SCHEMES = {"http": 80, "https": 443, "": None}
# Characters that no URL has. Parsers disagree about some of them, for example about backslashes.
_NOT_IN_URL = re.compile(r"[\x00-\x20\x7f\\]")
_URL_CHARACTERS = r"""[^\s"'<>\\^`{|}\[\]()]"""
_AFTER_SENTENCE = ".,;:!?"


@dataclass(frozen=True)
class BucketPlace:
    """Files in a bucket of S3.

    Attributes:
        bucket: The name of the bucket.
        prefix: The beginning of the keys, in place of the rule's prefix.
    """

    bucket: str
    prefix: str


@dataclass(frozen=True)
class FolderPlace:
    """Files in a folder of this machine.

    Attributes:
        folder: The path of the folder, in place of the rule's prefix.
    """

    folder: str


@dataclass(frozen=True)
class WebPlace:
    """Files on a web server.

    Attributes:
        scheme: `http` or `https`.
        host: The host.
        port: The port.
        path: The beginning of the paths, in place of the rule's prefix. It ends with a slash.
        allows_private_addresses: Whether the host may have an address that is not public.
    """

    scheme: str
    host: str
    port: int
    path: str
    allows_private_addresses: bool = False


Place = BucketPlace | FolderPlace | WebPlace


@dataclass(frozen=True)
class UrlRule:
    """One rule.

    Attributes:
        host: The old host in lower case, with its port if it is not that of the scheme.
        path: The old prefix of the decoded path. It begins and ends with a slash.
        place: Where the files are.
        is_public: Whether everybody can read the old URLs without signing in.
        owner: How the path behind the prefix begins in a file of a user; empty if it does not show the user.
        trusts_media_fields: Whether only the old application wrote the media fields of records.
    """

    host: str
    path: str
    place: Place
    is_public: bool = False
    owner: str = ""
    trusts_media_fields: bool = False

    @property
    def is_readable_by_everybody(self) -> bool:
        """Whether a copy shows a user nothing new: everybody can read the file, or its web server decides."""
        is_on_internet = isinstance(self.place, WebPlace) and not self.place.allows_private_addresses
        return self.is_public or is_on_internet


@dataclass(frozen=True)
class OldFile:
    """The file behind an old URL.

    Attributes:
        url: The absolute URL.
        rule: The rule; None if no rule matches.
        name: The decoded path behind the rule's prefix.
        query: The query, if the place is a web server. Other places don't have one.
        problem: Why the file can't be read; empty if it can.
    """

    url: str
    rule: UrlRule | None = None
    name: str = ""
    query: str = ""
    problem: str = ""

    @property
    def path(self) -> str:
        """The path of the URL: what an item keeps of a dead link, without the old host."""
        return _split(self.url).path.lstrip("/")

    @property
    def has_redirect(self) -> bool:
        """Whether a redirect can be made: it does not distinguish queries."""
        return self.rule is not None and not self.query

    @property
    def is_served(self) -> bool:
        """Whether the API serves a copy of the file under its old URL."""
        return self.has_redirect and not self.problem and self.rule is not None and self.rule.is_public

    @property
    def media_id(self) -> str:
        """The ID of the medium. Two URLs of one file have the same ID."""
        parts = _split(self.url)
        path = f"{parts.path}?{self.query}" if self.query else parts.path
        return location_hash(parts.hostname or "", path or self.url)[:32]


@dataclass(frozen=True)
class UrlRules:
    """All rules. A longer prefix wins.

    Attributes:
        rules: The rules.
        base_url: The URL to which relative URLs belong; empty if the documents have none.
        max_bytes: The largest file that is read from a folder or web server.
        redirect_url: The URL of the API's route for old URLs; empty if pictures keep their URLs.
    """

    rules: Sequence[UrlRule] = ()
    base_url: str = ""
    max_bytes: int = 500 * 1024 * 1024
    redirect_url: str = ""
    _text_urls: re.Pattern[str] | None = field(init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        hosts = sorted({re.escape(rule.host) for rule in self.rules}, key=len, reverse=True)
        pattern = rf"(?:https?:)?//(?:{'|'.join(hosts)})(?::(?:80|443))?/{_URL_CHARACTERS}*"
        object.__setattr__(self, "_text_urls", re.compile(pattern, re.IGNORECASE) if hosts else None)

    def locate(self, url: str) -> OldFile:
        """Return the file behind a URL of the old application."""
        text = url.strip()
        if not text or _NOT_IN_URL.search(text):
            return OldFile(text, problem=NOT_A_URL)
        try:
            absolute = urljoin(self.base_url, text) if self.base_url else text
            parts = urlsplit(absolute)
            host = _host_with_port(parts.scheme.lower(), parts.hostname, parts.port)
        except ValueError:
            return OldFile(text, problem=NOT_A_URL)
        if not host:
            return OldFile(absolute, problem=NOT_A_URL)
        path = unquote(parts.path)
        rule = self._rule(host, path) if parts.username is None else None
        if rule is None:
            return OldFile(absolute, problem=NO_RULE)
        name = path[len(rule.path) :]
        if not is_safe_path(name):
            return OldFile(absolute, rule, problem=UNSAFE)
        query = parts.query if isinstance(rule.place, WebPlace) else ""
        return OldFile(absolute, rule, name, query)

    def _rule(self, host: str, path: str) -> UrlRule | None:
        matches = [rule for rule in self.rules if rule.host == host and path.startswith(rule.path)]
        return max(matches, key=lambda rule: len(rule.path), default=None)

    def rewrite(self, url: str) -> str:
        """Return the URL under which the API serves the file of an old URL; the same URL if it does not.

        The API serves files that have a redirect and that everybody could read.
        """
        old_file = self.locate(url)
        if not self.redirect_url or not old_file.is_served:
            return url
        parts = urlsplit(old_file.url)
        return f"{self.redirect_url}{parts.hostname}{quote(unquote(parts.path))}"

    def find_in_text(self, text: str) -> list[str]:
        """Return the different URLs of old hosts in a text, in their order."""
        if self._text_urls is None or "//" not in text:
            return []
        urls = (match[0].rstrip(_AFTER_SENTENCE) for match in self._text_urls.finditer(text))
        return list(dict.fromkeys(urls))

    def replace_in_text(self, text: str, new_text: Callable[[str], str]) -> str:
        """Return a text in which each URL of an old host is replaced.

        Args:
            text: The text.
            new_text: Returns what replaces a URL.
        """
        if self._text_urls is None or "//" not in text:
            return text

        def replace(match: re.Match[str]) -> str:
            url = match[0].rstrip(_AFTER_SENTENCE)
            return new_text(url) + match[0][len(url) :]

        return self._text_urls.sub(replace, text)

    def count_old_hosts(self, text: str) -> int:
        """Return how often a URL of an old host is in a text."""
        return 0 if self._text_urls is None else len(self._text_urls.findall(text))


def is_safe_path(name: str) -> bool:
    """Return whether a decoded path names a file below a prefix, however often it is decoded again.

    A path that was encoded more than five times is not safe: to decode a long one completely takes hours.
    """
    for _ in range(DECODINGS):
        name = unquote(name)
    if unquote(name) != name:
        return False
    segments = name.split("/")
    return bool(name) and not _NOT_IN_PATH.search(name) and not {"", ".", ".."} & set(segments)


def _split(url: str) -> SplitResult:
    """Return the parts of a URL. A text that is not a URL has none."""
    try:
        return urlsplit(url)
    except ValueError:
        return SplitResult("", "", "", "", "")


_NOT_IN_PATH = re.compile(r"[\x00-\x1f\x7f\\]")


def _host_with_port(scheme: str, host: str | None, port: int | None) -> str:
    """Return a host in the form of `UrlRule.host`; empty if the URL is not one of the web."""
    if scheme not in _SCHEMES or not host:
        return ""
    is_default = port in (None, 80, 443) if not scheme else port in (None, _SCHEMES[scheme])
    return host if is_default else f"{host}:{port}"
