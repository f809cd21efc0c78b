"""Memory of the backfill's process: 200,000 users within 200 MB, however many users there are.

    python benchmarks/bench_backfill_memory.py [--users 200000]

The table stands in a small server that makes up the rows as they are scanned and forgets what is inserted, so
that only the backfill's own process is measured (the emulator would need half a gigabyte and minutes for it).
The process is the true command, with its true client, over HTTP.
Passes with at most 200 MB of resident memory at its highest, and if four times the users don't need more than
10 % on top; else exit code 1. It takes about a minute and a half.
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
GROWTH = 1.10
_HEADERS = {"Content-Type": "application/x-amz-json-1.0"}


class Table(BaseHTTPRequestHandler):
    """DynamoDB as far as the backfill uses it, over users 0 to n."""

    protocol_version = "HTTP/1.1"
    users = 0
    wbufsize = -1  # one write for an answer, else Nagle's algorithm waits 40 ms for each
    disable_nagle_algorithm = True

    def do_POST(self) -> None:
        """Answer one call."""
        given = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        answer = getattr(self, self.headers["X-Amz-Target"].partition(".")[2])(given)
        body = json.dumps(answer).encode()
        self.send_response(200)
        for name, value in {**_HEADERS, "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def Scan(self, given: dict[str, Any]) -> dict[str, Any]:  # noqa: N802 - DynamoDB's name
        """Make up a page of users."""
        segment, segments = given.get("Segment", 0), given.get("TotalSegments", 1)
        start = given.get("ExclusiveStartKey")
        begin = int(start["PK"]["S"][4:]) + segments if start else segment
        stop = min(self.users, begin + segments * given["Limit"])
        rows = [self._row(number) for number in range(begin, stop, segments)]
        answer: dict[str, Any] = {
            "Items": rows,
            "Count": len(rows),
            "ConsumedCapacity": {"CapacityUnits": 128.0},
        }
        if rows and stop < self.users:
            answer["LastEvaluatedKey"] = {"PK": rows[-1]["PK"], "SK": rows[-1]["SK"]}
        return answer

    def _row(self, number: int) -> dict[str, Any]:
        return {
            "PK": {"S": f"user{number}"},
            "SK": {"S": "METADATA"},
            # Every thousandth has no usable id: what fails must not pile up in memory either.
            "userId": {"N": str(number)} if number % 1000 == 0 else {"S": f"user{number}"},
            "email": {"S": f"user{number}@example.com"},
            "firstName": {"S": f"First{number}" * 3},
            "lastName": {"S": f"Last{number}" * 3},
            "phoneNumber": {"S": f"+1555{number:07d}"},
        }

    def BatchGetItem(self, given: dict[str, Any]) -> dict[str, Any]:  # noqa: N802 - DynamoDB's name
        """Find no profile."""
        return {"Responses": {name: [] for name in given["RequestItems"]}, "UnprocessedKeys": {}}

    def BatchExecuteStatement(self, given: dict[str, Any]) -> dict[str, Any]:  # noqa: N802 - DynamoDB's name
        """Take all inserts."""
        return {"Responses": [{"TableName": "users"} for _ in given["Statements"]]}

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def measure(port: int, users: int) -> tuple[float, float, dict[str, Any]]:
    """Run the backfill over that many users; return its highest memory in MB, its seconds and its report."""
    Table.users = users
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
        arguments = ["backfill", "run", "--table-name", "users", "--endpoint-url", f"http://127.0.0.1:{port}"]
        began = time.perf_counter()
        done = subprocess.run(
            [sys.executable, "-c", program, *arguments, "--json"],
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        seconds = time.perf_counter() - began
    found = re.search(r"maxrss (\d+)", done.stderr)
    if found is None:
        raise SystemExit(f"the backfill ended with {done.returncode}:\n{done.stderr[-2000:]}")
    unit = 1 if sys.platform == "darwin" else 1024  # bytes there, kilobytes elsewhere
    return int(found[1]) * unit / 1e6, seconds, json.loads(done.stdout)


def main() -> int:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--users", type=int, default=200_000)
    users: int = parser.parse_args().users
    server = ThreadingHTTPServer(("127.0.0.1", 0), Table)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    memory = {}
    for count in (users // 4, users):
        memory[count], seconds, report = measure(server.server_port, count)
        print(f"{count:9,} users: {memory[count]:6.1f} MB, {seconds:6.1f} s, {report['created']:,} created")
        if report["processed"] != count or report["failed"] != -(-count // 1000):
            print(f"  the numbers are wrong: {report['processed']} processed, {report['failed']} failed")
            return 1
    server.shutdown()
    server.server_close()
    grown = memory[users] / memory[users // 4]
    print(f"{grown:.2f} times the memory for four times the users (allowed: {GROWTH}); limit {LIMIT_MB} MB")
    return 0 if memory[users] <= LIMIT_MB and grown <= GROWTH else 1


if __name__ == "__main__":
    sys.exit(main())
