"""Deploy the stack to a local AWS, turn sign-ups into profiles, then create those of 2,000 existing users.

One of the users signs in both by e-mail and password and by phone number and code.

Exit codes: 0 success; 1 a step failed; 3 stopped by Ctrl-C; 64 wrong usage.
"""

import argparse
import json
import sys
from pathlib import Path
from typing import Any, NoReturn

from botocore.exceptions import ClientError
from client import DemoClient, check_rejections, sign_up_to_profile
from existing_users import migrate_existing_users, summary_lines
from lifecycle import Operator, live_a_life
from pulumi_localaws.deploy import deploy
from pulumi_localaws.errors import DeploymentError, LocalAwsError
from pulumi_localaws.local_aws import LocalAws
from requests import RequestException
from timeline import StepFailedError, Timeline
from two_ways import sign_in_both_ways

PROJECT = Path(__file__).resolve().parents[2]
REGION = "us-east-1"


class Parser(argparse.ArgumentParser):
    """Exits with 64 on wrong usage, as all commands of the project do."""

    def error(self, message: str) -> NoReturn:
        """Print the usage and the message, and exit."""
        self.print_usage(sys.stderr)
        self.exit(64, f"{self.prog}: {message}\n")


def run(timeline: Timeline) -> dict[str, Any]:
    """Run the demo and return its JSON document."""
    with timeline.step("a local AWS starts") as step:
        local = LocalAws(region=REGION)
        local.start()
        step["shows"] = local.endpoint
    try:

        def print_resource(event: dict[str, Any]) -> None:
            if event.get("event") == "resource" and event.get("status") == "created":
                timeline.print_line(f"  {event['ms']:>6} ms      {event['type']}  {event['name']}")

        with timeline.step("the stack is deployed") as step:
            deployment = deploy(
                PROJECT,
                stack="dev",
                endpoint=local.endpoint,
                config={"pulumi-userprofiles:phoneSignIn": "{}"},
                on_event=print_resource,
                scratch=local.folder,
            )
            step["shows"] = f"{len(deployment.resources)} resources"
        outputs = deployment.outputs
        client = DemoClient(local.endpoint, outputs, REGION)

        timeline.print_line("\nA sign-up becomes a profile")
        sign_up_to_profile(client, timeline)
        customer_id = next(step["sub"] for step in timeline.steps if "sub" in step)
        dynamodb = local.client("dynamodb")

        def read_stored_items() -> list[dict[str, Any]]:
            items: list[dict[str, Any]] = dynamodb.query(
                TableName=outputs["usersTableName"],
                KeyConditionExpression="PK = :pk",
                ExpressionAttributeValues={":pk": {"S": f"USER#{customer_id}"}},
                ConsistentRead=True,
            )["Items"]
            return items

        timeline.print_line("\nRequests that must be rejected, and a password reset")
        check_rejections(client, timeline, read_stored_items)

        timeline.print_line("\nOne person, two ways to sign in")
        sign_in_both_ways(client, local, timeline)

        timeline.print_line("\nAfter the sign-up: deletion, restore, export, erasure, reconciliation, audit")
        live_a_life(client, Operator(local, outputs), timeline)

        timeline.print_line("\nExisting users get their profiles")
        counts = migrate_existing_users(local, outputs, timeline)
        return {
            "ok": True,
            "outputs": outputs,
            "resources": deployment.resources,
            "timeline": timeline.steps,
            "summary": counts,
        }
    finally:
        local.stop()


def main() -> int:
    """Run the demo and return the exit code (see the module's docstring)."""
    parser = Parser(
        prog="make demo", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--json",
        action="store_true",
        help="print one JSON document on standard output (make demo ARGS=--json)",
    )
    arguments = parser.parse_args()
    timeline = Timeline(quiet=arguments.json)
    try:
        document = run(timeline)
    except KeyboardInterrupt:
        print("Stopped. The local AWS and all its resources are deleted.", file=sys.stderr)
        return 3
    except (StepFailedError, LocalAwsError, DeploymentError, ClientError, RequestException) as error:
        if arguments.json:
            print(
                json.dumps(
                    {"ok": False, "error": str(error), "timeline": timeline.steps}, indent=2, default=str
                )
            )
        print(f"The demo failed: {error}", file=sys.stderr)
        return 1
    if arguments.json:
        print(json.dumps(document, indent=2, default=str))
    else:
        timeline.print_line()
        for line in summary_lines(document["summary"]):
            timeline.print_line(line)
        last_step = document["timeline"][-1]
        timeline.print_line(f"\nAll checks passed in {(last_step['atMs'] + last_step['ms']) / 1000:.1f} s.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
