"""All stores with data of users in memory: what they contain, and what is left of a user."""

import copy
import io
import json
from types import SimpleNamespace

from botocore.exceptions import ClientError
from erasure_world import World
from life_pool import LifePool
from memory_dynamodb import MemoryTables
from userprofiles.backfill.tables.table_shape import TableShape
from userprofiles.backfill.targets.profile_builder import ProfileBuilder
from userprofiles.backfill.users.user_row import UserRow
from userprofiles.table.store_errors import StoreBusyError


class RecordingOutbox:
    """The outbox queue. It can fail, as SQS can."""

    def __init__(self):
        self.messages = []
        self.is_broken = False

    def send(self, message):
        if self.is_broken:
            raise StoreBusyError("QueueBroken")
        self.messages.append(message.to_json())


class LifeStores(World):
    """The stores. The methods read and write them directly, without the application."""

    def __init__(self, template):
        super().__init__(MemoryTables())
        self.tables.client.meta = SimpleNamespace(region_name="us-east-1", endpoint_url="AWS")
        self.template = template
        self.pool = LifePool()
        self.log = io.StringIO()
        self.outbox = RecordingOutbox()
        self.erasure = self.create_erasure()

    def insert_backfilled_profile(self, sub):
        """Insert a profile as the backfill does: on the condition that the user has none.

        Returns:
            Whether it was inserted.
        """
        item = ProfileBuilder(self.template, TableShape.STACK, "run").build_item(
            UserRow(sub, profile_key=f"USER#{sub}"), "2026-02-04T16:00:00Z"
        )
        put = {
            "TableName": self.tables.users,
            "Item": item,
            "ConditionExpression": "attribute_not_exists(PK)",
        }
        try:
            self.dynamodb.transact_write_items(TransactItems=[{"Put": put}])
        except ClientError as error:
            if error.response["Error"]["Code"] != "TransactionCanceledException":
                raise
            return False
        return True

    def add_former_account(self, sub, email):
        """Add the account of a system that had neither profiles nor an audit trail."""
        account = {
            "PK": f"USER#{sub}",
            "SK": "ACCOUNT#MAIN",
            "entityType": "USER_ACCOUNT",
            "email": email,
            "role": "customer",
            "status": "active",
            "createdAt": "2020-01-01T00:00:00Z",
        }
        self.tables.put(account)

    def add_data(self, sub, other, canary):
        """Add data of a user to every store, and links to another user."""
        for pk, sk in self.item_keys(sub, other):
            text = "link" if pk == f"USER#{other}" else canary  # a link names the other user, no more
            self.tables.put({"PK": pk, "SK": sk, "text": text})
        for prefix in ("avatars/", "claimed/avatars/", "exports/"):
            self.bucket.put(f"{prefix}{sub}/{canary}")
        self.tables.put({"id": f"key-{sub}", "data": json.dumps({"userId": sub})}, self.tables.idempotency)
        self.function.documents[sub] = 3
        self.mails[sub] = 4

    def leftovers(self, sub):
        """Return what the stores have of a user, except tombstones, audit rows and receipt."""
        users = self.tables.client.tables[self.tables.users]
        items = [
            key for key, item in users.items() if sub in {key[0].removeprefix("USER#"), key[1][-len(sub) :]}
        ]
        return [
            *[key for key in items if users[key].get("entityType", {}).get("S") != "TOMBSTONE"],
            *[key for key, _ in self.bucket.versions if f"/{sub}/" in key],
            *[key for key in self.tables.client.tables[self.tables.idempotency] if key == (f"key-{sub}",)],
            *[name for name in self.pool.users if name == sub],
            *[data for data in (self.function.documents, self.mails) if sub in data],
        ]

    def partition(self, sub):
        """Return the stored items of a user, in DynamoDB's format."""
        items = self.tables.client.tables[self.tables.users]
        return {key: copy.deepcopy(item) for key, item in items.items() if key[0] == f"USER#{sub}"}

    def everything(self):
        """Return all stored data as one text."""
        return repr(
            (
                self.tables.client.tables,
                self.pool.users,
                self.bucket.versions,
                self.queues.messages,
                self.outbox.messages,
                self.function.documents,
                self.mails,
                self.log.getvalue(),
            )
        )
