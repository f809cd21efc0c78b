"""What a program may ask (Pulumi's invokes): the account, the region, the partition, a policy document."""

import json
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from pulumi_localaws.errors import DeploymentError
from pulumi_localaws.resources.input_schema import STR, STRS, ListOf, Obj, ShapeError, aws_name, check

Args = dict[str, Any]

_PRINCIPALS = ListOf(Obj({"type": STR, "identifiers": STRS}))
_STATEMENT = Obj(
    {
        "sid": STR,
        "effect": STR,
        "actions": STRS,
        "notActions": STRS,
        "resources": STRS,
        "notResources": STRS,
        "principals": _PRINCIPALS,
        "notPrincipals": _PRINCIPALS,
        "conditions": ListOf(Obj({"test": STR, "values": STRS, "variable": STR})),
    }
)


@dataclass(frozen=True)
class Place:
    """Where an invoke is asked: the account and the region of its provider."""

    account: str
    region: str


@dataclass(frozen=True)
class Invoke:
    """One line of the table of invokes."""

    inputs: Obj
    answer: Callable[[Place, Args], Args]


def invoke(token: str, args: Args, place: Place) -> Args:
    """Answer an invoke.

    Raises:
        DeploymentError: The invoke or one of its arguments is unknown; the message says what is supported.
    """
    known = INVOKES.get(token)
    if known is None:
        raise DeploymentError(
            f"The invoke {token} is not supported by the local deployment; supported:"
            f" {', '.join(sorted(INVOKES))}."
        )
    try:
        return known.answer(place, check(args, known.inputs))
    except (ShapeError, ValueError) as error:
        raise DeploymentError(f"The invoke {token}: {error}.") from error


def _caller(place: Place, _: Args) -> Args:
    return {
        "accountId": place.account,
        "arn": f"arn:aws:iam::{place.account}:root",
        "userId": place.account,
        "id": place.account,
    }


def _region(place: Place, args: Args) -> Args:
    region = args.get("region") or args.get("name") or place.region
    return {
        "region": region,
        "name": region,
        "id": region,
        "description": region,
        "endpoint": f"ec2.{region}.amazonaws.com",
    }


def _partition(_: Place, __: Args) -> Args:
    return {
        "partition": "aws",
        "id": "aws",
        "dnsSuffix": "amazonaws.com",
        "reverseDnsPrefix": "com.amazonaws",
    }


def _one_or_many(values: list[str]) -> str | list[str]:
    return values[0] if len(values) == 1 else sorted(values, reverse=True)


def _principals(values: list[Args]) -> Any:
    if any(value["type"] == "*" for value in values):
        return "*"
    grouped: dict[str, list[str]] = {}
    for value in values:
        grouped.setdefault(value["type"], []).extend(value["identifiers"])
    return {kind: _one_or_many(names) for kind, names in grouped.items()}


def _statement(given: Args) -> Args:
    made: Args = {"Sid": given["sid"]} if given.get("sid") else {}
    made["Effect"] = given.get("effect", "Allow")
    for name in ("actions", "notActions", "resources", "notResources"):
        if given.get(name):
            made[aws_name(name).removesuffix("s")] = _one_or_many(given[name])
    for name in ("principals", "notPrincipals"):
        if given.get(name):
            made[aws_name(name).removesuffix("s")] = _principals(given[name])
    conditions: Args = {}
    for condition in given.get("conditions", []):
        values = condition["values"]
        conditions.setdefault(condition["test"], {})[condition["variable"]] = (
            values[0] if len(values) == 1 else values
        )
    return {**made, "Condition": conditions} if conditions else made


def _merge(statements: list[Args], more: list[Args], *, override: bool) -> list[Args]:
    """Add statements; one with a ``Sid`` that is there already replaces it (override) or is refused."""
    merged = list(statements)
    for statement in more:
        same = [
            i for i, old in enumerate(merged) if statement.get("Sid") and old.get("Sid") == statement["Sid"]
        ]
        if same and not override:
            raise ValueError(f"duplicate Sid ({statement['Sid']}): it has to be unique")
        if same:
            merged[same[0]] = statement
        else:
            merged.append(statement)
    return merged


def _documents(texts: list[str]) -> list[Args]:
    statements: list[Args] = []
    for text in texts:
        found = json.loads(text).get("Statement", [])
        statements += [found] if isinstance(found, dict) else found
    return statements


def _policy_document(_: Place, args: Args) -> Args:
    sources = [args["sourceJson"]] if args.get("sourceJson") else []
    statements = _merge([], _documents(sources + args.get("sourcePolicyDocuments", [])), override=False)
    statements = _merge(statements, [_statement(item) for item in args.get("statements", [])], override=True)
    overrides = args.get("overridePolicyDocuments", []) + (
        [args["overrideJson"]] if args.get("overrideJson") else []
    )
    statements = _merge(statements, _documents(overrides), override=True)
    document: Args = {"Version": args.get("version", "2012-10-17")}
    if args.get("policyId"):
        document["Id"] = args["policyId"]
    document["Statement"] = statements
    text = json.dumps(document, indent=2)
    return {
        **args,
        "json": text,
        "minifiedJson": json.dumps(document, separators=(",", ":")),
        "id": str(zlib.crc32(text.encode())),
    }


INVOKES: dict[str, Invoke] = {
    "aws:index/getCallerIdentity:getCallerIdentity": Invoke(Obj({"id": STR}), _caller),
    "aws:index/getRegion:getRegion": Invoke(
        Obj({"id": STR, "name": STR, "region": STR, "endpoint": STR}), _region
    ),
    "aws:index/getPartition:getPartition": Invoke(Obj({"id": STR}), _partition),
    "aws:iam/getPolicyDocument:getPolicyDocument": Invoke(
        Obj(
            {
                "overrideJson": STR,
                "overridePolicyDocuments": STRS,
                "policyId": STR,
                "sourceJson": STR,
                "sourcePolicyDocuments": STRS,
                "statements": ListOf(_STATEMENT),
                "version": STR,
            }
        ),
        _policy_document,
    ),
}
