"""PartiQL authorised by AWS's own actions: the emulator asks for one that AWS does not have."""

import json
import re
from xml.etree.ElementTree import Element

from pulumi_localaws.gateway.wire.errors import AwsError, error_parts
from pulumi_localaws.gateway.wire.http_messages import Request, Response, SendToEmulator
from pulumi_localaws.gateway.wire.root_client import RootClient, signed_region

ACTIONS = frozenset({"ExecuteStatement", "BatchExecuteStatement", "ExecuteTransaction"})

_VERBS = {
    "insert": "PartiQLInsert",
    "select": "PartiQLSelect",
    "update": "PartiQLUpdate",
    "delete": "PartiQLDelete",
}
_DENIED = re.compile(
    r"User: (?P<principal>\S+) is not authorized to perform: "
    r"dynamodb:(?:ExecuteStatement|BatchExecuteStatement|ExecuteTransaction)\b(?P<rest>.*)",
    re.DOTALL,
)
_ASSUMED_ROLE = re.compile(r"arn:(?P<partition>[^:]+):sts::(?P<account>\d+):assumed-role/(?P<role>[^/]+)/")
_NAME = r"""\s*(?:"(?P<quoted>[^"]+)"|(?P<plain>[A-Za-z0-9_.-]+))(?:\s*\.\s*"(?P<index>[^"]+)")?"""
# What stands between quotes may hold any word, "from" as well.
_COLUMNS = r"""(?:"[^"]*"|'[^']*'|[^"'])*?"""
_STATEMENT = re.compile(
    rf"\s*(?:(?P<insert>insert\s+into\b)|(?P<update>update\b)|(?P<delete>delete\s+from\b)"
    rf"|(?:exists\s*\(\s*)?select\b{_COLUMNS}\bfrom\b){_NAME}",
    re.IGNORECASE,
)


async def handle(
    request: Request, action: str, *, upstream: SendToEmulator, root: RootClient, notes: list[str]
) -> Response:
    """Pass a PartiQL call on; where the emulator denies its own action, ask for AWS's and repeat as root.

    The denial tells that the signature is right and who the caller is: the emulator checks that first. What
    AWS checks are ``dynamodb:PartiQLInsert``, ``…Select``, ``…Update`` and ``…Delete`` on the tables and
    indexes of the statements (service authorization reference). A permissions boundary and a session policy
    are not looked at: the emulator's policy simulator leaves them out.
    """
    response = await upstream(request)
    code, message = error_parts(response)
    denied = _DENIED.search(message) if code.startswith("AccessDenied") else None
    if denied is None or "explicit deny" in denied["rest"]:
        return response
    wanted = wanted_rights(request, action)
    if wanted is None:
        return response
    principal, region = denied["principal"], signed_region(request) or root.region
    account = principal.split(":")[4]
    for right, resource in sorted(wanted):
        arn = f"arn:aws:dynamodb:{region}:{account}:{resource}"
        decision = await _simulate(root, principal, right, arn)
        if decision != "allowed":
            notes.append(f"PartiQL: {right} denied")
            return _denial(principal, right, arn, explicit=decision == "explicitDeny")
    notes.append("PartiQL: allowed by " + ", ".join(sorted({right for right, _ in wanted})))
    return await root.json("dynamodb", action, request.body, region)


def wanted_rights(request: Request, action: str) -> set[tuple[str, str]] | None:
    """Return pairs of action and ``table/<name>[/index/<name>]`` that a call needs; None if unreadable."""
    try:
        document = json.loads(request.body)
        key = {"BatchExecuteStatement": "Statements", "ExecuteTransaction": "TransactStatements"}.get(action)
        entries = document[key] if key else [document]
        return {_right(str(entry["Statement"])) for entry in entries}
    except (ValueError, KeyError, TypeError):
        return None


def _right(statement: str) -> tuple[str, str]:
    found = _STATEMENT.match(statement)
    if found is None:
        raise ValueError("unknown statement")
    verb = next((v for v in ("insert", "update", "delete") if found[v]), "select")
    index = f"/index/{found['index']}" if found["index"] else ""
    return f"dynamodb:{_VERBS[verb]}", f"table/{found['quoted'] or found['plain']}{index}"


async def _simulate(root: RootClient, principal: str, action: str, resource: str) -> str:
    assumed = _ASSUMED_ROLE.match(principal)
    source = (
        f"arn:{assumed['partition']}:iam::{assumed['account']}:role/{assumed['role']}"
        if assumed
        else principal
    )
    answer = await root.query(
        "iam",
        "SimulatePrincipalPolicy",
        {
            "PolicySourceArn": source,
            "ActionNames.member.1": action,
            "ResourceArns.member.1": resource,
        },
    )
    return _text(answer, "EvalDecision")


def _text(answer: Element, name: str) -> str:
    return next((e.text or "" for e in answer.iter() if e.tag.rsplit("}", 1)[-1] == name), "")


def _denial(principal: str, action: str, resource: str, *, explicit: bool) -> Response:
    reason = (
        "with an explicit deny in an identity-based policy"
        if explicit
        else f"because no identity-based policy allows the {action} action"
    )
    error = AwsError(
        "com.amazon.coral.service#AccessDeniedException",
        f"User: {principal} is not authorized to perform: {action} on resource: {resource} {reason}",
    )
    return error.response("application/x-amz-json-1.0")
