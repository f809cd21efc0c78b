"""Move 2,000 users of an old application to a local AWS, with content, friends and premium.

The population is generated, so its truth is known. It is imported in two batches; ten users sign in by phone
code and see what is theirs; the second batch is rolled back. The truth table must have nothing lost and
nothing duplicated.

Exit codes: 0 success; 1 a step failed, or the truth does not hold; 3 stopped by Ctrl-C; 64 wrong usage.
"""

import argparse
import json
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NoReturn

EXAMPLES = Path(__file__).resolve().parents[1]
sys.path += [str(EXAMPLES), str(EXAMPLES / "demo")]

from botocore.exceptions import ClientError
from import_commands import ImportCommands
from legacy_population.population import Population
from migration import Migration
from new_users import NewApplication
from old_application import OldApplication
from pulumi_localaws.deploy import deploy
from pulumi_localaws.errors import DeploymentError, LocalAwsError
from pulumi_localaws.local_aws import LocalAws
from requests import RequestException
from timeline import StepFailedError, Timeline

USERS = 2_000
STEP = 100  # the generator numbers its users in blocks
FEWEST = 200  # ten of them have content, friends and a paid plan
REGION = "us-east-1"
CONFIGURATION = {
    "pulumi-userprofiles:template": "social",
    "pulumi-userprofiles:phoneSignIn": '{"allowedCountries": ["US", "CA", "GB", "DE", "FR", "IN"]}',
    "pulumi-userprofiles:social": "{}",
}


class Parser(argparse.ArgumentParser):
    """Exits with 64 on wrong usage, as all commands of the project do."""

    def error(self, message: str) -> NoReturn:
        """Print the usage and the message, and exit."""
        self.print_usage(sys.stderr)
        self.exit(64, f"{self.prog}: {message}\n")


def run(timeline: Timeline, users: int) -> dict[str, Any]:
    """Run the demo and return its JSON document."""
    with timeline.step("a local AWS starts") as step:
        local = LocalAws(region=REGION)
        local.start()
        step["shows"] = local.endpoint
    try:
        with timeline.step("the stack is deployed: template social, sign-in by phone, content") as step:
            deployment = deploy(
                EXAMPLES.parent,
                stack="dev",
                endpoint=local.endpoint,
                config=CONFIGURATION,
                scratch=local.folder,
            )
            outputs = deployment.outputs
            step["shows"] = f"{len(deployment.resources)} resources"
        folder = Path(local.folder) / "import"
        folder.mkdir()
        with timeline.step(f"an old application with {users:,} users is generated") as step:
            population = Population(users, now=datetime.now(UTC), most_contents=2)
            application = OldApplication(population, folder)
            files = application.upload_files(local.client("s3"))
            step["shows"] = f"a dump of MongoDB, and a bucket with {files:,} files"
        migration = Migration(application, ImportCommands(local, outputs, folder), local, outputs, timeline)
        tables = migration.execute(NewApplication(local, outputs, REGION))
        is_true = all(row["is_true"] for rows in tables.values() for row in rows)
        return {"ok": is_true, "outputs": outputs, "truth": tables, "timeline": timeline.steps}
    finally:
        local.stop()


def main() -> int:
    """Run the demo and return the exit code (see the module's docstring)."""
    parser = Parser(
        prog="make demo-legacy", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--json",
        action="store_true",
        help="print one JSON document on standard output (make demo-legacy ARGS=--json)",
    )
    parser.add_argument(
        "--users",
        type=int,
        default=USERS,
        metavar="N",
        help=f"a multiple of {STEP}, at least {FEWEST} (default: %(default)s)",
    )
    arguments = parser.parse_args()
    if arguments.users < FEWEST or arguments.users % STEP:
        parser.error(f"--users must be a multiple of {STEP}, at least {FEWEST}, got {arguments.users}")
    timeline = Timeline(quiet=arguments.json)
    try:
        document = run(timeline, arguments.users)
    except KeyboardInterrupt:
        print("Stopped. The local AWS and all its resources are deleted.", file=sys.stderr)
        return 3
    except (StepFailedError, LocalAwsError, DeploymentError, ClientError, RequestException) as error:
        if arguments.json:
            result = {"ok": False, "error": str(error), "timeline": timeline.steps}
            print(json.dumps(result, indent=2, default=str))
        print(f"The demo failed: {error}", file=sys.stderr)
        return 1
    if arguments.json:
        print(json.dumps(document, indent=2, default=str))
    seconds = (document["timeline"][-1]["atMs"] + document["timeline"][-1]["ms"]) / 1000
    verdict = "The truth holds" if document["ok"] else "THE TRUTH DOES NOT HOLD"
    timeline.print_line(f"\n{verdict}, after {seconds:.1f} s.")
    return 0 if document["ok"] else 1


if __name__ == "__main__":
    sys.exit(main())
