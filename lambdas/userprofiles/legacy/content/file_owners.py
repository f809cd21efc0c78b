"""Decides whether a record may have a copy of an old file. Pure functions.

Users of an old application wrote its texts, and often its media fields. So a URL in a record does not prove
that the file belongs to the owner of the record. A file that not everybody could read needs a proof: its
path, which the old application chose, has the old ID of the owner or of the record.
"""

import re
from dataclasses import replace

from userprofiles.legacy.content.url_rules import OldFile
from userprofiles.legacy.mapping.records import LegacyContent

NOT_PROVEN = (
    "the file is not public, and its path does not prove whose it is; "
    "the media rule can allow it by owner or trust_media_fields"
)
NOT_PROVEN_IN_TEXT = (
    "the URL is in a text, the file is not public, and its path does not prove whose it is; "
    "the media rule can allow it by owner"
)
WITHHELD = frozenset({NOT_PROVEN, NOT_PROVEN_IN_TEXT})

_TOKEN = re.compile(r"(\{user_id\}|\{record_id\}|\*)")
# An ID has a separator on both sides. Otherwise user 1 would get the files of user 12.
_DELIMITED_ID = re.compile(r"(?:^|(?<=[/_.-]))\{(?:user_id|record_id)\}(?=[/_.-])")


def is_owner_pattern(value: object) -> bool:
    """Return whether a value is a pattern for the path of a file of a user."""
    if not isinstance(value, str) or value.startswith("/"):  # the prefix of a rule ends with a slash
        return False
    rest = _DELIMITED_ID.sub("", value)
    return rest != value and not {"{", "}"} & set(rest)


def withhold_media(old_file: OldFile, record: LegacyContent) -> OldFile:
    """Return the file of a media field of a record, with a problem if the record may not have a copy."""
    rule = old_file.rule
    is_trusted = rule is not None and rule.trusts_media_fields
    return old_file if is_trusted else _withhold(old_file, record, NOT_PROVEN)


def withhold_text_file(old_file: OldFile, record: LegacyContent) -> OldFile:
    """Return the file of a URL in a text of a record, with a problem if the record may not have a copy."""
    return _withhold(old_file, record, NOT_PROVEN_IN_TEXT)


def _withhold(old_file: OldFile, record: LegacyContent, problem: str) -> OldFile:
    rule = old_file.rule
    if rule is None or old_file.problem or rule.is_readable_by_everybody:
        return old_file
    return old_file if _proves_owner(old_file, rule.owner, record) else replace(old_file, problem=problem)


def _proves_owner(old_file: OldFile, pattern: str, record: LegacyContent) -> bool:
    """Return whether the path of a file begins as the pattern says.

    A query proves nothing: a server may choose the file by it.
    """
    ids = {"{user_id}": record.owner_id, "{record_id}": record.old_id}
    if not pattern or old_file.query or not all(_is_usable(ids[name]) for name in ids if name in pattern):
        return False
    texts = {"*": "[^/]*"} | {name: re.escape(old_id) for name, old_id in ids.items()}
    expression = "".join(texts.get(part, re.escape(part)) for part in _TOKEN.split(pattern))
    return re.match(expression, old_file.name) is not None


def _is_usable(old_id: str) -> bool:
    """Return whether an ID can be a part of a path. With a slash, it could name another user's folder."""
    return bool(old_id) and "/" not in old_id
