"""Deletes items of users on the condition that they are as they were read.

DynamoDB compares values of all types, including lists and maps:
https://docs.aws.amazon.com/AWSJavaScriptSDK/v3/latest/clients/client-dynamodb/interfaces/expectedattributevalue.html
In a transaction, a delete needs the permission of DeleteItem and a check that of ConditionCheckItem:
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/transaction-apis-iam.html
"""

import uuid
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from typing import Any

from userprofiles.backfill.errors import BackfillFailedError, ConditionFailedError, DeniedError, ErrorKind
from userprofiles.backfill.tables.calls import Calls
from userprofiles.backfill.users.user_row import Row
from userprofiles.table import record
from userprofiles.table.attribute_value import AttributeValue
from userprofiles.table.conditions import ITEM_DOES_NOT_EXIST
from userprofiles.template import Template
from userprofiles.template_check import ITEM_KINDS, RESERVED

Key = Mapping[str, AttributeValue]

_KEYS = ("PK", "SK")


def optional_names(template: Template) -> list[str]:
    """Return the attributes that an account or profile can get later."""
    fields = {
        name
        for kind in ITEM_KINDS
        for role in template.roles
        for name in template.schema(kind, role)["properties"]
    }
    return sorted((fields | RESERVED | {template.update_time_field}) - {"PK", "SK"})


class ItemRemover:
    """Deletes items of one table, in one thread.

    Args:
        calls: Calls on the table.
        optional_names: Attributes that an item can get later. An item that has got one of them is kept.
    """

    def __init__(self, calls: Calls, optional_names: Iterable[str]) -> None:
        self._calls = calls
        self._table = calls.location.table
        self._optional_names = tuple(optional_names)

    def check_permission(self) -> None:
        """Check that this process may delete items of users, before anything else is changed.

        The condition of the delete is always false, so that it deletes nothing. DynamoDB checks the
        permission first.

        Raises:
            BackfillFailedError: The permission is missing, or the table can't be written.
        """
        with suppress(ConditionFailedError):
            self._delete(
                {
                    "Key": {"PK": {"S": record.USER_PREFIX}, "SK": {"S": record.SORT_KEYS["profile"]}},
                    "ConditionExpression": "attribute_exists(PK) AND attribute_not_exists(PK)",
                }
            )

    def remove(self, items: Sequence[Row], *, absent_keys: Iterable[Key] = ()) -> None:
        """Delete the items of one user, all or none of them.

        DynamoDB compares each attribute with the value that was read, so a change of the item in the meantime
        wins: the delete has no effect then.

        Args:
            items: One or two items with all their attributes.
            absent_keys: Keys of items that must not exist.

        Raises:
            ConditionFailedError: An item was changed or deleted since it was read, or one of the absent items
                exists. Nothing was deleted.
            BackfillFailedError: The table can't be written.
        """
        deletes = [
            {
                "Key": {name: item[name] for name in _KEYS},
                **unchanged_condition(item, self._optional_names),
            }
            for item in items
        ]
        checks = [{"Key": dict(key), "ConditionExpression": ITEM_DOES_NOT_EXIST} for key in absent_keys]
        self._delete(*deletes, checks=checks)

    def _delete(self, *deletes: Mapping[str, Any], checks: Sequence[Mapping[str, Any]] = ()) -> None:
        """Execute conditional deletes, all or none of them."""
        operations = [
            *(("Delete", delete) for delete in deletes),
            *(("ConditionCheck", check) for check in checks),
        ]
        requests = [(operation, {"TableName": self._table, **request}) for operation, request in operations]
        try:
            if len(requests) == 1:
                self._calls.call("DeleteItem", **requests[0][1])
            else:
                self._calls.call(
                    "TransactWriteItems",
                    TransactItems=[{operation: request} for operation, request in requests],
                    ClientRequestToken=str(uuid.uuid4()),
                )
        except DeniedError as error:
            raise BackfillFailedError(
                ErrorKind.RIGHTS,
                f"Access Denied (dynamodb:DeleteItem on table {self._table!r})\n"
                "A rollback needs this permission on the table. Add it, then run the command again.",
            ) from error
        except ConditionFailedError:
            self._calls.record_success()
            raise
        self._calls.record_success()


def unchanged_condition(item: Row, optional_names: Iterable[str] = ()) -> dict[str, Any]:
    """Return the parameters of a write with the condition that an item has exactly these attributes.

    A condition can't exclude unknown attributes. So it excludes those that our code or a field of the
    template could add.

    Args:
        item: The item with all its attributes.
        optional_names: Attributes that the item can get later.
    """
    names = {f"#n{number}": name for number, name in enumerate(item) if name not in _KEYS}
    absent = [name for name in optional_names if name not in item]
    absent_names = {f"#a{number}": name for number, name in enumerate(absent)}
    clauses = [f"{alias} = :{alias[1:]}" for alias in names]
    clauses += [f"attribute_not_exists({alias})" for alias in absent_names]
    values: Mapping[str, Any] = {f":{alias[1:]}": item[name] for alias, name in names.items()}
    return {
        "ConditionExpression": " AND ".join(clauses),
        "ExpressionAttributeNames": {**names, **absent_names},
        "ExpressionAttributeValues": values,
    }
