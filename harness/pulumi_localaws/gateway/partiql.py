"""PartiQL authorized by AWS's actions; the emulator checks actions that AWS does not have."""

import json
import re
from xml.etree.ElementTree import Element

from pulumi_localaws.gateway.wire.errors import AwsError, parse_error
from pulumi_localaws.gateway.wire.http_messages import Request, Response, SendToEmulator
from pulumi_localaws.gateway.wire.root_client import RootClient, parse_signed_region

ACTIONS = frozenset({"ExecuteStatement", "BatchExecuteStatement", "ExecuteTransaction"})

_VERBS = {
    "insert": "PartiQLInsert",
    "select": "PartiQLSelect",
    "update": "PartiQLUpdate",
    "delete": "PartiQLDelete",
}
_DENIAL = re.compile(
    r"User: (?P<principal>\S+) is not authorized to perform: "
    r"dynamodb:(?:ExecuteStatement|BatchExecuteStatement|ExecuteTransaction)\b(?P<rest>.*)",
    re.DOTALL,
)
_ASSUMED_ROLE = re.compile(r"arn:(?P<partition>[^:]+):sts::(?P<account>\d+):assumed-role/(?P<role>[^/]+)/")
_NAME = r"""\s*(?:"(?P<quoted>[^"]+)"|(?P<plain>[A-Za-z0-9_.-]+))(?:\s*\.\s*"(?P<index>[^"]+)")?"""
# Text between quotes may contain any word, including "from".
_COLUMNS = r"""(?:"[^"]*"|'[^']*'|[^"'])*?"""
_STATEMENT = re.compile(
    rf"\s*(?:(?P<insert>insert\s+into\b)|(?P<update>update\b)|(?P<delete>delete\s+from\b)"
    rf"|(?:exists\s*\(\s*)?select\b{_COLUMNS}\bfrom\b){_NAME}",
    re.IGNORECASE,
)


async def handle(
    request: Request,
    action: str,
    *,
    send_to_emulator: SendToEmulator,
    root_client: RootClient,
    notes: list[str],
) -> Response:
    """Forward a PartiQL call; if the emulator denies its own action, check AWS's actions and repeat as root.

    A denial shows that the signature is valid, which the emulator checks first, and names the caller. AWS
    checks ``dynamodb:PartiQLInsert``, ``…Select``, ``…Update`` and ``…Delete`` on the tables and indexes of
    the statements (service authorization reference). Permissions boundaries and session policies are ignored,
    because the emulator's policy simulator ignores them.
    """
    response = await send_to_emulator(request)
    code, message = parse_error(response)
    denial = _DENIAL.search(message) if code.startswith("AccessDenied") else None
    if denial is None or "explicit deny" in denial["rest"]:
        return response
    permissions = required_permissions(request, action)
    if permissions is None:
        return response
    principal, region = denial["principal"], parse_signed_region(request) or root_client.region
    account = principal.split(":")[4]
    for partiql_action, resource in sorted(permissions):
        arn = f"arn:aws:dynamodb:{region}:{account}:{resource}"
        decision = await _simulate_policy(root_client, principal, partiql_action, arn)
        if decision != "allowed":
            notes.append(f"PartiQL: {partiql_action} denied")
            return _access_denied(principal, partiql_action, arn, explicit=decision == "explicitDeny")
    notes.append(
        "PartiQL: allowed by " + ", ".join(sorted({partiql_action for partiql_action, _ in permissions}))
    )
    return await root_client.call_json("dynamodb", action, request.body, region)


def required_permissions(request: Request, action: str) -> set[tuple[str, str]] | None:
    """Return action and ``table/<name>[/index/<name>]`` of each statement; None if one is not readable."""
    try:
        document = json.loads(request.body)
        key = {"BatchExecuteStatement": "Statements", "ExecuteTransaction": "TransactStatements"}.get(action)
        entries = document[key] if key else [document]
        return {_parse_permission(str(entry["Statement"])) for entry in entries}
    except (ValueError, KeyError, TypeError):
        return None


def _parse_permission(statement: str) -> tuple[str, str]:
    match = _STATEMENT.match(statement)
    if match is None:
        raise ValueError("unknown statement")
    verb = next((v for v in ("insert", "update", "delete") if match[v]), "select")
    index = f"/index/{match['index']}" if match["index"] else ""
    return f"dynamodb:{_VERBS[verb]}", f"table/{match['quoted'] or match['plain']}{index}"


async def _simulate_policy(root_client: RootClient, principal: str, action: str, resource: str) -> str:
    assumed = _ASSUMED_ROLE.match(principal)
    source = (
        f"arn:{assumed['partition']}:iam::{assumed['account']}:role/{assumed['role']}"
        if assumed
        else principal
    )
    document = await root_client.call_query(
        "iam",
        "SimulatePrincipalPolicy",
        {
            "PolicySourceArn": source,
            "ActionNames.member.1": action,
            "ResourceArns.member.1": resource,
        },
    )
    return _find_text(document, "EvalDecision")


def _find_text(document: Element, name: str) -> str:
    return next((e.text or "" for e in document.iter() if e.tag.rsplit("}", 1)[-1] == name), "")


def _access_denied(principal: str, action: str, resource: str, *, explicit: bool) -> Response:
    reason = (
        "with an explicit deny in an identity-based policy"
        if explicit
        else f"because no identity-based policy allows the {action} action"
    )
    error = AwsError(
        "com.amazon.coral.service#AccessDeniedException",
        f"User: {principal} is not authorized to perform: {action} on resource: {resource} {reason}",
    )
    return error.to_response("application/x-amz-json-1.0")
