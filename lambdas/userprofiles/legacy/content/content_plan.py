"""What becomes of a record: the content item, its media and redirects. Pure functions."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, Protocol

from userprofiles.legacy.content.file_owners import WITHHELD, withhold_media, withhold_text_file
from userprofiles.legacy.content.url_rules import NO_RULE, OldFile, UrlRules
from userprofiles.legacy.job.stage import MEDIA_WITHHELD
from userprofiles.legacy.mapping.records import LegacyContent
from userprofiles.social import content, redirects
from userprofiles.social.content import ELSEWHERE, MISSING, READY
from userprofiles.table.record import Item

NO_RECORD_TIME = "the record has no record time; its last change, or 1970, stands for it"

TOO_MANY = "the record names more files than an item can have"
MAX_FILES = 6_000
"""More files than an item of 400 KB can have: the shortest entry has about 80 bytes."""

_EARLIEST = datetime(1970, 1, 1, tzinfo=UTC)
_UNKNOWN_TYPE = "application/octet-stream"


class MediaPlan(Protocol):
    """Files that belong to a user."""

    @property
    def sub(self) -> str:
        """The owner."""

    @property
    def content_id(self) -> str:
        """The content ID in the keys of the copies."""

    @property
    def files(self) -> Sequence[OldFile]:
        """The files, each once."""


@dataclass(frozen=True)
class ContentPlan:
    """What becomes of one record.

    Attributes:
        record: The record.
        sub: The owner.
        content_id: The content ID. It depends on the source, the old ID and the record time only.
        record_time: When it was recorded.
        title: The title with rewritten URLs.
        text: The text with rewritten URLs.
        files: The files that the record names, each once.
        findings: What an operator should know, without data.
    """

    record: LegacyContent
    sub: str
    content_id: str
    record_time: datetime
    title: str
    text: str
    files: Sequence[OldFile]
    findings: tuple[str, ...] = ()

    @property
    def key(self) -> tuple[str, str]:
        """The key of the item."""
        key = content.content_key(self.sub, self.content_id)
        return key["PK"], key["SK"]


def plan_content(record: LegacyContent, sub: str, source: str, rules: UrlRules) -> ContentPlan:
    """Return what becomes of a record.

    Args:
        record: The record.
        sub: The owner.
        source: The name of the old application.
        rules: The rules for old URLs.
    """
    record_time = _read_time(record.record_time) or _read_time(record.updated_at) or _EARLIEST
    findings = () if _read_time(record.record_time) else (NO_RECORD_TIME,)
    located_files = map(rules.locate, record.media)
    files = {old_file.media_id: withhold_media(old_file, record) for old_file in located_files}
    texts = {}
    for name, text in (("title", record.title), ("text", record.text)):
        texts[name], files_of_text = rewrite_text(text, rules)
        text_files = {file.media_id: withhold_text_file(file, record) for file in files_of_text}
        files = text_files | files
    identity = f"{source}#{record.old_id}"
    return ContentPlan(
        record,
        sub,
        content.content_id(record_time, identity),
        record_time,
        texts["title"],
        texts["text"],
        _limit(list(files.values())),
        findings,
    )


def _limit(files: Sequence[OldFile]) -> list[OldFile]:
    """Return the files, of which only the first are copied if no item can have so many.

    The record fails then in any case, and must not cause a copy for each URL of a large text.
    """
    others = [replace(old_file, problem=old_file.problem or TOO_MANY) for old_file in files[MAX_FILES:]]
    return [*files[:MAX_FILES], *others]


def rewrite_text(text: str, rules: UrlRules) -> tuple[str, list[OldFile]]:
    """Replace the URLs of old files in a text with `media:<media ID>`.

    Returns:
        The text, and the files.
    """
    files: dict[str, OldFile] = {}

    def new_text(url: str) -> str:
        old_file = rules.locate(url)
        if old_file.rule is None:
            return url
        files[url] = old_file
        return f"media:{old_file.media_id}"

    return rules.replace_in_text(text, new_text), list(files.values())


def media_key(plan: MediaPlan, old_file: OldFile) -> str:
    """Return the key of the copy of a file."""
    return content.media_key(plan.sub, plan.content_id, old_file.media_id)


def missing_entry(old_file: OldFile, problem: str) -> dict[str, Any]:
    """Return the object in `media` of a file that does not exist any more, or must not be copied."""
    entry = content.media_entry(old_file.media_id, _UNKNOWN_TYPE, size=None, sha256=None, state=MISSING)
    return {**entry, "old_path": old_file.path, "problem": problem}


def elsewhere_entry(old_file: OldFile) -> dict[str, Any]:
    """Return the object in `media` of a file on a host without a rule. Its URL goes on working."""
    entry = content.media_entry(old_file.media_id, _UNKNOWN_TYPE, size=None, sha256=None, state=ELSEWHERE)
    return {**entry, "url": old_file.url}


def create_item(
    plan: ContentPlan, media: Sequence[Mapping[str, Any]], *, created_at: str, run_id: str
) -> Item:
    """Return the content item.

    Args:
        plan: What becomes of the record.
        media: The objects in `media`.
        created_at: The result of `record.timestamp`.
        run_id: The run.
    """
    item = content.content_item(
        plan.sub,
        plan.content_id,
        title=plan.title,
        text=plan.text,
        record_time=plan.record_time,
        created_at=created_at,
        media=media,
    )
    return content.imported_content_item(
        item, old_id=plan.record.old_id, digest=plan.record.digest, run_id=run_id
    )


def create_redirects(plan: MediaPlan, media: Sequence[Mapping[str, Any]], run_id: str) -> list[Item]:
    """Return the redirects of the old URLs of all copied media, and their mirrors."""
    entries = {entry["id"]: entry for entry in media if entry["state"] == READY}
    items: list[Item] = []
    for old_file in plan.files:
        entry = entries.get(old_file.media_id)
        if entry is not None and old_file.rule is not None and old_file.has_redirect:
            items += redirects.redirect_items(
                plan.sub,
                old_file.url,
                content=plan.content_id,
                media_id=old_file.media_id,
                content_type=entry["content_type"],
                is_public=old_file.rule.is_public,
                run_id=run_id,
            )
    return items


def object_keys(plan: MediaPlan, media: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return the keys of the objects of all copied media."""
    return [
        content.media_key(plan.sub, plan.content_id, entry["id"])
        for entry in media
        if entry["state"] == READY
    ]


def count_media(media: Sequence[Mapping[str, Any]]) -> dict[str, int]:
    """Return what became of the media, for the report."""
    states = Counter(entry["state"] for entry in media)
    withheld = sum(entry.get("problem") in WITHHELD for entry in media)
    counts = {
        "media": states[READY],
        "media bytes": sum(entry.get("bytes", 0) for entry in media if entry["state"] == READY),
        "dead links": states[MISSING] - withheld,
        MEDIA_WITHHELD: withheld,
        "media elsewhere": states[ELSEWHERE],
    }
    return {name: number for name, number in counts.items() if number}


def find_problems(plan: ContentPlan, media: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return the lines for the report: dead links and other findings, without any part of a URL."""
    lines = list(plan.findings)
    for number, entry in enumerate(media, start=1):
        if entry.get("problem") in WITHHELD:
            lines.append(f"medium {number} is not copied: {entry['problem']}")
        elif entry["state"] == MISSING:
            lines.append(f"medium {number} is a dead link: {entry['problem']}")
        elif entry["state"] == ELSEWHERE:
            lines.append(f"medium {number} stays where it is: {NO_RULE}")
    return [f"content {plan.record.old_id}: {line}" for line in lines]


def count_old_urls(item: Mapping[str, Any], rules: UrlRules) -> int:
    """Return how many URLs that a rule should have replaced are left in an item."""
    texts = [item.get("title", ""), item.get("text", "")]
    texts += [str(value) for entry in item.get("media", ()) for value in entry.values()]
    urls = (url for text in texts for url in rules.find_in_text(text))
    return sum(rules.locate(url).rule is not None for url in urls)


def _read_time(text: str) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment if moment.tzinfo is not None else None
