"""Builds the profile item of a user. Pure: no AWS call, no clock."""

from userprofiles import field_sources
from userprofiles.backfill.tables.table_shape import TableShape
from userprofiles.backfill.users.user_row import RUN_ID, Row, UserRow
from userprofiles.table import record
from userprofiles.table.attribute_value import AttributeValue, item_size, serialize_item
from userprofiles.template import Template


class ProfileBuilder:
    """Builds the profile item of a user.

    Args:
        template: The template of the profile: its defaults, and which fields have the user's ID and the time.
            Names and phone number are copied only to fields that it has.
        shape: In the plain shape, the item has exactly the attributes of the profile migration README,
            because the owner of the table could mistake any other attribute for their own.
        run_id: The ID of the run. In the stack shape, the profile has it instead of an audit row.
    """

    def __init__(self, template: Template, shape: TableShape, run_id: str) -> None:
        # Serialized once for all users: it does not depend on the user.
        self._shared = serialize_item(record.profile_item("", template.defaults("profile")))
        if shape is TableShape.STACK:
            self._shared[RUN_ID] = {"S": run_id}
        self._field_names = frozenset(template.schema("profile", template.default_role)["properties"])
        self._system_sources = template.system_sources("profile")
        self._role = template.default_role

    def build_item(self, user: UserRow, created_at: str) -> dict[str, AttributeValue]:
        """Build the profile of this user in DynamoDB JSON.

        Args:
            user: A user row without `skip_reason` and `failure_reason`.
            created_at: The time of creation and of the last change, such as ``2026-02-04T16:00:00Z``.
        """
        system = {"sub": user.user_id, "role": self._role, "now": created_at}
        system_fields = {
            name: {"S": field_sources.read_system_value(source, system)}
            for name, source in self._system_sources.items()
        }
        copied_fields = {
            name: value for name, value in user.copied_fields.items() if name in self._field_names
        }
        return {**self._shared, "PK": {"S": user.profile_key}, **system_fields, **copied_fields}


def write_units(item: Row) -> int:
    """Return the write units that the creation of an item consumes: one for each KB that it begins."""
    return -(-item_size(item) // 1024)


def too_large(item: Row) -> str | None:
    """Return why an item is too large to be written, or None."""
    if not record.is_too_large(item):
        return None
    size = item_size(item)
    limit_kb = record.DYNAMODB_ITEM_BYTES // 1024
    return (
        f"the profile would have {size:,} bytes; the largest profile that is written has "
        f"{record.LARGEST_ITEM_BYTES:,} (DynamoDB's limit of {limit_kb} KB, less room for later changes)"
    )
