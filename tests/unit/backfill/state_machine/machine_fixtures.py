"""The state machine without AWS: a bucket and a ledger in memory, and the loop over the map's items."""

import hashlib
import io
import json

import pytest
from backfill_fixtures import LIMITS, TABLE, client_error
from kill_switch import KilledError
from userprofiles.backfill.state_machine.services import Services
from userprofiles.backfill.state_machine.worker import Worker
from userprofiles.backfill.state_machine.worker_settings import WorkerSettings
from userprofiles.jobs.table_ledger import TableLedger

BUCKET = "reports"
LEDGER = "job-ledger"
PLENTY = 900.0
ARN = "arn:aws:dynamodb:us-east-1:123456789012:table/{}"
EXECUTION = "arn:aws:states:us-east-1:123456789012:execution:migration:first"


class S3:
    """The part of S3 that the worker uses. A missing key is a 404."""

    def __init__(self):
        self.objects = {}
        self.denied = set()

    def get_object(self, Bucket, Key):  # noqa: N803 - S3's names
        self._check("GetObject")
        if Key not in self.objects:
            raise client_error("GetObject", "NoSuchKey", status=404)
        return {"Body": io.BytesIO(self.objects[Key])}

    def put_object(self, *, Bucket, Key, Body, ContentType):  # noqa: N803 - S3's names
        self._check("PutObject")
        self.objects[Key] = Body if isinstance(Body, bytes) else Body.read()
        return {"ETag": hashlib.sha256(self.objects[Key]).hexdigest()}

    def list_objects_v2(self, *, Bucket, Prefix, ContinuationToken=""):  # noqa: N803 - S3's names
        self._check("ListObjectsV2")
        keys = sorted(key for key in self.objects if key.startswith(Prefix) and key > ContinuationToken)
        page = {"Contents": [{"Key": key} for key in keys[:2]], "IsTruncated": len(keys) > 2}
        return page | ({"NextContinuationToken": keys[1]} if page["IsTruncated"] else {})

    def _check(self, operation):
        if operation in self.denied:
            raise client_error(operation, "AccessDenied", status=403)

    def json(self, key):
        return json.loads(self.objects[key])


class Clock:
    """A clock in epoch seconds."""

    def __init__(self):
        self.now = 1_800_000_000.0

    def __call__(self):
        return self.now


class Power:
    """Ends a process at one of its calls of DynamoDB. A process that was killed makes no further call."""

    def __init__(self):
        self.calls = 0
        self.kill_before = self.kill_after = None
        self.is_off = False

    def call(self, method, parameters):
        if self.is_off:
            raise KilledError
        self.calls += 1
        if self.calls == self.kill_before:
            self.is_off = True
            raise KilledError
        response = method(**parameters)
        if self.calls == self.kill_after:
            self.is_off = True
            raise KilledError
        return response

    def wrap(self, client):
        return PoweredClient(client, self)


class PoweredClient:
    """A client that needs power."""

    def __init__(self, client, power):
        self._client = client
        self._power = power
        self.meta = client.meta

    def __getattr__(self, name):
        method = getattr(self._client, name)
        return lambda **parameters: self._power.call(method, parameters)


class Machine:
    """The state machine of one table: starts executions and invokes the worker as Step Functions does."""

    def __init__(self, table, s3, limits=LIMITS, **settings):
        self.table = table
        self.s3 = s3
        self.clock = Clock()
        self.power = Power()
        self.ledger = TableLedger(self.power.wrap(table.moto), LEDGER, self.clock)
        self.warnings = []
        self.worker = self.create_worker(limits, **settings)

    def create_worker(self, limits=LIMITS, **settings):
        arguments = {"users_table": self.table.name, "users_table_arn": ARN.format(self.table.name)}
        worker_settings = WorkerSettings(
            **({"bucket": BUCKET, "ledger_table": LEDGER, "template": "basic"} | arguments | settings)
        )
        client = self.power.wrap(self.table.client)
        services = Services(worker_settings, self.ledger, client, self.s3, self.warnings.append, limits)
        return Worker(services)

    def prepare(self, execution=EXECUTION, **options):
        return self.worker.handle({"action": "prepare", "execution": execution, **options}, PLENTY)

    def items(self, payload):
        names = {name: payload[name] for name in ("runId", "token")}
        return [{"action": "work", **names, "segment": number} for number in payload["items"]]

    def work(self, item, seconds_left=PLENTY):
        return self.worker.handle(item, seconds_left)

    def finish(self, payload):
        event = {"action": "finish", "runId": payload["runId"], "token": payload["token"]}
        return self.worker.handle(event, PLENTY)

    def process(self, payload):
        """Process the items of the map; for a verification, then those that look for orphans."""
        for item in self.items(payload):
            while not self.work(item)["done"]:
                pass
        if payload["searchesOrphans"]:
            self.process(self.list_orphan_units(payload))

    def list_orphan_units(self, payload):
        return self.worker.handle({**payload, "action": "orphans"}, PLENTY)

    def run(self, **options):
        """Execute the whole state machine; return the payload of the first step and the output."""
        payload = self.prepare(**options)
        self.process(payload)
        return payload, self.finish(payload)

    def restart(self):
        """Begin a new process after a kill."""
        self.power.is_off = False
        self.power.kill_before = self.power.kill_after = None

    def let_leases_end(self):
        self.clock.now += 3600


@pytest.fixture
def s3():
    return S3()


@pytest.fixture
def create_machine(create_table, s3):
    """Return a function that creates a table with some rows, a ledger, and the state machine."""

    def create(*items, name=TABLE, **settings):
        table = create_table(*items, name=name)
        if LEDGER in table.moto.list_tables()["TableNames"]:
            return Machine(table, s3, **settings)
        table.moto.create_table(
            TableName=LEDGER,
            BillingMode="PAY_PER_REQUEST",
            AttributeDefinitions=[{"AttributeName": key, "AttributeType": "S"} for key in ("PK", "SK")],
            KeySchema=[
                {"AttributeName": "PK", "KeyType": "HASH"},
                {"AttributeName": "SK", "KeyType": "RANGE"},
            ],
        )
        return Machine(table, s3, **settings)

    return create
