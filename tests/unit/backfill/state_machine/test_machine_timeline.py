"""The report of the state machine has throughput and latency over time, merged from all invocations."""

import json

import pytest
from backfill_fixtures import plain_users
from userprofiles.jobs.run_record import RunState


def test_report_has_the_work_of_all_units_and_a_page(create_machine, s3):
    machine = create_machine(*plain_users(12))

    payload, output = machine.run(runId="mine", segments=3)

    report = s3.json("runs/mine/report.json")
    buckets = report["timeline"]["buckets"]
    assert sum(bucket["calls"] for bucket in buckets) == sum(report["calls"].values())
    lengths = [report["timeline"]["bucketSeconds"]] * len(buckets)
    lengths[-1] = max(min(lengths[-1], report["seconds"] - buckets[-1]["second"]), 0.001)
    users = sum(b["usersPerSecond"] * length for b, length in zip(buckets, lengths, strict=True))
    assert users == pytest.approx(12, rel=0.1)
    assert report["latencyMs"]["max"] > 0
    page = s3.objects["runs/mine/report.html"].decode()
    assert page.startswith("<!DOCTYPE html>")
    assert "engine stepfunctions" in page
    assert "user00" not in page
    assert payload["runId"] == output["runId"] == "mine"


def test_record_has_the_timeline_for_a_report_that_is_written_again(create_machine, s3):
    machine = create_machine(*plain_users(3))
    machine.run(runId="mine", segments=2)

    run = machine.ledger.read("mine")

    assert run.counts["timeline"]["buckets"]
    assert sum(key.startswith("runs/mine/timeline/") for key in s3.objects) == 2


def test_resumed_run_has_the_work_of_both_executions(create_machine, s3):
    machine = create_machine(*plain_users(8))
    first = machine.prepare(runId="mine", segments=2)
    machine.work(machine.items(first)[0])
    machine.let_leases_end()

    machine.run(runId="mine", segments=2, execution="another")

    report = s3.json("runs/mine/report.json")
    calls = sum(bucket["calls"] for bucket in report["timeline"]["buckets"])
    assert calls == sum(report["calls"].values())


@pytest.mark.parametrize("operation", ["ListObjectsV2", "GetObject"])
def test_run_does_not_depend_on_its_timeline(create_machine, s3, operation):
    machine = create_machine(*plain_users(2))
    payload = machine.prepare(runId="mine", segments=1)
    machine.process(payload)
    s3.denied = {operation}

    machine.finish(payload)

    assert machine.ledger.read("mine").state is RunState.DONE
    assert s3.json("runs/mine/report.json")["timeline"]["buckets"] == []
    assert machine.warnings == ["The timelines of run mine can't be read. Its report has none."]


def test_timeline_that_can_not_be_stored_is_a_warning(create_machine, s3):
    machine = create_machine(*plain_users(2))
    payload = machine.prepare(runId="mine", segments=1)
    s3.denied = {"PutObject"}

    assert machine.work(machine.items(payload)[0])["done"] is True
    [warning] = machine.warnings
    assert warning.startswith("The timeline timeline/000000-000000000000.json can't be stored.")


def test_timeline_has_no_data_of_users(create_machine, s3):
    machine = create_machine(*plain_users(2))
    machine.run(runId="mine", segments=1)

    body = json.loads(s3.objects["runs/mine/timeline/000000-000000000000.json"])

    assert body.keys() == {"bucketSeconds", "buckets"}
    assert body["buckets"][0].keys() == {"users", "writeUnits", "latency"}
