"""Owns a local AWS until it is told to end: a program for the tests to run and to kill.

Prints one line of JSON when all runs, a function busy with an invocation included, then waits.
"""

import json
import os
import sys
import zipfile
from io import BytesIO

from pulumi_localaws.local_aws import LocalAws

HANDLER = """
import os, subprocess, sys, time

def handler(event, context):
    if sys.platform == "linux":  # elsewhere nobody can find a process that left its group
        subprocess.Popen(["sleep", "120"], start_new_session=True)
    open(event["started"], "w").write(str(os.getpid()))
    time.sleep(120)
"""

TRUST = {
    "Version": "2012-10-17",
    "Statement": [
        {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
    ],
}


def make_function(aws: LocalAws, name: str, source: str, policy: "dict[str, object] | None" = None) -> None:
    """Create a function with a role of its own, as root."""
    iam = aws.client("iam")
    role = iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(TRUST))["Role"]["Arn"]
    if policy is not None:
        iam.put_role_policy(RoleName=name, PolicyName="all", PolicyDocument=json.dumps(policy))
    packed = BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("main.py", source)
    aws.client("lambda").create_function(
        FunctionName=name,
        Role=role,
        Runtime="python3.13",
        Handler="main.handler",
        Timeout=120,
        Code={"ZipFile": packed.getvalue()},
    )


def main(started: str, how: str) -> None:
    """Start, keep a function busy, say so, wait."""
    with LocalAws() as aws:
        make_function(aws, "busy", HANDLER)
        aws.client("lambda").invoke(
            FunctionName="busy", InvocationType="Event", Payload=json.dumps({"started": started})
        )
        forked = 0
        if how == "forked":
            # A child that holds all of the owner's descriptors, and lives on.
            forked = os.fork()
            if forked == 0:
                os.closerange(0, 3)
                os.read(os.pipe()[0], 1)
        assert aws._processes is not None
        folder = str(aws._processes.folder)
        sys.stdout.write(json.dumps({"port": aws.port, "folder": folder, "forked": forked}) + "\n")
        sys.stdout.flush()
        aws.wait()


if __name__ == "__main__":
    try:
        main(*sys.argv[1:])
    except KeyboardInterrupt:
        sys.exit(130)
