"""The content of the users of a block of the population, and the files that it refers to."""

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from legacy_population.people import OLD_HOST, Person, object_id

OLD_BUCKET = "biograph-media"
_PATH_STYLE = f"https://s3.amazonaws.com/{OLD_BUCKET}"
_OLD_CDN = "http://cdn.biograph.example"
MEDIA_RULES = {
    "rules": [
        {"from": f"{OLD_HOST}/", "bucket": OLD_BUCKET, "public": True},
        {"from": f"{_PATH_STYLE}/", "bucket": OLD_BUCKET, "public": True},
        {"from": f"{_OLD_CDN}/", "bucket": OLD_BUCKET, "owner": "audio/{record_id}-"},
    ]
}
"""Where the files behind the URLs are, for `userprofiles import plan --media-rules`."""

_WORDS = (
    "morning",
    "grandmother",
    "harbour",
    "winter",
    "letter",
    "song",
    "journey",
    "bread",
    "river",
    "war",
    "school",
    "garden",
    "train",
)


class FileKind(StrEnum):
    """What a URL of the old application leads to."""

    COPIED = "copied"
    DEAD = "dead"
    ELSEWHERE = "elsewhere"
    NO_URL = "no URL"


@dataclass(frozen=True)
class File:
    """A file of the old application.

    Attributes:
        url: The URL in the document.
        kind: What the URL leads to.
        key: The key in the old bucket; empty if the file is elsewhere.
    """

    url: str
    kind: FileKind
    key: str = ""


@dataclass
class Content:
    """A biograph.

    Attributes:
        old_id: The ID in the old database.
        owner: The owner; None if no such user exists.
        document: The document of the old database.
        files: Its files.
    """

    old_id: Any
    owner: Person | None
    document: dict[str, Any]
    files: list[File] = field(default_factory=list)


def create_content(
    seed: int, block: int, people: Sequence[Person], now: datetime, *, text_words: int, most: int
) -> list[Content]:
    """Return the content of a block: none to `most` biographs for each user, and three without an owner."""
    rng = random.Random(f"{seed}/content/{block}")
    contents: list[Content] = []
    for person in people:
        for number in range(rng.choice((0, 0, 1, 1, 2, most))):
            content = Content(object_id(seed, "content", person.index, number), person, {})
            content.document["user_id"] = str(person.old_id) if number == 1 else person.old_id
            contents.append(content)
    nobody = object_id(seed, "nobody", block)
    for number, fields in enumerate(({"user_id": nobody}, {"user_id": None}, {})):
        contents.append(Content(object_id(seed, "ownerless", block, number), None, dict(fields)))
    for content in contents:
        _add_fields(rng, content, now, text_words)
    return contents


def _add_fields(rng: random.Random, content: Content, now: datetime, text_words: int) -> None:
    recorded = now - timedelta(days=rng.randrange(1, 1500), milliseconds=rng.randrange(86_400_000))
    names = [f"{content.old_id}-{number}" for number in range(rng.choice((0, 1, 1, 2)))]
    content.files = [rng.choice(_FILES)(name) for name in names]
    content.document |= {
        "_id": content.old_id,
        "title": f"{rng.choice(_WORDS).title()} № {rng.randrange(1000)} 🎙",
        "record_text": " ".join(rng.choices(_WORDS, k=rng.randrange(text_words + 1))),
        "record_time": recorded if rng.random() < 0.9 else recorded.isoformat(timespec="milliseconds"),
        "updated_at": recorded,
    }
    if content.files:
        field_name = "video_url" if "/video/" in content.files[0].url else "audio_url"
        content.document[field_name] = content.files[0].url
    if len(content.files) > 1:
        content.document["media_urls"] = [file.url for file in content.files[1:]]


_FILES: Sequence[Callable[[str], File]] = (
    *[lambda name: File(f"{OLD_HOST}/audio/{name}.mp3", FileKind.COPIED, f"audio/{name}.mp3")] * 10,
    *[lambda name: File(f"{_PATH_STYLE}/video/{name}.mp4", FileKind.COPIED, f"video/{name}.mp4")] * 3,
    *[lambda name: File(f"{_OLD_CDN}/audio/{name}.m4a?v=2", FileKind.COPIED, f"audio/{name}.m4a")] * 2,
    lambda name: File(f"{OLD_HOST}/audio/%C3%BC%20{name}.mp3", FileKind.COPIED, f"audio/ü {name}.mp3"),
    *[lambda name: File(f"{OLD_HOST}/lost/{name}.mp3", FileKind.DEAD, f"lost/{name}.mp3")] * 2,
    lambda name: File(f"https://videos.example.org/watch/{name}", FileKind.ELSEWHERE),
    lambda _: File("n/a", FileKind.NO_URL),
)
"""The kinds of files, as often as they occur among twenty."""
