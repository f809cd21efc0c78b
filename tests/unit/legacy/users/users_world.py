"""The world of an import of users: the source, the pool and the users table in memory."""

import hashlib
from dataclasses import replace

from import_table import LIMITS, ImportClient, ImportTable
from legacy_pool import POOL_ID, START, LegacyPool
from userprofiles import template
from userprofiles.legacy.mapping.records import LegacyUser
from userprofiles.legacy.table_inserts import TableInserts
from userprofiles.legacy.users.decisions import Decisions
from userprofiles.legacy.users.pool_features import PoolFeatures
from userprofiles.legacy.users.quotas import QuotaClass
from userprofiles.legacy.users.users_stage import UsersSettings, UsersStage

SOURCE = "biograph"
RUN = "run-1"
FAST = dict.fromkeys(QuotaClass, 1e9)
SOCIAL = template.load("social")
PHONES = ("4155550100", "4155550101", "4155550102", "4155550103")


def phone(number):
    """Return a phone number in E.164 form."""
    return f"+1415555{number:04d}"


def legacy_user(number=1, **values):
    """Return an old user."""
    user = LegacyUser(
        **{
            "old_id": f"id{number}",
            "phone_number": f"(415) 555-{number + 100:04d}",
            "country_code": "1",
            "email": "",
            "username": f"name{number}",
            "first_name": f"First{number}",
            "picture": f"https://example.com/{number}.jpg",
            "visibility": "friends",
            "email_notifications": True,
            "push_notifications": False,
            "is_phone_verified": True,
            "is_disabled": False,
            "friends": (),
            "subscribers": (),
            "blocks": (),
            "premium": None,
            "updated_at": "2025-01-01T00:00:00.000Z",
            "digest": "",
            "problems": (),
            **values,
        }
    )
    mapped = {name: value for name, value in vars(user).items() if name != "digest"}
    return replace(user, digest=hashlib.sha256(repr(mapped).encode()).hexdigest())


class UsersClient(ImportClient):
    """A client of DynamoDB with the further calls of an import of users."""

    def update_item(self, *, ReturnConsumedCapacity="NONE", **action):  # noqa: N803
        self._begin("UpdateItem", action)
        super().update_item(**action)
        return {}

    def transact_write_items(self, *, ReturnConsumedCapacity="NONE", **action):  # noqa: N803
        self._begin("TransactWriteItems", action)
        super().transact_write_items(**action)
        return {}

    def query(self, *, ReturnConsumedCapacity="NONE", **request):  # noqa: N803
        self._begin("Query", request)
        return super().query(**request)


class UsersWorld:
    """The source, the pool and the users table."""

    def __init__(self, **pool):
        self.pool = LegacyPool(**pool)
        self.table = ImportTable()
        self.table.client = UsersClient()
        self.seconds = 0

    def clock(self):
        return START

    def stage(self, *, run_id=RUN, decisions=None, cognito=None, dynamodb=None, **settings):
        dynamodb = dynamodb or self.table.client
        inserts = TableInserts(dynamodb, "users", threads=1, limits=LIMITS)
        return UsersStage(
            UsersSettings(
                **{
                    "source": SOURCE,
                    "run_id": run_id,
                    "pool_id": POOL_ID,
                    "table": "users",
                    "template": SOCIAL,
                    "rates": FAST,
                    "decisions": decisions or Decisions(),
                    "clock": self.clock,
                    **settings,
                }
            ),
            dynamodb,
            cognito or self.pool,
            inserts,
            PoolFeatures.read(self.pool, POOL_ID),
            limits=LIMITS,
        )

    def sub_of(self, number):
        """Return the sub of the user with a phone number."""
        return self.pool.admin_get_user(UserPoolId=POOL_ID, Username=phone(number + 100))["Username"]

    def claim(self, number):
        return self.table.get(f"LEGACY#{SOURCE}#id{number}", "CLAIM#MAIN")

    def item(self, sub, sort):
        return self.table.get(f"USER#{sub}", sort)

    def account(self, sub):
        return self.item(sub, "ACCOUNT#MAIN")

    def profile(self, sub):
        return self.item(sub, "PROFILE#MAIN")
