"""Writes accounts and profiles into this project's users table, for users of another source."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from userprofiles import completion
from userprofiles.backfill.job import Job
from userprofiles.backfill.outcome import Outcome, ProfileResult
from userprofiles.backfill.sources.source import Page
from userprofiles.backfill.tables.table_shape import get_string, is_erased
from userprofiles.backfill.targets.item_inserter import CREATED, EXISTED
from userprofiles.backfill.targets.profile_builder import too_large, write_units
from userprofiles.backfill.targets.profile_reader import ProfileReader
from userprofiles.backfill.targets.profile_writer import CREATED_AT, ProfileWriter
from userprofiles.backfill.targets.user_builder import UserBuilder
from userprofiles.backfill.users.skip_rule import ERASED
from userprofiles.backfill.users.user_row import RUN_ID, Row, UserRow
from userprofiles.table import record
from userprofiles.table.attribute_value import deserialize_item, serialize_item
from userprofiles.table.record import Item

_WITH_ACCOUNT = (Outcome.CREATED, Outcome.EXISTED)

VALUE_NOT_USED = "valueNotUsed"
"""The note of a created user with a value that does not match the template."""


@dataclass(frozen=True)
class ItemAccess:
    """Reads and inserts the accounts, or the profiles.

    Attributes:
        reader: Reads the items.
        writer: Inserts the items.
    """

    reader: ProfileReader
    writer: ProfileWriter


class UserTarget:
    """Creates the account and then the profile of each user.

    A run that is killed between the two has not counted the user. A resumed run finds the account, which has
    its own run ID, and creates the profile. A sign-up or a first access in between does the same: it repairs
    an account without a profile.

    Args:
        job: The task.
        builder: Builds the items.
        accounts: Reads and inserts accounts.
        profiles: Reads and inserts profiles.
    """

    def __init__(self, job: Job, builder: UserBuilder, accounts: ItemAccess, profiles: ItemAccess) -> None:
        self._job = job
        self._builder = builder
        self._accounts = accounts
        self._profiles = profiles

    def read_existing(self, keys: Sequence[str], _page: Page) -> Mapping[str, Row]:
        """Return the existing profiles by PK. A user with a profile needs nothing else."""
        return self._profiles.reader.read_profiles(keys, ("PK", "entityType", RUN_ID, *CREATED_AT))

    def insert_missing(
        self,
        users: Sequence[UserRow],
        existing: Mapping[str, Row],
        moment: datetime,
        results: dict[str, ProfileResult],
    ) -> None:
        """Insert the missing accounts and profiles, or none in a dry run."""
        created_at = record.timestamp(moment)
        new_users: dict[str, UserRow] = {}
        accounts: dict[str, Row] = {}
        profiles: dict[str, Item] = {}
        for user in users:
            key = user.profile_key
            if not key or key in existing or key in new_users or key in results:
                continue
            items = self._builder.build(user, created_at)
            if items.unfit_fields and not user.note:
                user.note = VALUE_NOT_USED
            profiles[key] = items.profile
            typed_account, typed_profile = serialize_item(items.account), serialize_item(items.profile)
            problem = too_large(typed_account) or too_large(typed_profile)
            if problem:
                results[key] = ProfileResult(Outcome.FAILED, problem)
                continue
            if self._job.dry_run:
                units = write_units(typed_account) + write_units(typed_profile)
                results[key] = ProfileResult(Outcome.CREATED, write_units=units)
            new_users[key], accounts[key] = user, typed_account
        if not self._job.dry_run:
            self._insert(new_users, accounts, profiles, results)

    def _insert(
        self,
        users: Mapping[str, UserRow],
        accounts: Mapping[str, Row],
        profiles: Mapping[str, Item],
        results: dict[str, ProfileResult],
    ) -> None:
        account_results: dict[str, ProfileResult] = {}
        self._accounts.writer.insert(list(accounts.values()), account_results)
        with_account = [key for key in users if account_results[key].outcome in _WITH_ACCOUNT]
        results |= {
            key: result for key, result in account_results.items() if result.outcome not in _WITH_ACCOUNT
        }
        older_keys = [key for key in with_account if account_results[key] == EXISTED]
        older_accounts = self._read_accounts(older_keys)
        items = []
        for key in with_account:
            profile = profiles[key]
            if key in older_accounts:
                profile = self._builder.complete(users[key], older_accounts[key], profile)
            items.append(serialize_item(profile))
        self._profiles.writer.insert(items, results)

    def _read_accounts(self, keys: Iterable[str]) -> dict[str, Item]:
        """Return the accounts that another writer created, if the profile depends on them."""
        template = self._builder.template
        if not completion.has_completed_field(template):
            return {}
        fields = {name for role in template.roles for name in template.schema("account", role)["properties"]}
        rows = self._accounts.reader.read_profiles(keys, ("PK", completion.SET_FIELDS, *sorted(fields)))
        return {key: deserialize_item(row) for key, row in rows.items()}

    def existing_result(self, profile: Row) -> ProfileResult:
        """Return the result for a user whose profile exists."""
        if is_erased(profile):
            return ProfileResult(Outcome.SKIPPED, ERASED)
        is_ours = get_string(profile, RUN_ID) == self._job.run_id and not self._job.dry_run
        return CREATED if is_ours else EXISTED
