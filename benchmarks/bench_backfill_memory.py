"""Measure the memory of the backfill's process: at most 200 MB, independent of the number of users.

    python benchmarks/bench_backfill_memory.py [--users 200000] [--plan]

With --plan, it measures `backfill plan`; a million users must need at most 250 MB.

A small server replaces DynamoDB: it generates the rows of a scan and ignores inserts. It runs outside the
measured process. (The emulator would need half a gigabyte, and minutes.) The process is the real command with
its real client, over HTTP.
The benchmark passes if the peak of the resident memory is at most 200 MB, and if four times the users need at
most 10 % more; else it exits with 1. It takes about a minute and a half.
"""

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

LIMIT_MB = 200
MAX_GROWTH = 1.10
_HEADERS = {"Content-Type": "application/x-amz-json-1.0"}


class FakeDynamoDB(BaseHTTPRequestHandler):
    """The part of DynamoDB that the backfill uses, with a table of `users` users."""

    protocol_version = "HTTP/1.1"
    users = 0
    wbufsize = -1  # one write for a response, else Nagle's algorithm waits 40 ms for each
    disable_nagle_algorithm = True

    def do_POST(self) -> None:
        """Respond to one call."""
        request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        response = getattr(self, self.headers["X-Amz-Target"].partition(".")[2])(request)
        body = json.dumps(response).encode()
        self.send_response(200)
        for name, value in {**_HEADERS, "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def Scan(self, request: dict[str, Any]) -> dict[str, Any]:  # noqa: N802 - DynamoDB's name
        """Generate a page of users."""
        segment, segments = request.get("Segment", 0), request.get("TotalSegments", 1)
        start = request.get("ExclusiveStartKey")
        begin = int(start["PK"]["S"][4:]) + segments if start else segment
        stop = min(self.users, begin + segments * request["Limit"])
        rows = [self._row(number) for number in range(begin, stop, segments)]
        response: dict[str, Any] = {
            "Items": rows,
            "Count": len(rows),
            "ConsumedCapacity": {"CapacityUnits": 128.0},
        }
        if rows and stop < self.users:
            response["LastEvaluatedKey"] = {"PK": rows[-1]["PK"], "SK": rows[-1]["SK"]}
        return response

    def _row(self, number: int) -> dict[str, Any]:
        return {
            "PK": {"S": f"user{number}"},
            "SK": {"S": "METADATA"},
            # Every thousandth has no usable ID: failures must not accumulate in memory, either.
            "userId": {"N": str(number)} if number % 1000 == 0 else {"S": f"user{number}"},
            "email": {"S": f"user{number}@example.com"},
            "firstName": {"S": f"First{number}" * 3},
            "lastName": {"S": f"Last{number}" * 3},
            "phoneNumber": {"S": f"+1555{number:07d}"},
        }

    def DescribeTable(self, request: dict[str, Any]) -> dict[str, Any]:  # noqa: N802 - DynamoDB's name
        """Describe a table with the keys PK and SK."""
        keys = (("PK", "HASH"), ("SK", "RANGE"))
        return {
            "Table": {
                "TableName": request["TableName"],
                "TableArn": f"arn:aws:dynamodb:us-east-1:1:table/{request['TableName']}",
                "CreationDateTime": 1_770_000_000,
                "KeySchema": [{"AttributeName": name, "KeyType": role} for name, role in keys],
                "AttributeDefinitions": [
                    {"AttributeName": name, "AttributeType": "S"} for name in ("PK", "SK")
                ],
                "BillingModeSummary": {"BillingMode": "PAY_PER_REQUEST"},
            }
        }

    def DescribeContinuousBackups(self, _: dict[str, Any]) -> dict[str, Any]:  # noqa: N802 - DynamoDB's name
        """Describe a table without point-in-time recovery."""
        return {}

    def DescribeTimeToLive(self, _: dict[str, Any]) -> dict[str, Any]:  # noqa: N802 - DynamoDB's name
        """Describe a table without time to live."""
        return {}

    def BatchGetItem(self, request: dict[str, Any]) -> dict[str, Any]:  # noqa: N802 - DynamoDB's name
        """Return no profile."""
        return {"Responses": {name: [] for name in request["RequestItems"]}, "UnprocessedKeys": {}}

    def BatchExecuteStatement(self, request: dict[str, Any]) -> dict[str, Any]:  # noqa: N802 - DynamoDB's name
        """Accept all inserts."""
        return {"Responses": [{"TableName": "users"} for _ in request["Statements"]]}

    def log_message(self, *_: object) -> None:
        """Log nothing."""


def measure(port: int, users: int, command: str) -> tuple[float, float, dict[str, Any]]:
    """Run the backfill over some users. Return its peak memory in MB, its seconds and its report."""
    FakeDynamoDB.users = users
    with tempfile.TemporaryDirectory() as folder:
        environment = {
            "PATH": os.environ["PATH"],
            "HOME": folder,
            "XDG_STATE_HOME": folder,
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        }
        program = (
            "import resource, sys; from userprofiles.cli import main; code = main(sys.argv[1:]);"
            "print('maxrss', resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, file=sys.stderr);"
            "sys.exit(code)"
        )
        arguments = [
            "backfill",
            command,
            "--table-name",
            "users",
            "--endpoint-url",
            f"http://127.0.0.1:{port}",
        ]
        started_at = time.perf_counter()
        process = subprocess.run(
            [sys.executable, "-c", program, *arguments, "--json"],
            env=environment,
            cwd=folder,
            capture_output=True,
            text=True,
            check=False,
        )
        seconds = time.perf_counter() - started_at
    match = re.search(r"maxrss (\d+)", process.stderr)
    if match is None:
        raise SystemExit(f"the backfill ended with {process.returncode}:\n{process.stderr[-2000:]}")
    unit = 1 if sys.platform == "darwin" else 1024  # bytes there, kilobytes elsewhere
    return int(match[1]) * unit / 1e6, seconds, json.loads(process.stdout)


def main() -> int:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--users", type=int, default=200_000)
    parser.add_argument("--plan", action="store_true", help="measure `backfill plan`")
    arguments = parser.parse_args()
    users: int = arguments.users
    server = ThreadingHTTPServer(("127.0.0.1", 0), FakeDynamoDB)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    memory = {}
    for count in (users // 4, users):
        memory[count], seconds, report = measure(
            server.server_port, count, "plan" if arguments.plan else "run"
        )
        report = report.get("counts", report)
        print(f"{count:9,} users: {memory[count]:6.1f} MB, {seconds:6.1f} s, {report['created']:,} created")
        if report["processed"] != count or report["failed"] != -(-count // 1000):
            print(f"  the counts are wrong: {report['processed']} processed, {report['failed']} failed")
            return 1
    server.shutdown()
    server.server_close()
    growth = memory[users] / memory[users // 4]
    print(
        f"{growth:.2f} times the memory for four times the users (allowed: {MAX_GROWTH}); limit {LIMIT_MB} MB"
    )
    return 0 if memory[users] <= LIMIT_MB and growth <= MAX_GROWTH else 1


if __name__ == "__main__":
    sys.exit(main())
