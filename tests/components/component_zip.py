"""Reads a function's zip, and imports the handlers from it as Lambda does."""

import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

from pulumi_userprofiles import bundle
from pulumi_userprofiles.reproducible_zip import read_zip

OWN_RUNTIME = f"python{sys.version_info.major}.{sys.version_info.minor}"
"""The runtime that every machine with our tests can build for."""
OWN_ZIPS = {handler.split(".")[2]: lock_file for handler, lock_file in bundle.OWN_LOCK_FILES.items()}
"""The handlers that have a zip of their own, and its lock file."""
HANDLERS = sorted(
    {path.stem for path in (Path(bundle._source()) / "handlers").glob("[!_]*.py")} - OWN_ZIPS.keys()
)
"""The handlers that share a zip."""
ENVIRONMENT = {
    "AWS_ACCESS_KEY_ID": "test",
    "AWS_SECRET_ACCESS_KEY": "test",
    "AWS_REGION": "us-east-1",
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_EC2_METADATA_DISABLED": "true",
    "AWS_CONFIG_FILE": "/dev/null",
    "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
    "AUDIT_TABLE": "audit",
    "CODES_TABLE": "codes",
    "CODE_KEY_ID": "arn:aws:kms:us-east-1:111122223333:key/codes",
    "ALLOWED_COUNTRIES": "US",
    "USER_POOL_CLIENT_ID": "client",
    "SELF_SIGN_UP": "true",
    "CODE_QUEUE_URL": "http://127.0.0.1:9/codes",
    "SENDER_KEY_ARN": "arn:aws:kms:us-east-1:111122223333:key/0b6a1f1e-0000-4000-8000-000000000000",
    "MIGRATION_BUCKET": "bucket",
    "LEDGER_TABLE": "ledger",
    "USERS_TABLE_ARN": "arn:aws:dynamodb:us-east-1:111122223333:table/users",
    "OUTBOX_QUEUE_URL": "http://127.0.0.1:9/queue",
    "AFTER_SIGN_UP_TARGETS": "[]",
    "DEAD_LETTER_QUEUE_URL": "http://127.0.0.1:9/queue",
    "POWERTOOLS_METRICS_NAMESPACE": "UserProfiles",
    "POWERTOOLS_SERVICE_NAME": "test",
    "TEMPLATE": "marketplace",
    "USERS_TABLE": "users",
    "IDEMPOTENCY_TABLE": "answers",
    "AVATAR_BUCKET": "avatars",
    "MEDIA_BUCKET": "media",
    "USER_POOL_CLIENT_IDS": "client",
    "USER_POOL_ID": "us-east-1_pool",
    "RECEIPTS_TABLE": "receipts",
    "STATE_TABLE": "state",
    "INTERVAL_HOURS": "24",
    "UNCONFIRMED_DAYS": "7",
    "REQUESTS_PER_SECOND": "10",
    "ERASURE_QUEUE_URL": "http://127.0.0.1:9/erasures",
    "ERASURE_STORES": '[{"name": "orders", "functionArn": "erase-orders"}]',
}
IMPORT = """
import sys
sys.path.insert(0, sys.argv[1])
import importlib, json
for name in sys.argv[2:]:
    assert callable(importlib.import_module(f"userprofiles.handlers.{name}").handler)
# The API imports it with the first request that has an Idempotency-Key.
importlib.import_module("aws_lambda_powertools.utilities.idempotency")
outside = {getattr(module, "__file__", None) or "" for module in sys.modules.values()}
print(json.dumps(sorted(path for path in outside if "site-packages" in path)))
"""


def import_handlers(
    folder: Path, python: Path, handlers: Iterable[str] = HANDLERS
) -> subprocess.CompletedProcess[str]:
    """Import handlers from an unpacked zip as Lambda does: without site-packages and our environment."""
    command = [str(python), "-I", "-S", "-B", "-c", IMPORT, str(folder), *handlers]
    return subprocess.run(command, capture_output=True, text=True, check=False, env=ENVIRONMENT, cwd=folder)


def sources_of(path: Path) -> dict[str, bytes]:
    return {name: data for name, data in read_zip(path).items() if name.endswith(".py")}
