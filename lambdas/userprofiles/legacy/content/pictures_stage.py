"""The stage that copies the pictures of users, so that their old URLs go on working."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from userprofiles.legacy.content.content_plan import create_redirects, media_key, object_keys
from userprofiles.legacy.content.content_undo import ContentUndo
from userprofiles.legacy.content.media_bucket import MediaBucket
from userprofiles.legacy.content.media_copies import CopiedMedia, MediaCopies
from userprofiles.legacy.content.url_rules import OldFile, UrlRules
from userprofiles.legacy.job.stage import Conflict, Outcome, RecordKind, RecordResult, StageEstimate
from userprofiles.legacy.mapping.records import LegacyUser
from userprofiles.legacy.stage_tools import OBJECT, StageTools, ledger_key
from userprofiles.legacy.table_inserts import InsertResult
from userprofiles.social.content import MISSING, content_id
from userprofiles.social.redirects import redirect_key, url_hash

NO_PICTURE = "the user has no picture"
NOT_IMPORTED = "the user is not imported"
NOT_SERVED = "the picture stays where it is: no rule makes it public here"
DEAD = "the picture is a dead link"
NOT_COPIED = "the picture was not copied"
NO_REDIRECT = "the redirect or the copy of the picture does not exist"

_NO_TIME = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class PicturePlan:
    """The picture of a user.

    Attributes:
        sub: The user.
        content_id: The content ID in the key of the copy. No content item has it.
        files: The picture.
    """

    sub: str
    content_id: str
    files: Sequence[OldFile]

    @property
    def key(self) -> str:
        """The key of the copy."""
        return media_key(self, self.files[0])

    @property
    def redirect(self) -> tuple[str, str]:
        """The key of the redirect."""
        key = redirect_key(url_hash(self.files[0].url), self.sub)
        return key["PK"], key["SK"]


class PicturesStage:
    """Copies pictures, and writes redirects for their old URLs. A profile names its picture by a URL.

    Only pictures that everybody could read are copied, because the API serves no others without a token.

    Args:
        tools: The table, the users and the run.
        rules: The rules for old URLs.
        bucket: The bucket for media.
        copies: Copies media.
    """

    name = "pictures"
    reads = RecordKind.USERS

    def __init__(self, tools: StageTools, rules: UrlRules, bucket: MediaBucket, copies: MediaCopies) -> None:
        self._tools = tools
        self._rules = rules
        self._bucket = bucket
        self._copies = copies
        self._undo = ContentUndo(tools, bucket)

    def preview(self, records: Sequence[LegacyUser]) -> list[RecordResult]:
        """Return what `process` will do if all users are imported and no link is dead. It calls nothing."""
        return [
            RecordResult(record_id=user.old_id, outcome=Outcome.CREATED, counts={"pictures": 1})
            if (reason := self._obstacle(user)) is None
            else _skipped(user, reason)
            for user in records
        ]

    def conflicts(self) -> Sequence[Conflict]:
        """Return nothing: pictures need no decisions."""
        return ()

    def estimate(self, records: Sequence[LegacyUser]) -> StageEstimate:
        """Return what records need in AWS."""
        pictures = sum(self._obstacle(user) is None for user in records)
        units = 2.0 * pictures  # the redirect and its mirror
        return StageEstimate(
            write_units=units, rollback_write_units=units, read_units=pictures, copied_objects=pictures
        )

    def process(self, records: Sequence[LegacyUser]) -> list[RecordResult]:
        """Copy the pictures of users."""
        plans, results = self._plan(records)
        copied = dict(zip(plans, self._copies.copy(list(plans.values())), strict=True))
        redirects = {
            number: create_redirects(plans[number], media.entries, self._tools.run_id)
            for number, media in copied.items()
        }
        inserted = iter(self._tools.inserts.insert([item for items in redirects.values() for item in items]))
        for number, plan in plans.items():
            own = [(ledger_key((item["PK"], item["SK"])), next(inserted)) for item in redirects[number]]
            results[number] = _result(records[number], plan, copied[number], own)
        return [results[number] for number in range(len(records))]

    def update(self, records: Sequence[LegacyUser]) -> list[RecordResult]:
        """Copy new pictures, and try dead links again."""
        return self.process(records)

    def verify(self, records: Sequence[LegacyUser]) -> list[RecordResult]:
        """Compare the pictures of users with copies and redirects."""
        plans, results = self._plan(records)
        redirects = self._tools.calls.read([plan.redirect for plan in plans.values()])
        for number, plan in plans.items():
            redirect = redirects.get(plan.redirect)
            stored = self._bucket.head(plan.key)
            keys = [f"{OBJECT}{plan.key}"] if stored is not None and self._bucket.is_own(stored) else []
            if self._tools.is_own(redirect):
                mirror = (f"USER#{plan.sub}", plan.redirect[0])
                keys += [ledger_key(plan.redirect), ledger_key(mirror)]
            if redirect is None and stored is None:
                results[number] = _skipped(records[number], NOT_COPIED)
                continue
            is_complete = redirect is not None and stored is not None
            results[number] = RecordResult(
                record_id=records[number].old_id,
                outcome=Outcome.EXISTED if is_complete else Outcome.FAILED,
                reason="" if is_complete else NO_REDIRECT,
                keys=tuple(keys),
            )
        return [results[number] for number in range(len(records))]

    def undo(self, keys: Sequence[str]) -> list[RecordResult]:
        """Remove copies and redirects that this run created."""
        return self._undo.undo(keys)

    def _plan(self, records: Sequence[LegacyUser]) -> tuple[dict[int, PicturePlan], dict[int, RecordResult]]:
        """Return the pictures to copy, and the results of the other users, by number."""
        subs = self._tools.users.find({user.old_id for user in records if self._obstacle(user) is None})
        plans: dict[int, PicturePlan] = {}
        results: dict[int, RecordResult] = {}
        for number, user in enumerate(records):
            reason = self._obstacle(user) or (None if user.old_id in subs else NOT_IMPORTED)
            if reason is None:
                plans[number] = self._picture_plan(user, subs)
            else:
                results[number] = _skipped(user, reason)
        return plans, results

    def _picture_plan(self, user: LegacyUser, subs: Mapping[str, str]) -> PicturePlan:
        identity = f"{self._tools.source}#picture#{user.old_id}"
        files = [self._rules.locate(user.picture)]
        return PicturePlan(subs[user.old_id], content_id(_NO_TIME, identity), files)

    def _obstacle(self, user: LegacyUser) -> str | None:
        """Return why the picture of a user is not copied; None if it is."""
        if not user.picture:
            return NO_PICTURE
        return None if self._rules.locate(user.picture).is_served else NOT_SERVED


def _result(
    user: LegacyUser,
    plan: PicturePlan,
    media: CopiedMedia,
    redirects: Sequence[tuple[str, InsertResult]],
) -> RecordResult:
    if media.failure:
        return RecordResult(record_id=user.old_id, outcome=Outcome.FAILED, reason=media.failure)
    [entry] = media.entries
    if entry["state"] == MISSING:
        return RecordResult(
            record_id=user.old_id,
            outcome=Outcome.SKIPPED,
            reason=DEAD,
            counts={"dead links": 1},
            findings=(f"user {user.old_id}: the picture is a dead link: {entry['problem']}",),
        )
    own_keys = [key for key, inserted in redirects if inserted.outcome == "created"]
    objects = [f"{OBJECT}{key}" for key in object_keys(plan, media.entries)]
    return RecordResult(
        record_id=user.old_id,
        outcome=Outcome.CREATED if own_keys else Outcome.EXISTED,
        keys=(*objects, *own_keys) if own_keys else (),
        counts={"pictures": 1},
        write_units=sum(inserted.write_units for _, inserted in redirects),
    )


def _skipped(user: LegacyUser, reason: str) -> RecordResult:
    return RecordResult(record_id=user.old_id, outcome=Outcome.SKIPPED, reason=reason)
