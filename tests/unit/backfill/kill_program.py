"""Runs `userprofiles backfill run` in child processes, and ends them with SIGKILL at a chosen moment.

A program of its own, because it forks: the tests' process has threads. It reads one JSON document from
standard input, executes its cases one after the other, and prints their results as JSON. The table is in the
memory of this process, so it survives a kill of the child. Each call of the child, and each write of a
checkpoint, is a message to this process, which can kill the child before, during or after it.
"""

import hashlib
import io
import json
import os
import pickle
import random
import re
import select
import signal
import struct
import sys
import threading
import time
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

from userprofiles import cli
from userprofiles.backfill.command import backfill_command
from userprofiles.backfill.error_messages import TableLocation
from userprofiles.backfill.limits import COMMAND_LINE
from userprofiles.jobs import document_file

LIMITS = replace(COMMAND_LINE, page_rows=7, chunk_rows=4, insert_batch_items=3, checkpoint_every_s=0.0)
LOCATION = TableLocation("users", "eu-west-1", "https://dynamodb.eu-west-1.amazonaws.com")


def key_of(item):
    return item["PK"]["S"], item["SK"]["S"]


class Table:
    """A table in memory, in the order of the hashes of its partition keys."""

    def __init__(self, rows):
        self.items = {key_of(row): row for row in rows}

    def scan(self, parameters):
        start = parameters.get("ExclusiveStartKey")
        segments, segment = parameters.get("TotalSegments", 1), parameters.get("Segment", 0)
        keys = sorted(
            (position(key), key) for key in self.items if int(position(key)[0], 16) % segments == segment
        )
        if start:
            keys = [entry for entry in keys if entry > (position(key_of(start)), key_of(start))]
        page = [self.items[key] for _, key in keys[: parameters["Limit"]]]
        rest = (
            {"LastEvaluatedKey": {name: page[-1][name] for name in ("PK", "SK")}}
            if len(keys) > len(page)
            else {}
        )
        return {"Items": page, **rest}

    def batch_get_item(self, parameters):
        keys = [key_of(key) for key in parameters["RequestItems"]["users"]["Keys"]]
        return {"Responses": {"users": [self.items[key] for key in keys if key in self.items]}}

    def batch_execute_statement(self, parameters):
        responses = []
        for statement in parameters["Statements"]:
            names = re.findall(r"'([^']+)': \?", statement["Statement"])
            item = dict(zip(names, statement["Parameters"], strict=True))
            is_new = self.items.setdefault(key_of(item), item) is item
            responses.append({} if is_new else {"Error": {"Code": "DuplicateItem"}})
        return {"Responses": responses}


def position(key):
    return hashlib.md5(key[0].encode(), usedforsecurity=False).hexdigest(), key[1]


class Pipe:
    """Sends messages between the two processes."""

    def __init__(self, read, write):
        self.read, self.write = read, write

    def send(self, message):
        data = pickle.dumps(message)
        os.write(self.write, struct.pack("I", len(data)) + data)

    def receive(self):
        head = os.read(self.read, 4)
        if not head:
            return None
        size = struct.unpack("I", head)[0]
        data = b""
        while len(data) < size:
            part = os.read(self.read, size - len(data))
            if not part:
                return None
            data += part
        return pickle.loads(data)


class Client:
    """The DynamoDB client of the child: each call is a message to the parent."""

    meta = SimpleNamespace(region_name="eu-west-1", endpoint_url=LOCATION.endpoint)

    def __init__(self, pipe):
        self._pipe = pipe
        self._lock = threading.Lock()

    def __getattr__(self, name):
        return lambda **parameters: self.call(name, parameters)

    def call(self, name, parameters):
        with self._lock:
            self._pipe.send((name, parameters))
            return self._pipe.receive()


def run_child(pipe, arguments):
    """Run the command. Its exit code and output are the last message."""
    client = Client(pipe)
    backfill_command.create_client = lambda *_, **__: (client, LOCATION)
    write_all = document_file._write_all

    def write_announced(descriptor, data):
        client.call("before_write", {})
        write_all(descriptor, data[: len(data) // 2])
        client.call("half_write", {})
        write_all(descriptor, data[len(data) // 2 :])
        client.call("after_write", {})

    document_file._write_all = write_announced
    out = io.StringIO()
    with redirect_stdout(out), redirect_stderr(io.StringIO()) as errors:
        code = cli.main(["backfill", "run", "--table-name", "users", "--json", *arguments], LIMITS)
    client.call("end", {"code": code, "out": out.getvalue(), "err": errors.getvalue()})


def execute(table, arguments, kill_at=None, kill_after_s=None):
    """Run the command in a child. Return its last message, or None after a kill, and the number of messages.

    Args:
        table: The table.
        arguments: The options of the command.
        kill_at: The message at which the child is killed: 2n before and 2n + 1 after message n is executed.
        kill_after_s: Seconds after the first message at which the child is killed.
    """
    (from_child, to_parent), (from_parent, to_child) = os.pipe(), os.pipe()
    process = os.fork()
    if not process:
        try:
            run_child(Pipe(from_parent, to_parent), arguments)
        finally:
            os._exit(0)
    for descriptor in (to_parent, from_parent):
        os.close(descriptor)
    pipe = Pipe(from_child, to_child)
    messages, deadline, end = 0, None, None
    while end is None:
        if (
            deadline is not None
            and not select.select([from_child], [], [], max(0.0, deadline - time.monotonic()))[0]
        ):
            break
        message = pipe.receive()
        if message is None or kill_at == 2 * messages:
            break
        name, parameters = message
        response = getattr(table, name)(parameters) if hasattr(table, name) else {}
        end = parameters if name == "end" else None
        if kill_at == 2 * messages + 1 or (deadline is not None and time.monotonic() >= deadline):
            end = None
            break
        if kill_after_s is not None and deadline is None:
            deadline = time.monotonic() + kill_after_s
        pipe.send(response)
        messages += 1
    os.kill(process, signal.SIGKILL)
    os.waitpid(process, 0)
    os.close(from_child)
    os.close(to_child)
    return end, messages


def run_case(case, folder):
    """Kill one run, resume it as an operator would, and return the final counts and table."""
    os.environ["XDG_STATE_HOME"] = str(folder)
    table = Table(case["rows"])
    end, _ = execute(table, case["arguments"], case.get("killAt"), case.get("killAfterSeconds"))
    if end is None:
        end, _ = execute(table, [*case["arguments"], "--resume"])
        if end["code"] == 5 and len(table.items) > len(case["rows"]):
            return None  # the run had deleted its checkpoint at its end
        if end["code"] == 5:  # killed before the first checkpoint, and so before the first write
            end, _ = execute(table, case["arguments"])
    result = json.loads(end["out"])
    counts = {name: result[name] for name in ("processed", "existed", "created", "failed", "skipped")}
    items = [
        {
            name: value
            for name, value in item.items()
            if name not in {"createdAt", "updatedAt", "migrationRunId"}
        }
        for _, item in sorted(table.items.items())
    ]
    failures = sorted(failure["userId"] for failure in result["failures"])
    return {"code": end["code"], "counts": counts, "failures": failures, "items": items}


def main():
    task = json.load(sys.stdin)
    folder = Path(task["folder"])
    base = {"rows": task["rows"], "arguments": task["arguments"]}
    os.environ["XDG_STATE_HOME"] = str(folder / "base")
    _, messages = execute(Table(task["rows"]), task["arguments"])
    started_at = time.monotonic()
    expected = run_case(base, folder / "expected")
    seconds = time.monotonic() - started_at
    chosen = random.Random(task["seed"])
    cases = [{"killAt": number} for number in range(0, 2 * messages, task["step"])] if task["step"] else []
    cases += [{"killAfterSeconds": chosen.uniform(0, seconds)} for _ in range(task["moments"])]
    differences = []
    for number, case in enumerate(cases):
        result = run_case(base | case, folder / str(number))
        if result not in (expected, None):
            differences.append({"case": case, "result": result["counts"], "failures": result["failures"]})
    answer = {"expected": expected, "messages": messages, "cases": len(cases), "differences": differences}
    sys.stdout.write(json.dumps(answer))


if __name__ == "__main__":
    main()
