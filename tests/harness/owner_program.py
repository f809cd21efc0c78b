"""Own a local AWS until a signal ends the process: a program for the tests to run and to kill.

It prints one line of JSON when the local AWS runs and a function is busy with an invocation, and then waits.
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
    if sys.platform == "linux":  # on other systems, a process that left its group can't be found
        subprocess.Popen(["sleep", "120"], start_new_session=True)
    open(event["pid_file"], "w").write(str(os.getpid()))
    time.sleep(120)
"""

TRUST = {
    "Version": "2012-10-17",
    "Statement": [
        {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
    ],
}


def create_function(aws: LocalAws, name: str, source: str, policy: "dict[str, object] | None" = None) -> None:
    """Create a function with its own role, as the root user."""
    iam = aws.client("iam")
    role = iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(TRUST))["Role"]["Arn"]
    if policy is not None:
        iam.put_role_policy(RoleName=name, PolicyName="all", PolicyDocument=json.dumps(policy))
    code = BytesIO()
    with zipfile.ZipFile(code, "w") as archive:
        archive.writestr("main.py", source)
    aws.client("lambda").create_function(
        FunctionName=name,
        Role=role,
        Runtime="python3.13",
        Handler="main.handler",
        Timeout=120,
        Code={"ZipFile": code.getvalue()},
    )


def main(pid_file: str, mode: str) -> None:
    """Start a local AWS and a busy function, print the report, and wait."""
    with LocalAws() as aws:
        create_function(aws, "busy", HANDLER)
        aws.client("lambda").invoke(
            FunctionName="busy", InvocationType="Event", Payload=json.dumps({"pid_file": pid_file})
        )
        forked_pid = 0
        if mode == "forked":
            # A child process that inherits all descriptors of the owner, and continues after the owner's end.
            forked_pid = os.fork()
            if forked_pid == 0:
                os.closerange(0, 3)
                os.read(os.pipe()[0], 1)
        sys.stdout.write(
            json.dumps({"port": aws.port, "folder": str(aws.folder), "forkedPid": forked_pid}) + "\n"
        )
        sys.stdout.flush()
        aws.wait()


if __name__ == "__main__":
    try:
        main(*sys.argv[1:])
    except KeyboardInterrupt:
        sys.exit(130)
