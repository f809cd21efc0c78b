"""The life of a user after sign-up: deletion, restore, export, erasure, reconciliation and audit."""

import hashlib
import json
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from client import DemoClient
from timeline import StepFailedError, Timeline, check

COMMAND_DEADLINE_S = 60


class Operator:
    """Runs the commands of an operator: `userprofiles` with the stack's outputs.

    Args:
        local: The local AWS.
        outputs: The stack's outputs.
    """

    def __init__(self, local: Any, outputs: dict[str, Any]) -> None:
        self.local = local
        self.outputs = outputs
        self._file = Path(local.folder) / "outputs.json"
        self._file.write_text(json.dumps(outputs))

    def run(self, *arguments: str, exit_codes: Iterable[int] = (0,)) -> dict[str, Any]:
        """Run `userprofiles` and return its JSON document."""
        command = [
            sys.executable,
            "-m",
            "userprofiles.cli",
            *arguments,
            "--outputs",
            str(self._file),
            "--json",
        ]
        result = subprocess.run(  # noqa: S603 - our own program
            command,
            env=self.local.environment(),
            capture_output=True,
            text=True,
            timeout=COMMAND_DEADLINE_S,
            check=False,
        )
        if result.returncode not in exit_codes:
            raise StepFailedError(f"{' '.join(arguments)} ended with {result.returncode}: {result.stderr}")
        document: dict[str, Any] = json.loads(result.stdout)
        return document


def live_a_life(client: DemoClient, operator: Operator, timeline: Timeline) -> None:
    """Delete, restore, export and erase users; then reconcile pool and table, and verify the audit trail."""
    email = "alan@example.com"
    sub = _create_user(client, email)
    _delete_and_restore(client, email, timeline)
    _export(client, email, sub, timeline)
    _erase(client, operator, email, sub, timeline)
    _reconcile(client, operator, timeline)
    with timeline.step("audit verify: every user has a complete chain") as step:
        document = operator.run("audit", "verify")
        step["shows"] = f"{document['users']} users"


def _create_user(client: DemoClient, email: str) -> str:
    sub = client.sign_up(email, custom__role="customer", name=email.partition("@")[0])
    client.confirm(email)
    return sub


def _delete_and_restore(client: DemoClient, email: str, timeline: Timeline) -> None:
    token = client.sign_in(email).access_token
    profile = client.get_profile(token).json()
    with timeline.step("DELETE /me marks the user, who can come back for 30 days") as step:
        response = client.request("DELETE", "/me", token)
        check(response.status_code, 202, "DELETE /me")
        check(client.get_profile(token).status_code, 410, "GET /me/profile of a deleted user")
        step["shows"] = f"erased after {response.json()['deletion']['eraseAt']}"
    with timeline.step("the user signs in again and restores the account") as step:
        token = client.sign_in(email).access_token
        response = client.request("POST", "/me/restore", token)
        check(response.status_code, 200, "POST /me/restore")
        check(response.json(), profile, "the restored profile")
        step["shows"] = "account and profile are as before"


def _export(client: DemoClient, email: str, sub: str, timeline: Timeline) -> None:
    with timeline.step("GET /me/export returns all data of the user") as step:
        token = client.sign_in(email).access_token
        response = client.request("GET", "/me/export", token)
        check(response.status_code, 200, "GET /me/export")
        bundle = response.json()
        check(bundle["manifest"]["userId"], sub, "the user of the export")
        for part in bundle["manifest"]["parts"]:
            text = json.dumps(
                bundle["parts"][part["name"]], sort_keys=True, separators=(",", ":"), ensure_ascii=False
            )
            check(hashlib.sha256(text.encode()).hexdigest(), part["sha256"], f"the hash of {part['name']}")
        step["shows"] = ", ".join(part["name"] for part in bundle["manifest"]["parts"])


def _erase(client: DemoClient, operator: Operator, email: str, sub: str, timeline: Timeline) -> None:
    token = client.sign_in(email).access_token
    with timeline.step("userprofiles erase: the user is gone everywhere, with a receipt") as step:
        receipt = operator.run("erase", sub, "--yes")["receipt"]
        check(client.get_profile(token).status_code, 410, "GET /me/profile of an erased user")
        step["receipt"] = receipt
        found = ", ".join(f"{name} {store['found']}" for name, store in sorted(receipt["stores"].items()))
        step["shows"] = f"{found}; SHA-256 {receipt['hash'][:16]}…"


def _reconcile(client: DemoClient, operator: Operator, timeline: Timeline) -> None:
    table = operator.outputs["usersTableName"]
    orphan, incomplete = _create_user(client, "orphan@example.com"), _create_user(client, "half@example.com")
    operator.local.client("cognito-idp").admin_delete_user(
        UserPoolId=operator.outputs["userPoolId"], Username=orphan
    )
    operator.local.client("dynamodb").delete_item(
        TableName=table, Key={"PK": {"S": f"USER#{incomplete}"}, "SK": {"S": "PROFILE#MAIN"}}
    )
    with timeline.step("userprofiles reconcile finds a planted orphan and a missing profile") as step:
        document = operator.run("reconcile", exit_codes=[2])
        differences = {(entry["difference"], entry["userId"]) for entry in document["users"]}
        check(differences, {("orphan", orphan), ("missing", incomplete)}, "the differences")
        step["shows"] = ", ".join(sorted(kind for kind, _ in differences))
    with timeline.step("reconcile --fix creates the profile and marks the orphan; a second run has no work"):
        operator.run("reconcile", "--fix", "--max-removals", "50")
        operator.run("reconcile")
