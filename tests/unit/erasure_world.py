"""All stores with data of users in memory, and the erasure on them. Every call is counted, and can kill."""

import io
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from botocore.exceptions import ClientError
from kill_switch import KillSwitch
from userprofiles.lifecycle.erasure.erasure_setup import create_erasure
from userprofiles.lifecycle.erasure.receipts import Receipts
from userprofiles.table import audit, deletion, record
from userprofiles.table.audit import Action
from userprofiles.table.store import Store

POOL_ID = "us-east-1_abc"
QUEUE_URL = "https://sqs/erasure"
TEAM_QUEUE_URL = "https://sqs/mails"
FUNCTION_ARN = "arn:aws:lambda:us-east-1:000000000000:function:search"
BUCKET = "avatars"
CANARY = "canary"
ENVIRONMENT = {
    "USERS_TABLE": "users",
    "AUDIT_TABLE": "audit",
    "RECEIPTS_TABLE": "receipts",
    "IDEMPOTENCY_TABLE": "idempotency",
    "AVATAR_BUCKET": BUCKET,
    "USER_POOL_ID": POOL_ID,
    "ERASURE_QUEUE_URL": QUEUE_URL,
}
TEAM_STORES = [
    {"name": "search", "functionArn": FUNCTION_ARN},
    {"name": "mails", "queueUrl": TEAM_QUEUE_URL},
]


def aws_error(code):
    return ClientError(
        {"Error": {"Code": code, "Message": f"a message that may repeat {CANARY}"}}, "Operation"
    )


class VersionedBucket:
    """S3 with versions and delete markers, in pages of `page` versions."""

    def __init__(self, page=2):
        self.versions = {}  # (key, version) to "version" or "marker"
        self.page = page
        self.errors = []

    def put(self, key, version="v1", kind="version"):
        self.versions[key, version] = kind

    def list_object_versions(self, *, Bucket, Prefix, MaxKeys, KeyMarker="", VersionIdMarker=""):  # noqa: N803
        assert (Bucket, MaxKeys) == (BUCKET, 1000)
        entries = sorted(
            entry
            for entry in self.versions
            if entry[0].startswith(Prefix) and entry > (KeyMarker, VersionIdMarker)
        )
        page = entries[: self.page]
        response = {"IsTruncated": len(entries) > self.page, "Versions": [], "DeleteMarkers": []}
        for key, version in page:
            kind = "Versions" if self.versions[key, version] == "version" else "DeleteMarkers"
            response[kind].append({"Key": key, "VersionId": version})
        if response["IsTruncated"]:
            response["NextKeyMarker"], response["NextVersionIdMarker"] = page[-1]
        return response

    def delete_objects(self, *, Bucket, Delete):  # noqa: N803
        assert Bucket == BUCKET
        assert 0 < len(Delete["Objects"]) <= 1000
        if self.errors:
            return {"Errors": [{"Code": self.errors.pop(), "Key": "k"}]}
        for entry in Delete["Objects"]:
            self.versions.pop((entry["Key"], entry["VersionId"]), None)
        return {}


class Pool:
    """Cognito: the sub is also accepted as the name of a local user, as on AWS."""

    def __init__(self):
        self.users = {}  # name to attributes
        self.federated = set()
        self.errors = []

    def add(self, name, sub, is_federated=False):
        self.users[name] = {"sub": sub, "email": f"{CANARY}-{sub}@example.com"}
        if is_federated:
            self.federated.add(name)

    def _find(self, name):
        if self.errors:
            raise aws_error(self.errors.pop())
        if name in self.users:
            return name
        local_names = [
            user
            for user, values in self.users.items()
            if values["sub"] == name and user not in self.federated
        ]
        if not local_names:
            raise aws_error("UserNotFoundException")
        return local_names[0]

    def admin_get_user(self, *, UserPoolId, Username):  # noqa: N803
        assert UserPoolId == POOL_ID
        name = self._find(Username)
        attributes = [{"Name": key, "Value": value} for key, value in self.users[name].items()]
        return {"Username": name, "UserAttributes": attributes, "UserStatus": "CONFIRMED", "Enabled": True}

    def list_users(self, *, UserPoolId, Filter, Limit):  # noqa: N803
        assert (UserPoolId, Limit) == (POOL_ID, 1)
        users = [
            {"Username": name, "Attributes": [{"Name": key, "Value": value} for key, value in values.items()]}
            for name, values in self.users.items()
            if Filter == f'sub = "{values["sub"]}"'
        ]
        return {"Users": users[:Limit]}

    def admin_delete_user(self, *, UserPoolId, Username):  # noqa: N803
        assert UserPoolId == POOL_ID
        del self.users[self._find(Username)]


class TeamFunction:
    """A registered function: erases at once, and answers the same count for the same erasure."""

    def __init__(self):
        self.documents = {}
        self.counts = {}
        self.requests = []
        self.answer = None
        self.error = None

    def invoke(self, *, FunctionName, InvocationType, Payload):  # noqa: N803
        assert (FunctionName, InvocationType) == (FUNCTION_ARN, "RequestResponse")
        request = json.loads(Payload)
        self.requests.append(request)
        if self.error:
            return {"FunctionError": self.error, "Payload": io.BytesIO(b'{"errorMessage": "canary"}')}
        count = self.counts.setdefault(request["erasureId"], self.documents.get(request["sub"], 0))
        answer = {"done": True, "count": count} if self.answer is None else self.answer
        if answer.get("done") is True:
            self.documents.pop(request["sub"], None)
        return {"Payload": io.BytesIO(json.dumps(answer).encode())}


class Queues:
    """SQS: the erasure queue and the queue of a registered store."""

    def __init__(self):
        self.messages = {QUEUE_URL: [], TEAM_QUEUE_URL: []}
        self.errors = []

    def send_message(self, *, QueueUrl, MessageBody):  # noqa: N803
        self.messages[QueueUrl].append(json.loads(MessageBody))

    def send_message_batch(self, *, QueueUrl, Entries):  # noqa: N803
        assert 0 < len(Entries) <= 10
        if self.errors:
            return {"Failed": [{"Id": "0", "Code": self.errors.pop()}]}
        self.messages[QueueUrl].extend(json.loads(entry["MessageBody"]) for entry in Entries)
        return {}


def create_receipts_table(client):
    """Create the receipts table in moto."""
    client.create_table(
        TableName="receipts",
        BillingMode="PAY_PER_REQUEST",
        KeySchema=[{"AttributeName": "PK", "KeyType": "HASH"}],
        AttributeDefinitions=[
            {"AttributeName": name, "AttributeType": "S"} for name in ("PK", "openPK", "startedAt")
        ],
        GlobalSecondaryIndexes=[
            {
                "IndexName": "open",
                "KeySchema": [
                    {"AttributeName": "openPK", "KeyType": "HASH"},
                    {"AttributeName": "startedAt", "KeyType": "RANGE"},
                ],
                "Projection": {"ProjectionType": "KEYS_ONLY"},
            }
        ],
    )


class World:
    """All stores, users with a canary in each of them, and the erasure."""

    def __init__(self, tables):
        self.tables = tables
        self.bucket = VersionedBucket()
        self.pool = Pool()
        self.function = TeamFunction()
        self.queues = Queues()
        self.mails = {}
        self.mail_counts = {}
        self.now = datetime(2026, 2, 4, 16, 0, 0, tzinfo=UTC)
        self.calls = KillSwitch()
        self.dynamodb = self.calls.wrap(tables.client)
        self.store = Store(self.dynamodb, tables.users, tables.audit, sleep=lambda _: None)
        self.receipts = Receipts(self.dynamodb, "receipts")
        self.erasure = self.create_erasure()

    def create_client(self, service, **_):
        clients = {
            "dynamodb": self.tables.client,
            "s3": self.bucket,
            "cognito-idp": self.pool,
            "lambda": self.function,
            "sqs": self.queues,
        }
        return self.calls.wrap(clients[service])

    def create_erasure(self, *, has_team_stores=True):
        """Create the erasure as the function does, with all its stores."""
        stores = json.dumps(TEAM_STORES if has_team_stores else [])
        erasure = create_erasure({**ENVIRONMENT, "ERASURE_STORES": stores}, self.create_client)
        return replace(erasure, store=self.store, clock=lambda: self.now)

    # Users

    def add_user(self, sub, *, with_canaries=True, is_marked=True, other="other"):
        """Add a user with a canary in every store."""
        moment = self.now - timedelta(days=30)
        row = audit.create_row(sub, Action.REGISTERED, source="test", account=None, moment=moment)
        account = record.account_item(
            sub,
            "vendor",
            record.timestamp(moment),
            {"email": f"{CANARY}-{sub}@example.com", "status": "active"},
            audit_head=row["hash"],
            created_by="sign_up",
        )
        self.store.create(account, record.profile_item(sub, {"name": CANARY}), row)
        self.pool.add(f"name-{sub}", sub)
        if with_canaries:
            self.add_canaries(sub, other)
        if is_marked:
            self.mark(sub, moment)
        return sub

    def mark(self, sub, moment, days=30):
        user = self.store.read(sub)
        request = deletion.create_request(moment, timedelta(days=days), "user")
        row = audit.create_row(
            sub, Action.DELETION_REQUESTED, source="api", account=user.account, moment=moment
        )
        changes = {"account": deletion.mark_changes(sub, user.account, request)}
        assert self.store.change(user, changes, row)

    def add_canaries(self, sub, other):
        for pk, sk in self.item_keys(sub, other):
            self.tables.put({"PK": pk, "SK": sk, "text": CANARY})
        for number in range(2):
            for prefix in ("avatars/", "claimed/avatars/", "exports/"):
                self.bucket.put(f"{prefix}{sub}/{number}")
        self.bucket.put(f"claimed/avatars/{sub}/0", "v2")
        self.bucket.put(f"claimed/avatars/{sub}/0", "v3", "marker")
        self.tables.put({"id": f"k-{sub}", "data": json.dumps({"userId": sub})}, self.tables.idempotency)
        self.function.documents[sub] = 3
        self.mails[sub] = 4

    @staticmethod
    def item_keys(sub, other):
        """Return the keys of the user's items and of their mirrors in other partitions."""
        mine, theirs = f"USER#{sub}", f"USER#{other}"
        return [
            (mine, "CONTENT#1"),
            (mine, "CONTENT#2"),
            (mine, "FRIEND#not a sub"),
            (mine, f"FRIEND#{other}"),
            (theirs, f"FRIEND#{sub}"),
            (mine, f"SUBSCRIBER#{other}"),
            (theirs, f"SUBSCRIPTION#{sub}"),
            (mine, f"SUBSCRIPTION#{other}"),
            (theirs, f"SUBSCRIBER#{sub}"),
            (mine, f"BLOCK#{other}"),
            (theirs, f"BLOCKED_BY#{sub}"),
            (mine, f"BLOCKED_BY#{other}"),
            (theirs, f"BLOCK#{sub}"),
            (mine, f"LEGACY#mongo#{sub}"),
            (f"LEGACY#mongo#{sub}", "LEGACY#MAIN"),
            (f"LEGACY#mongo#{sub}", "LEGACY#ADDRESS"),
        ]

    EXPECTED_COUNTS = {  # noqa: RUF012
        "record": 2,
        "items": 16,
        "files": 8,
        "answers": 1,
        "user": 1,
        "search": 3,
        "mails": 4,
    }

    def remains(self, sub):
        """Return everything that names a user or has one of the canaries."""
        keys = set(self.item_keys(sub, "other"))
        items = [
            (item["PK"], item["SK"])
            for item in self.tables.items()
            if (item["PK"], item["SK"]) in keys
            or (item["PK"] == f"USER#{sub}" and item.get("entityType") != "TOMBSTONE")
        ]
        files = [key for key, _ in self.bucket.versions if f"/{sub}/" in key]
        answers = [item for item in self.tables.items_of(self.tables.idempotency) if sub in item["data"]]
        users = [name for name, values in self.pool.users.items() if values["sub"] == sub]
        team = {"search": self.function.documents, "mails": self.mails}
        return items + files + answers + users + [name for name, data in team.items() if sub in data]

    # The team's consumer

    def consume(self):
        """Process the messages of the registered queue, and send the answers. Return the answers."""
        answers = []
        for request in self.queues.messages[TEAM_QUEUE_URL]:
            count = self.mail_counts.setdefault(request["erasureId"], self.mails.get(request["sub"], 0))
            self.mails.pop(request["sub"], None)
            assert request["answerTo"] == QUEUE_URL
            answers.append({name: request[name] for name in ("sub", "store", "erasureId")} | {"count": count})
        return answers

    def answer(self):
        """Record all answers of the team's consumer, then remove its messages."""
        for answer in self.consume():
            self.erasure.record_answer(answer["sub"], answer["store"], answer["count"], answer["erasureId"])
        self.queues.messages[TEAM_QUEUE_URL].clear()

    def erase_completely(self, sub):
        """Erase a user, with the answers of the team."""
        self.erasure.erase_due(sub)
        self.answer()
        return self.erasure.erase_due(sub)

    def counts(self, sub):
        return {name: entry["found"] for name, entry in self.receipts.read(sub).stores.items()}
