"""Checks that the files of users' content are in the bucket, as the table says."""

from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor

from userprofiles.legacy.checklists.result_checks import pages
from userprofiles.legacy.claims import Users
from userprofiles.social.content import PREFIX, READY, media_key
from userprofiles.social.social_items import SocialItems
from userprofiles.stack_setup.check_result import CheckFailedError, call
from userprofiles.stack_setup.stack import Stack
from userprofiles.table.store_errors import StoreError

_THREADS = 8
_PAGE = 100


def check_media(stack: Stack, users: Users, old_ids: Iterable[str]) -> str:
    """Check that the objects of the users' media exist.

    Args:
        stack: The stack.
        users: Finds the users here by their old IDs.
        old_ids: The users' IDs in the old application.
    """
    user_count = file_count = missing_count = 0
    example = ""
    for page in pages(old_ids):
        subs = users.find(page).values()
        keys = _read_keys(stack, subs)
        missing_keys = _find_missing(stack, keys)
        example = example or next(iter(missing_keys), "")
        user_count += len(subs)
        file_count += len(keys)
        missing_count += len(missing_keys)
    if missing_count:
        raise CheckFailedError(
            f"{missing_count:,} of {file_count:,} files are not in the bucket, for example {example}",
            "userprofiles import verify lists them. Restore a former version of the object, or roll back and "
            "import the batch again.",
        )
    return f"{file_count:,} files of {user_count:,} users"


def _read_keys(stack: Stack, subs: Iterable[str]) -> list[str]:
    try:
        return [key for sub in subs for key in _media_keys(stack, sub)]
    except StoreError as error:
        raise CheckFailedError(
            f"the content can't be read: {error.code}", "Allow dynamodb:Query on the users table."
        ) from None


def _find_missing(stack: Stack, keys: Sequence[str]) -> list[str]:
    with ThreadPoolExecutor(_THREADS, thread_name_prefix="media") as pool:
        exists = list(pool.map(lambda key: _exists(stack, key), keys))
    return [key for key, is_there in zip(keys, exists, strict=True) if not is_there]


def _media_keys(stack: Stack, sub: str) -> Iterator[str]:
    """Yield the keys of the media of a user whose upload is confirmed."""
    items = SocialItems(stack.client("dynamodb"), stack.users_table)
    after: str | None = None
    while True:
        page = items.read_page(sub, PREFIX, _PAGE, after)
        for item in page.items:
            content_id = item["SK"].removeprefix(PREFIX)
            for entry in item.get("media", ()):
                if entry["state"] == READY:
                    yield media_key(sub, content_id, entry["id"])
        if page.last is None:
            return
        after = page.last


def _exists(stack: Stack, key: str) -> bool:
    missing = CheckFailedError("the object doesn't exist", "Import the content again.")
    try:
        call(stack, "s3", "head_object", missing=missing, Bucket=stack.media_bucket, Key=key)
    except CheckFailedError as error:
        # S3's HEAD has no body, so the code of its error is the status.
        if error is missing or str(error) == "s3 returned 404":
            return False
        raise
    return True
