"""Measure the memory of the plan and of the run of an import, with a dump of 1 GB.

The stages count their records and call no service, so the numbers are those of the reader, the mapping, the
threads and the ledger.

    python benchmarks/bench_legacy_import.py [--megabytes 1000] [--only plan|run]

The benchmark exits with 1 if a process needs more than 250 MB.
"""

import argparse
import datetime as dt
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import bson
from userprofiles.backfill.limits import COMMAND_LINE
from userprofiles.backfill.stop import Stop
from userprofiles.commands.legacy_plan import FieldCounts
from userprofiles.jobs.file_ledger import FileLedger
from userprofiles.jobs.run_record import RunRecord
from userprofiles.legacy.documents.open_source import open_source
from userprofiles.legacy.job.import_job import ImportJob, ImportSlice
from userprofiles.legacy.job.import_run import ImportRun
from userprofiles.legacy.job.import_work import STAGE_THREADS, ImportWork
from userprofiles.legacy.job.listed_results import ListedResults
from userprofiles.legacy.job.planner import ImportPlanner
from userprofiles.legacy.job.record_reader import RecordReader
from userprofiles.legacy.job.stage import Conflict, Outcome, RecordKind, RecordResult, StageEstimate
from userprofiles.legacy.mapping.mapping import LegacyMapping

GOAL_MB = 250
PARTS = ("plan", "run")

_MEGABYTE = 1_000_000
_CONTENT_BYTES = 2_040
_CONTENT_PER_USER = 5


class CountingStage:
    """A stage that creates nothing."""

    def __init__(self, name: str, reads: RecordKind) -> None:
        self.name = name
        self.reads = reads

    def preview(self, records: Sequence[Any]) -> list[RecordResult]:
        """Return a result for each record."""
        return [RecordResult(record_id=record.old_id, outcome=Outcome.CREATED) for record in records]

    def conflicts(self) -> Sequence[Conflict]:
        """Return nothing."""
        return ()

    def estimate(self, records: Sequence[Any]) -> StageEstimate:
        """Return one write unit for each record."""
        return StageEstimate(write_units=float(len(records)))

    def process(self, records: Sequence[Any]) -> list[RecordResult]:
        """Return a result with a key for each record."""
        keys = (f"item/USER#{record.old_id}/{self.name}" for record in records)
        return [
            RecordResult(record_id=record.old_id, outcome=Outcome.CREATED, keys=(key,))
            for record, key in zip(records, keys, strict=True)
        ]

    update = verify = process

    def undo(self, keys: Sequence[str]) -> list[RecordResult]:
        """Return a result for each key."""
        return [RecordResult(record_id=key, outcome=Outcome.REMOVED) for key in keys]


class NoObserver:
    """Shows nothing."""

    def record_results(self, unit: Any, results: Any) -> None:
        """Do nothing."""

    def show_progress(self, states: Any, *, is_last: bool) -> None:
        """Do nothing."""

    def warn(self, message: str) -> None:
        """Do nothing."""


def write_dump(folder: Path, megabytes: int) -> None:
    """Write a dump of this size: users with ten friends, and five texts of 2 KB for each user."""
    contents = megabytes * _MEGABYTE // _CONTENT_BYTES
    users = contents // _CONTENT_PER_USER

    def user_id(number: int) -> bson.ObjectId:
        return bson.ObjectId((number % users).to_bytes(12, "big"))

    with (folder / "authapp_usermodel.bson").open("wb") as file:
        for number in range(users):
            friends = [user_id(number + other) for other in range(1, 11)]
            document = {"_id": user_id(number), "phone_number": str(15_100_000_000 + number)}
            file.write(bson.encode({**document, "username": f"user{number}", "friends": friends}))
    text = "A day at the lake. " * 100
    with (folder / "biographapp_biographmodel.bson").open("wb") as file:
        for number in range(contents):
            document = {"_id": bson.ObjectId((number + 2**64).to_bytes(12, "big")), "title": "A day"}
            times = {"record_time": dt.datetime(2020, 1, 1, tzinfo=dt.UTC)}
            file.write(bson.encode({**document, **times, "user_id": user_id(number), "record_text": text}))


def create_stages() -> list[CountingStage]:
    """Return stages that read what those of an import read."""
    return [
        CountingStage("users", RecordKind.USERS),
        CountingStage("content", RecordKind.CONTENT),
        CountingStage("links", RecordKind.USERS),
    ]


def execute(part: str, folder: Path) -> None:
    """Plan or run an import, and print duration and memory."""
    mapping = LegacyMapping.load("biograph")
    reader = RecordReader(open_source(f"dump:{folder}"), mapping, ImportSlice())
    started_at = time.monotonic()
    if part == "plan":
        planner = ImportPlanner(
            reader,
            FieldCounts(mapping),
            lambda _conflicts: nullcontext(create_stages()),
            observer=NoObserver(),
            stop=Stop(),
        )
        planner.plan()
    else:
        run(reader)
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"{part}: {time.monotonic() - started_at:.0f} s, {memory:.0f} MB, goal {GOAL_MB} MB", flush=True)
    sys.exit(memory > GOAL_MB)


def run(reader: RecordReader) -> None:
    """Run an import."""
    with tempfile.TemporaryDirectory() as name:
        state = Path(name)
        import_run = ImportRun(
            FileLedger(state / "ledger"),
            ImportWork(create_stages(), reader, threads=STAGE_THREADS),
            observer=NoObserver(),
            listed=ListedResults(state / "lists", "bench"),
            stop=Stop(),
            limits=COMMAND_LINE,
        )
        job = ImportJob(run_id="bench")
        import_run.start_or_resume(
            RunRecord(run_id="bench", kind="import", engine="local", job=job.to_json(), table="bench")
        )


def main() -> None:
    """Measure each part in a process of its own."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--megabytes", type=int, default=1_000)
    parser.add_argument("--only", choices=PARTS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.folder:
        execute(arguments.only, arguments.folder)
    with tempfile.TemporaryDirectory() as name:
        write_dump(Path(name), arguments.megabytes)
        codes = [
            subprocess.run(
                [sys.executable, __file__, "--only", part, "--folder", name], check=False
            ).returncode
            for part in PARTS
            if arguments.only in (None, part)
        ]
    sys.exit(max(codes))


if __name__ == "__main__":
    main()
