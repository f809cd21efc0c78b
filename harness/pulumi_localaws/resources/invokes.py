"""The invokes that a program can call: account, region, partition, policy document and zip file."""

import json
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from pulumi_localaws.errors import DeploymentError, UnsupportedError
from pulumi_localaws.resources.archive_files import FILE_INPUTS, write_file
from pulumi_localaws.resources.input_schema import (
    STR,
    STR_LIST,
    InputError,
    ListOf,
    ObjectOf,
    to_aws_name,
    validate,
)
from pulumi_localaws.resources.lookups import LOOKUPS
from pulumi_localaws.resources.resource_type import Properties

_PRINCIPALS = ListOf(ObjectOf({"type": STR, "identifiers": STR_LIST}))
_STATEMENT = ObjectOf(
    {
        "sid": STR,
        "effect": STR,
        "actions": STR_LIST,
        "notActions": STR_LIST,
        "resources": STR_LIST,
        "notResources": STR_LIST,
        "principals": _PRINCIPALS,
        "notPrincipals": _PRINCIPALS,
        "conditions": ListOf(ObjectOf({"test": STR, "values": STR_LIST, "variable": STR})),
    }
)


@dataclass(frozen=True)
class InvokeContext:
    """The account and the region of the provider that an invoke uses."""

    account: str
    region: str


@dataclass(frozen=True)
class Invoke:
    """A supported invoke: the schema of its inputs, and the function that returns its result."""

    inputs: ObjectOf
    run: Callable[[InvokeContext, Properties], Properties]


def invoke(token: str, inputs: Properties, context: InvokeContext) -> Properties:
    """Return the result of an invoke.

    Raises:
        DeploymentError: The invoke or an input is not supported; the message lists what is supported.
    """
    check_invoke_token(token)
    entry = INVOKES[token]
    try:
        return entry.run(context, validate(inputs, entry.inputs))
    except (InputError, ValueError) as error:
        raise DeploymentError(f"The invoke {token}: {error}.") from error


def check_invoke_token(token: str) -> None:
    """Check that an invoke is supported.

    Raises:
        UnsupportedError: It is not; the message lists the supported invokes.
    """
    if token not in INVOKES and token not in LOOKUPS:
        raise UnsupportedError(
            f"The invoke {token} is not supported by the local deployment.",
            f"Supported invokes: {', '.join(sorted((*INVOKES, *LOOKUPS)))}.",
        )


def _get_caller_identity(context: InvokeContext, _: Properties) -> Properties:
    return {
        "accountId": context.account,
        "arn": f"arn:aws:iam::{context.account}:root",
        "userId": context.account,
        "id": context.account,
    }


def _get_region(context: InvokeContext, inputs: Properties) -> Properties:
    region = inputs.get("region") or inputs.get("name") or context.region
    return {
        "region": region,
        "name": region,
        "id": region,
        "description": region,
        "endpoint": f"ec2.{region}.amazonaws.com",
    }


def _get_partition(_: InvokeContext, __: Properties) -> Properties:
    return {
        "partition": "aws",
        "id": "aws",
        "dnsSuffix": "amazonaws.com",
        "reverseDnsPrefix": "com.amazonaws",
    }


def _get_policy_document(_: InvokeContext, inputs: Properties) -> Properties:
    sources = [inputs["sourceJson"]] if inputs.get("sourceJson") else []
    sources += inputs.get("sourcePolicyDocuments", [])
    overrides = list(inputs.get("overridePolicyDocuments", []))
    overrides += [inputs["overrideJson"]] if inputs.get("overrideJson") else []
    statements = _merge_statements([], _read_statements(sources), override=False)
    statements = _merge_statements(
        statements, [_build_statement(item) for item in inputs.get("statements", [])], override=True
    )
    statements = _merge_statements(statements, _read_statements(overrides), override=True)
    document: Properties = {"Version": inputs.get("version", "2012-10-17")}
    if inputs.get("policyId"):
        document["Id"] = inputs["policyId"]
    document["Statement"] = statements
    text = json.dumps(document, indent=2)
    return {
        **inputs,
        "json": text,
        "minifiedJson": json.dumps(document, separators=(",", ":")),
        "id": str(zlib.crc32(text.encode())),
    }


def _build_statement(inputs: Properties) -> Properties:
    statement: Properties = {"Sid": inputs["sid"]} if inputs.get("sid") else {}
    statement["Effect"] = inputs.get("effect", "Allow")
    for name in ("actions", "notActions", "resources", "notResources"):
        if inputs.get(name):
            statement[to_aws_name(name).removesuffix("s")] = _unwrap_single_value(inputs[name])
    for name in ("principals", "notPrincipals"):
        if inputs.get(name):
            statement[to_aws_name(name).removesuffix("s")] = _build_principals(inputs[name])
    conditions: Properties = {}
    for condition in inputs.get("conditions", []):
        values = condition["values"]
        conditions.setdefault(condition["test"], {})[condition["variable"]] = (
            values[0] if len(values) == 1 else values
        )
    return {**statement, "Condition": conditions} if conditions else statement


def _build_principals(principals: list[Properties]) -> Any:
    if any(principal["type"] == "*" for principal in principals):
        return "*"
    identifiers_by_type: dict[str, list[str]] = {}
    for principal in principals:
        identifiers_by_type.setdefault(principal["type"], []).extend(principal["identifiers"])
    return {
        principal_type: _unwrap_single_value(identifiers)
        for principal_type, identifiers in identifiers_by_type.items()
    }


def _unwrap_single_value(values: list[str]) -> str | list[str]:
    return values[0] if len(values) == 1 else sorted(values, reverse=True)


def _read_statements(documents: list[str]) -> list[Properties]:
    statements: list[Properties] = []
    for document in documents:
        try:
            statement = json.loads(document).get("Statement", [])
        except json.JSONDecodeError as error:
            raise ValueError(f"a policy document is not valid JSON: {error}") from error
        statements += [statement] if isinstance(statement, dict) else statement
    return statements


def _merge_statements(
    statements: list[Properties], additions: list[Properties], *, override: bool
) -> list[Properties]:
    """Return both lists as one. With override, an addition replaces the statement with the same ``Sid``.

    Raises:
        ValueError: A ``Sid`` is used twice, and override is false.
    """
    merged = list(statements)
    for statement in additions:
        sid = statement.get("Sid")
        same_sid = [i for i, existing in enumerate(merged) if sid and existing.get("Sid") == sid]
        if same_sid and not override:
            raise ValueError(f"the Sid {sid!r} is used twice. Each statement must have its own Sid")
        if same_sid:
            merged[same_sid[0]] = statement
        else:
            merged.append(statement)
    return merged


INVOKES: dict[str, Invoke] = {
    "archive:index/getFile:getFile": Invoke(FILE_INPUTS, lambda _, inputs: write_file(inputs)),
    "aws:index/getCallerIdentity:getCallerIdentity": Invoke(ObjectOf({"id": STR}), _get_caller_identity),
    "aws:index/getRegion:getRegion": Invoke(
        ObjectOf({"id": STR, "name": STR, "region": STR, "endpoint": STR}), _get_region
    ),
    "aws:index/getPartition:getPartition": Invoke(ObjectOf({"id": STR}), _get_partition),
    "aws:iam/getPolicyDocument:getPolicyDocument": Invoke(
        ObjectOf(
            {
                "overrideJson": STR,
                "overridePolicyDocuments": STR_LIST,
                "policyId": STR,
                "sourceJson": STR,
                "sourcePolicyDocuments": STR_LIST,
                "statements": ListOf(_STATEMENT),
                "version": STR,
            }
        ),
        _get_policy_document,
    ),
}
