"""Builds the account and the profile of a user, as a sign-up with the same attributes would. Pure."""

from dataclasses import dataclass

from userprofiles.backfill.users.user_row import ROW_DIGEST, RUN_ID, UserRow, key_digest
from userprofiles.registration.first_values import first_values, with_completion
from userprofiles.table import record
from userprofiles.table.record import Item
from userprofiles.template import Template

CREATED_BY = "import"


@dataclass(frozen=True)
class UserItems:
    """The items of a user.

    Attributes:
        account: The account.
        profile: The profile.
        unfit_fields: The fields whose value in the source does not match the template, so it is not used.
    """

    account: Item
    profile: Item
    unfit_fields: tuple[str, ...]


class UserBuilder:
    """Builds the items of users.

    Args:
        template: Defines the fields of account and profile.
        default_role: The role of users for whom the source has none.
        run_id: The ID of the run, which both items have.
    """

    def __init__(self, template: Template, default_role: str, run_id: str) -> None:
        self.template = template
        self._default_role = default_role
        self._run_id = run_id

    def build(self, user: UserRow, created_at: str) -> UserItems:
        """Return account and profile as plain items.

        They differ from those of a sign-up in three ways: `createdBy` is `import`, the account has no
        `auditHead` because no audit row is written, and both have the ID of the run.

        Args:
            user: A user without `skip_reason` and `failure_reason`.
            created_at: The time of creation, as `record.timestamp` formats it.
        """
        role = user.role or self._default_role
        values = first_values(self.template, user.user_id, user.attributes, role, created_at)
        account = record.account_item(
            user.user_id, role, created_at, values.account, audit_head=None, created_by=CREATED_BY
        )
        profile = record.profile_item(user.user_id, values.profile)
        profile[RUN_ID] = self._run_id
        profile[ROW_DIGEST] = key_digest(user.key)
        account[RUN_ID] = self._run_id
        return UserItems(account, self.complete(user, account, profile), values.unfit_fields)

    def complete(self, user: UserRow, account: Item, profile: Item) -> Item:
        """Return the profile with `profile_completed` if the template has that field.

        Args:
            user: The user.
            account: The account that the table has, or gets.
            profile: The profile.
        """
        return with_completion(self.template, user.role or self._default_role, account, profile)
