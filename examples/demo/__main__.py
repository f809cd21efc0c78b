"""The whole path on a local AWS: a sign-up becomes a profile, then 2,000 existing users get theirs.

Exit codes: 0 all as it should be; 1 a step was not; 3 stopped by Ctrl-C; 64 wrong usage.
"""

import argparse
import json
import sys
from pathlib import Path
from typing import Any, NoReturn

from botocore.exceptions import ClientError
from existing_users import give_profiles, summary
from people import People, sign_up_to_profile, what_must_not_happen
from pulumi_localaws.deploy import deploy
from pulumi_localaws.errors import DeploymentError
from pulumi_localaws.errors import LocalAwsError
from pulumi_localaws.local_aws import LocalAws
from requests import RequestException
from timeline import StepFailedError, Timeline

PROJECT = Path(__file__).resolve().parents[2]
REGION = "us-east-1"


class Parser(argparse.ArgumentParser):
    """Ends with 64 on wrong usage, as every command of the project does."""

    def error(self, message: str) -> NoReturn:
        """Print usage and message, and leave."""
        self.print_usage(sys.stderr)
        self.exit(64, f"{self.prog}: {message}\n")


def run(timeline: Timeline) -> dict[str, Any]:
    """Run the demo and return its JSON document."""
    with timeline.step("a local AWS starts") as step:
        local = LocalAws(region=REGION)
        local.start()
        step["shows"] = local.endpoint
    try:

        def show(event: dict[str, Any]) -> None:
            if event.get("event") == "resource" and event.get("status") == "created":
                timeline.say(f"  {event['ms']:>6} ms      {event['type']}  {event['name']}")

        with timeline.step("the stack is deployed") as step:
            deployment = deploy(
                PROJECT, stack="dev", endpoint=local.endpoint, on_event=show, scratch=local.folder
            )
            step["shows"] = f"{len(deployment.resources)} resources"
        outputs = deployment.outputs
        people = People(local.endpoint, outputs, REGION)

        timeline.say("\nA sign-up becomes a profile")
        sign_up_to_profile(people, timeline)
        customer = next(step["sub"] for step in timeline.steps if "sub" in step)
        dynamodb = local.client("dynamodb")

        def stored_profile() -> list[dict[str, Any]]:
            items: list[dict[str, Any]] = dynamodb.query(
                TableName=outputs["usersTableName"],
                KeyConditionExpression="PK = :pk",
                ExpressionAttributeValues={":pk": {"S": f"USER#{customer}"}},
                ConsistentRead=True,
            )["Items"]
            return items

        timeline.say("\nWhat must not happen")
        what_must_not_happen(people, timeline, stored_profile)

        timeline.say("\nUsers who were there before")
        numbers = give_profiles(local, outputs, timeline)
        return {
            "ok": True,
            "outputs": outputs,
            "resources": deployment.resources,
            "timeline": timeline.steps,
            "summary": numbers,
        }
    finally:
        local.stop()


def main() -> int:
    """Run the demo; see the module's text for the exit codes."""
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
        print("Stopped; the local AWS is gone with all that was in it.", file=sys.stderr)
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
        timeline.say()
        for line in summary(document["summary"]):
            timeline.say(line)
        total = document["timeline"][-1]
        timeline.say(f"\nAll as it should be, in {(total['atMs'] + total['ms']) / 1000:.1f} s.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
