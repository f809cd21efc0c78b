"""Stores of the team, which erase a user's data when the erasure worker tells them to."""

import re
from collections.abc import Mapping
from typing import Any, NotRequired, TypedDict

import pulumi

from pulumi_userprofiles.identifiers import FUNCTION_ARN, QUEUE_ARN, ArnForm, matches_form
from pulumi_userprofiles.policies import PolicyStatement
from pulumi_userprofiles.validation import InvalidArgumentError, check_known_arguments, plain_value

MAX_STORES = 10
"""The stores are an environment variable of the worker. Lambda limits all variables of a function to 4 KB
(AWS Lambda Developer Guide, "Lambda quotas")."""

OWN_STORES = ("record", "items", "files", "answers", "user")
"""Names of the stores that the worker erases itself: a receipt lists them beside the team's stores."""

_NAME = re.compile(r"[a-z][a-z0-9-]{0,39}")
_FORMS = "a name with the ARN of a function, or with the ARN and the URL of a queue"
_FIX = "Give each store a name and either a function or a queue."


class ErasureStore(TypedDict):
    """A store of the team: a function, or a queue whose consumer answers when it is done."""

    name: str
    """Name of the store in receipts: lower-case letters, digits and hyphens, the first a letter; at most 40
    characters."""

    function_arn: NotRequired[pulumi.Input[str]]
    """ARN of the function, of one of its versions or of an alias. Default: none; then `queue_arn` and
    `queue_url` are required."""

    queue_arn: NotRequired[pulumi.Input[str]]
    """ARN of the queue. Default: none."""

    queue_url: NotRequired[pulumi.Input[str]]
    """URL of the queue. Default: none."""


def erasure_stores(where: str, args: Mapping[str, Any], key: str) -> list[ErasureStore]:
    """Read the stores from the arguments.

    Raises:
        InvalidArgumentError: The value is not a list of stores, a store is not complete, or a name is not
            valid, or is used twice.
    """
    stores = plain_value(where, key, args.get(key))
    if stores is None:
        return []
    if (
        not isinstance(stores, (list, tuple))
        or len(stores) > MAX_STORES
        or not all(isinstance(store, Mapping) for store in stores)
    ):
        raise InvalidArgumentError(
            where,
            f"'{key}' must be a list of at most {MAX_STORES} stores",
            got=stores,
            allowed=f"a list; each store is {_FORMS}",
            fix=_FIX,
            argument=key,
        )
    for store in stores:
        _check_store(where, key, store)
    names = [store["name"] for store in stores]
    if len(set(names)) < len(names):
        raise InvalidArgumentError(
            where,
            f"'{key}' contains two stores with the same name",
            got=names,
            allowed="each name once",
            fix="Rename one of them: a receipt lists the stores by name.",
            argument=key,
        )
    return list(stores)


def _check_store(where: str, key: str, store: Mapping[str, Any]) -> None:
    check_known_arguments(f"{where}, {key}", store, ErasureStore.__annotations__)
    name = plain_value(where, f"{key}.name", store.get("name"))
    if not isinstance(name, str) or not _NAME.fullmatch(name) or name in OWN_STORES:
        raise InvalidArgumentError(
            where,
            f"'{key}' has a store with an invalid name",
            got=name,
            allowed="1 to 40 lower-case letters, digits and hyphens, the first a letter; not "
            + ", ".join(OWN_STORES),
            fix="Name the store after its data, such as orders.",
            argument=key,
        )
    targets = sorted(field for field in store if field != "name" and store[field] is not None)
    if targets not in (["function_arn"], ["queue_arn", "queue_url"]):
        raise InvalidArgumentError(
            where,
            f"'{key}' has a store that is neither a function nor a complete queue, or is both",
            got=dict(store),
            allowed=_FORMS,
            fix=_FIX,
            argument=key,
        )
    for field, form in (("function_arn", FUNCTION_ARN), ("queue_arn", QUEUE_ARN)):
        if field in targets:
            _check_target(where, key, store[field], form)
    if "queue_url" in targets:
        _check_url(where, key, store["queue_url"])


def _check_target(where: str, key: str, arn: Any, form: ArnForm) -> None:
    if not matches_form(arn, form):
        raise InvalidArgumentError(
            where,
            f"'{key}' has a store whose ARN is not that of {form.resource_type}",
            got=arn,
            allowed=f"an ARN such as {form.example}",
            fix="Copy the ARN from the output of the stack that has created it.",
            argument=key,
        )


def _check_url(where: str, key: str, url: Any) -> None:
    is_url = isinstance(url, str) and url.startswith(("https://", "http://"))
    if not isinstance(url, pulumi.Output) and not is_url:
        raise InvalidArgumentError(
            where,
            f"'{key}' has a store whose queue URL is not a URL",
            got=url,
            allowed="a URL such as https://sqs.eu-central-1.amazonaws.com/111122223333/orders",
            fix="Copy the URL from the output of the stack that has created the queue.",
            argument=key,
        )


def stores_variable(stores: list[ErasureStore]) -> pulumi.Output[str]:
    """Return the environment variable with the stores: a JSON list that the worker reads."""
    return pulumi.Output.json_dumps(
        [
            {"name": store["name"], "functionArn": store["function_arn"]}
            if store.get("function_arn") is not None
            else {"name": store["name"], "queueUrl": store["queue_url"]}
            for store in stores
        ]
    )


def store_statements(stores: list[ErasureStore]) -> list[PolicyStatement]:
    """Return the rights to tell the stores, and nothing else."""
    functions = [store["function_arn"] for store in stores if store.get("function_arn") is not None]
    queues = [store["queue_arn"] for store in stores if store.get("queue_arn") is not None]
    return [
        {"sid": sid, "actions": [action], "resources": resources}
        for sid, action, resources in (
            ("TellStores", "lambda:InvokeFunction", functions),
            ("TellStoresByQueue", "sqs:SendMessage", queues),
        )
        if resources
    ]
