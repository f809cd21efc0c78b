"""A world in which old users have been imported: table, buckets, and the stages that follow the users."""

from contextlib import contextmanager
from dataclasses import replace

from import_table import LIMITS, ImportTable
from media_bucket_fake import FakeS3
from userprofiles.backfill.stop import Stop
from userprofiles.legacy.data_stages import open_data_stages
from userprofiles.legacy.mapping.records import LegacyContent, LegacyPremium, LegacyUser
from userprofiles.legacy.table_inserts import TableInserts
from userprofiles.social.legacy_records import BOUND, claim_item

SOURCE = "biograph"
OLD_BUCKET, BUCKET = "old-media", "media"
RULES = {
    "rules": [
        {"from": "https://media.old.example/", "bucket": OLD_BUCKET, "public": True},
        {"from": "https://s3.amazonaws.com/old-bucket/", "bucket": OLD_BUCKET, "prefix": "archive/"},
    ]
}


def sub_of(old_id):
    return f"sub-{old_id}"


def create_user(old_id, **values):
    """Return a user of the old application without links and plan."""
    defaults = {
        **dict.fromkeys(("phone_number", "country_code", "email", "username", "first_name", "picture"), ""),
        **dict.fromkeys(("email_notifications", "push_notifications", "is_phone_verified"), True),
        **dict.fromkeys(("friends", "subscribers", "blocks", "problems"), ()),
        "visibility": "public",
        "is_disabled": False,
        "premium": None,
        "updated_at": "",
        "digest": f"digest of {old_id}",
    }
    return LegacyUser(old_id=old_id, **{**defaults, **values})


def create_premium(plan="gold", start="2024-01-01T00:00:00Z", end="2030-01-01T00:00:00Z"):
    return LegacyPremium(plan, start, end)


def create_content(old_id, owner_id="1", **values):
    """Return a record of the old application."""
    defaults = {
        "title": f"Title {old_id}",
        "text": "A text.",
        "record_time": "2020-05-06T07:08:09.123Z",
        "media": (),
        "updated_at": "2020-05-06T07:08:09.123Z",
        "digest": f"digest of {old_id}",
        "problems": (),
    }
    return LegacyContent(old_id=old_id, owner_id=owner_id, **{**defaults, **values})


def change_content(content, **values):
    """Return a record as it is after a change in the old application."""
    return replace(content, **{"digest": f"changed {content.digest}", **values})


class LegacyWorld:
    """The users table, the buckets, and imports of the run `run-1`."""

    def __init__(self, table=None):
        self.table = table or ImportTable()
        self.s3 = FakeS3()
        self.stop = Stop()

    def bind(self, *old_ids):
        """Bind old users, as the users stage does."""
        for old_id in old_ids:
            claim = claim_item(
                SOURCE, old_id, address_hash="h", address_salt="s", digest="d", updated_at="", run_id="run-0"
            )
            self.table.put({**claim, "state": BOUND, "sub": sub_of(old_id)})

    @contextmanager
    def stages(self, run_id="run-1", rules=RULES, *, users_list_friends=True):
        """Yield the stages of a run by name."""
        inserts = TableInserts(self.table.client, self.table.name, threads=2, limits=LIMITS)
        try:
            with open_data_stages(
                self.table.client,
                self.s3,
                inserts,
                table=self.table.name,
                media_bucket=BUCKET,
                media_rules=rules,
                source=SOURCE,
                run_id=run_id,
                stop=self.stop,
                limits=LIMITS,
                users_list_friends=users_list_friends,
            ) as stages:
                yield {stage.name: stage for stage in stages}
        finally:
            inserts.close()

    def run(self, name, records, act="process", run_id="run-1", rules=RULES):
        """Run one stage."""
        with self.stages(run_id, rules) as stages:
            return getattr(stages[name], act)(records)

    def content_of(self, old_id):
        """Return the content items of a user."""
        return [
            item
            for item in self.table.items()
            if item["PK"] == f"USER#{sub_of(old_id)}" and item["SK"].startswith("CONTENT#")
        ]
