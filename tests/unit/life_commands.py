"""What operators run on the application in memory: the reconciliation, export and import."""

import json

from erasure_world import POOL_ID
from life_world import GRACE
from userprofiles.api.errors import ApiError
from userprofiles.backfill.errors import RefusedError
from userprofiles.backfill.limits import COMMAND_LINE
from userprofiles.backfill.sources.pool_reader import PoolReader, UnconfirmedRule
from userprofiles.backfill.stop import Stop
from userprofiles.lifecycle.export import export_bundle, export_check
from userprofiles.lifecycle.export.bundle_import import BundleImport
from userprofiles.lifecycle.export.user_export import UserExporter
from userprofiles.lifecycle.reconciliation.inventory import FIXED_KINDS, Inventory, Result
from userprofiles.lifecycle.reconciliation.orphans import OrphanDeletion
from userprofiles.lifecycle.reconciliation.reconciliation import Reconciliation
from userprofiles.lifecycle.reconciliation.repair import Repair
from userprofiles.lifecycle.reconciliation.unconfirmed_users import UnconfirmedUsers
from userprofiles.lifecycle.table_reader import TableReader
from userprofiles.table.removal_journal import RemovalJournal


def _ignore(*_):
    """Take part in no progress."""


def reconcile(world):
    """Compare pool and table and fix the differences, as `userprofiles reconcile --fix` does.

    Returns:
        The differences that the run had to fix.
    """
    clock = world.registrars["reconciler"].clock
    stop = Stop()
    table = TableReader(world.tables.client, world.tables.users, stop, COMMAND_LINE)
    pool = PoolReader(world.pool, POOL_ID, requests_per_second=1e9, stop=stop, limits=COMMAND_LINE)
    journal = RemovalJournal(world.tables.client, world.tables.users)
    with Inventory() as inventory:
        reconciliation = Reconciliation(
            table,
            world.store,
            pool,
            world.template,
            inventory,
            unconfirmed=UnconfirmedRule(7, clock),
            open_removals=journal.entries(),
        )
        reconciliation.read_table(_ignore)
        reconciliation.read_pool(_ignore)
        repair = Repair(
            registrar=world.registrars["reconciler"],
            pool=pool,
            orphans=OrphanDeletion(world.store, pool, GRACE, "reconciler", clock),
            unconfirmed_users=UnconfirmedUsers(pool, journal),
            inventory=inventory,
        )
        repair.fix_all(_ignore)
        differences = [
            (difference.kind, difference.sub, difference.result)
            for difference in inventory.differences()
            if difference.kind in FIXED_KINDS
        ]
        assert not any(result.startswith(Result.FAILED) for _, _, result in differences)
        return differences


class BucketFiles:
    """The files of the bucket, as the export lists them."""

    def __init__(self, bucket):
        self._bucket = bucket

    def find(self, sub):
        return [
            {"key": key, "bytes": 1} for key, _ in self._bucket.versions if key.startswith(f"avatars/{sub}/")
        ]

    def sign(self, key):
        return f"https://{key}"


def export(world, sub):
    """Return the code of the answer, and the bundle of the user."""
    exporter = UserExporter(
        world.dynamodb, world.tables.users, world.pool, POOL_ID, BucketFiles(world.bucket), "marketplace"
    )
    try:
        user = world.profiles.read_items(world.caller(sub))
    except ApiError as error:
        return error.code, None
    return "ok", exporter.export(sub, sub, user, _ignore)


def import_bundle(world, bundle):
    """Import an exported user; return whether the import was not refused."""
    checked_bundle = export_check.check(json.loads(export_bundle.to_bytes(bundle)))

    def read_audit_rows(sub):
        return [row for row in world.tables.audit_rows() if row["PK"] == f"USER#{sub}"]

    clock = world.registrars["operator"].clock
    bundle_import = BundleImport(
        world.store, world.tables.users, world.template, "marketplace", read_audit_rows, clock
    )
    try:
        bundle_import.run(checked_bundle, _ignore)
    except RefusedError:
        return False
    return True
