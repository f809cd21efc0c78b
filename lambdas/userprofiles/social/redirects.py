"""Redirects of old media URLs. Pure functions.

    PK `REDIRECT#<hash>`, SK `USER#<sub>`         the redirect
    PK `USER#<sub>`,      SK `REDIRECT#<hash>`    its mirror, from which the erasure of the owner finds it

Several users can have a copy of one old file. Each of them has a redirect, so that the URL works as long as
one of them is here.

| Attribute        | Value                                                                                |
|------------------|--------------------------------------------------------------------------------------|
| `entityType`     | `REDIRECT`, in both items                                                            |
| `sub`            | the owner                                                                            |
| `contentId`      | the content item                                                                     |
| `mediaKey`       | key of the S3 object, see `userprofiles.social.content.media_key`                    |
| `contentType`    | its MIME type                                                                        |
| `isPublic`       | whether everybody could read the URL on the old host, without signing in             |
| `migrationRunId` | the run that imported it, in both items                                              |

The hash is the SHA-256 of host and path, so the table doesn't contain the URLs. The query of a URL does not
count: signed URLs have another one each time.
"""

import hashlib
import re
from urllib.parse import unquote, urlsplit

from userprofiles.social.content import media_key
from userprofiles.table import record
from userprofiles.table.record import Item

PREFIX = "REDIRECT#"
ENTITY_TYPE = "REDIRECT"
DECODINGS = 5
"""How often a path is decoded, at most."""

_PARTITION = re.compile(f"{PREFIX}[0-9a-f]{{64}}")


def url_hash(url: str) -> str:
    """Return the hash of an old URL, such as `https://media.example.com/a/b.mp3?X-Amz-Signature=1`.

    Raises:
        ValueError: The text is not an absolute URL with a host.
    """
    parts = urlsplit(url)
    if not parts.hostname:
        raise ValueError("A redirect needs an absolute URL, such as https://media.example.com/a.mp3.")
    return location_hash(parts.hostname, parts.path)


def location_hash(host: str, path: str) -> str:
    """Return the hash of host and path of a URL.

    Percent-encoded characters are decoded: clients and gateways encode a path in different ways.

    Args:
        host: The host, in upper or lower case, with or without a port.
        path: The path, with or without the first slash.
    """
    location = f"{host.partition(':')[0].lower()}/{_decode(path).lstrip('/')}"
    return hashlib.sha256(location.encode(errors="surrogatepass")).hexdigest()


def _decode(path: str) -> str:
    """Decode a path several times, so that it has the same form however often it was encoded."""
    for _ in range(DECODINGS):
        path = unquote(path)
    return path


def redirect_partition(hash_text: str) -> str:
    """Return the partition key of the redirects of an old URL."""
    return f"{PREFIX}{hash_text}"


def redirect_key(hash_text: str, sub: str) -> dict[str, str]:
    """Return the primary key of the redirect of an old URL to the copy of a user."""
    return {"PK": redirect_partition(hash_text), "SK": record.partition_key(sub)}


def redirect_of_mirror(sub: str, sort_key: str) -> dict[str, str] | None:
    """Return the key of the redirect of which an item of a user is the mirror; None for another item."""
    if not _PARTITION.fullmatch(sort_key):
        return None
    return redirect_key(sort_key.removeprefix(PREFIX), sub)


def redirect_items(
    sub: str,
    url: str,
    *,
    content: str,
    media_id: str,
    content_type: str,
    is_public: bool,
    run_id: str | None = None,
) -> tuple[Item, Item]:
    """Return a redirect and its mirror in the owner's partition.

    Args:
        sub: The owner.
        url: The old URL.
        content: The content ID.
        media_id: The medium of the content.
        content_type: Its MIME type.
        is_public: Whether everybody could read the URL on the old host, without signing in. If False, the
            redirect route answers as if the redirect didn't exist.
        run_id: The run of an import; None if no import writes the items.

    Raises:
        ValueError: The URL has no host, or the key of the object is not valid.
    """
    hash_text = url_hash(url)
    run = {} if run_id is None else {record.RUN_ID: run_id}
    redirect: Item = {
        **redirect_key(hash_text, sub),
        "entityType": ENTITY_TYPE,
        "sub": sub,
        "contentId": content,
        "mediaKey": media_key(sub, content, media_id),
        "contentType": content_type,
        "isPublic": is_public,
        **run,
    }
    mirror: Item = {
        "PK": record.partition_key(sub),
        "SK": f"{PREFIX}{hash_text}",
        "entityType": ENTITY_TYPE,
        **run,
    }
    return redirect, mirror
