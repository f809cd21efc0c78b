"""The key policy in docs/kms-key.md: complete, and limited to the account."""

import json
import re
from pathlib import Path
from typing import Any

TEXT = (Path(__file__).parents[2] / "docs" / "kms-key.md").read_text()
POLICY: dict[str, Any] = json.loads(re.findall(r"```json\n(.*?)```", TEXT, re.DOTALL)[0])
ACCOUNT = "111122223333"


def test_every_service_that_has_no_role_has_rights() -> None:
    services = {statement["Principal"].get("Service") for statement in POLICY["Statement"]}

    assert services == {
        None,
        "logs.eu-central-1.amazonaws.com",
        "delivery.logs.amazonaws.com",
        "cloudwatch.amazonaws.com",
    }


def test_every_service_acts_for_the_account_alone() -> None:
    for statement in POLICY["Statement"]:
        if "Service" in statement["Principal"]:
            assert ACCOUNT in json.dumps(statement["Condition"])
        else:
            assert statement["Principal"] == {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}


def test_every_statement_is_explained() -> None:
    explained = set(re.findall(r"^\| `(\w+)` \| [^|]+ \| [^|]+ \|$", TEXT, re.MULTILINE))

    assert {statement["Sid"] for statement in POLICY["Statement"]} <= explained
