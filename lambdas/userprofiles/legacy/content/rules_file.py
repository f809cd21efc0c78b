"""Checks the file with the rules for old URLs; docs/legacy-content.md describes it."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from userprofiles.legacy.content.file_owners import is_owner_pattern
from userprofiles.legacy.content.url_rules import BucketPlace, FolderPlace, Place, UrlRule, UrlRules, WebPlace
from userprofiles.legacy.errors import LegacyError

MAX_BYTES = 5 * 1024**3
"""The largest object of one PutObject (Amazon S3 API reference, "PutObject")."""

_NAMES = ("base_url", "max_bytes", "redirect_url", "rules")
_PLACES = ("bucket", "folder", "url")
_RULE_NAMES = ("from", *_PLACES, "prefix", "public", "private_addresses", "owner", "trust_media_fields")
_BUCKET = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
_SCHEMES = {"http": 80, "https": 443}


class UrlRulesError(LegacyError):
    """The media rules are not valid.

    Args:
        problems: Each has the place in the file, what is wrong, what was given and what is allowed.
    """

    def __init__(self, problems: list[str]) -> None:
        lines = "\n".join(f"- {text}" for text in problems)
        super().__init__(f"The media rules are not valid:\n{lines}")
        self.problems = problems


def check_rules(document: Any) -> UrlRules:
    """Return the rules of a file.

    Args:
        document: The parsed file; None for no rules.

    Raises:
        UrlRulesError: The document is not valid.
    """
    if document is None:
        return UrlRules()
    problems: list[str] = []
    rules = read_rules(document, problems)
    if problems:
        raise UrlRulesError(problems)
    return rules


def read_rules(document: Any, problems: list[str]) -> UrlRules:
    """Read the document of a file with rules.

    Args:
        document: The parsed JSON.
        problems: Receives the problems. If there are any, the result is not usable.
    """
    if not isinstance(document, dict):
        problems.append("the document must be an object with the list rules")
        return UrlRules()
    _check_names(document, _NAMES, "", problems)
    entries = document.get("rules")
    if not isinstance(entries, list) or not entries:
        problems.append("rules: must be a list with at least one rule")
        entries = []
    rules = [_read_rule(entry, f"rules[{number}]", problems) for number, entry in enumerate(entries)]
    usable_rules = [rule for rule in rules if rule is not None]
    for number, rule in enumerate(usable_rules):
        if any((rule.host, rule.path) == (other.host, other.path) for other in usable_rules[:number]):
            problems.append(f"rules[{number}].from: another rule has the same prefix")
    base_url = document.get("base_url", "")
    if base_url and _split_url(base_url) is None:
        problems.append(f"base_url: must be an absolute URL of http or https, got {base_url!r}")
    max_bytes = document.get("max_bytes", UrlRules.max_bytes)
    if type(max_bytes) is not int or not 1 <= max_bytes <= MAX_BYTES:
        problems.append(f"max_bytes: must be a whole number from 1 to {MAX_BYTES}, got {max_bytes!r}")
    redirect_url = document.get("redirect_url", "")
    if redirect_url and not _is_redirect_url(redirect_url):
        problems.append(
            "redirect_url: must be the https URL of the API's route for old URLs, such as "
            f"https://api.example.com/media/, got {redirect_url!r}"
        )
    return UrlRules() if problems else UrlRules(usable_rules, base_url, max_bytes, redirect_url)


def _read_rule(entry: Any, place_in_file: str, problems: list[str]) -> UrlRule | None:
    if not isinstance(entry, dict):
        problems.append(f"{place_in_file}: must be an object")
        return None
    _check_names(entry, _RULE_NAMES, f"{place_in_file}.", problems)
    source = _split_url(entry.get("from"))
    if source is None or not source.path.endswith("/"):
        problems.append(
            f"{place_in_file}.from: must be a URL of http or https that ends with a slash, such as "
            f"https://media.example.com/uploads/, got {entry.get('from')!r}"
        )
    problems += [
        f"{place_in_file}.{name}: must be true or false, got {entry[name]!r}"
        for name in ("public", "private_addresses", "trust_media_fields")
        if not isinstance(entry.get(name, False), bool)
    ]
    if "owner" in entry and not is_owner_pattern(entry["owner"]):
        problems.append(
            f"{place_in_file}.owner: must be the beginning of the paths behind from, with {{user_id}} or "
            "{record_id} between separators (/ - _ .), such as {user_id}/ or */{record_id}-, "
            f"got {entry['owner']!r}"
        )
    place = _read_place(entry, place_in_file, problems)
    if source is None or place is None:
        return None
    host = source.host if source.port == _SCHEMES[source.scheme] else f"{source.host}:{source.port}"
    return UrlRule(
        host,
        source.path,
        place,
        is_public=bool(entry.get("public", False)),
        owner=str(entry.get("owner", "")),
        trusts_media_fields=bool(entry.get("trust_media_fields", False)),
    )


def _read_place(entry: Mapping[str, Any], place_in_file: str, problems: list[str]) -> Place | None:
    names = [name for name in _PLACES if name in entry]
    if len(names) != 1:
        problems.append(f"{place_in_file}: must have exactly one of {', '.join(_PLACES)}")
        return None
    [name] = names
    value, prefix = entry[name], entry.get("prefix", "")
    if name == "bucket" and _is_text(prefix):
        if _is_text(value) and _BUCKET.fullmatch(value):
            return BucketPlace(value, prefix)
        problems.append(f"{place_in_file}.bucket: must be the name of a bucket, got {value!r}")
    elif name == "bucket":
        problems.append(f"{place_in_file}.prefix: must be a text, got {prefix!r}")
    elif name == "folder":
        if _is_text(value) and Path(value).is_dir():
            return FolderPlace(str(Path(value).resolve()))
        problems.append(f"{place_in_file}.folder: must be a folder that exists, got {value!r}")
    else:
        web = _split_url(value)
        if web is not None and web.path.endswith("/"):
            is_private = bool(entry.get("private_addresses", False))
            return WebPlace(web.scheme, web.host, web.port, web.path, is_private)
        problems.append(
            f"{place_in_file}.url: must be a URL of http or https that ends with a slash, got {value!r}"
        )
    return None


def _is_redirect_url(value: Any) -> bool:
    place = _split_url(value)
    return place is not None and place.scheme == "https" and place.path.endswith("/media/")


def _split_url(value: Any) -> WebPlace | None:
    """Return the parts of a URL without credentials and query; None for another value."""
    if not _is_text(value):
        return None
    try:
        parts = urlsplit(value)
        port = parts.port
    except ValueError:
        return None
    is_plain = parts.username is None and not parts.query and not parts.fragment
    if parts.scheme not in _SCHEMES or not parts.hostname or not is_plain:
        return None
    return WebPlace(parts.scheme, parts.hostname, port or _SCHEMES[parts.scheme], unquote(parts.path) or "/")


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _check_names(
    document: Mapping[str, Any], names: tuple[str, ...], prefix: str, problems: list[str]
) -> None:
    problems += [
        f"{prefix}{name}: unknown name; allowed: {', '.join(names)}" for name in document if name not in names
    ]
