"""The report of a run in a ledger, and its HTML page."""

import json
import re
from html.parser import HTMLParser

import pytest
from backfill_fixtures import LIMITS, Recorder, plain_user, profile, run_backfill
from userprofiles.backfill import report
from userprofiles.backfill.failures.quarantine_sink import QuarantineSink
from userprofiles.backfill.job import Job
from userprofiles.backfill.job_report import JobReport, count_reasons
from userprofiles.backfill.ledger.timeline_recorder import TimelineRecorder
from userprofiles.backfill.segment_state import SegmentState
from userprofiles.jobs.file_quarantine import FileQuarantine
from userprofiles.jobs.html_report import build_page
from userprofiles.jobs.quarantine import row_digest
from userprofiles.jobs.run_record import RunRecord, RunState
from userprofiles.jobs.timeline import Timeline

CANARY = {"firstName": {"S": "Canary-First"}, "email": {"S": "canary@mail.example"}}


class RecordingObserver(Recorder):
    """An observer with a quarantine and a timeline, like that of a ledger."""

    def __init__(self, quarantine):
        super().__init__()
        self._sink = QuarantineSink(quarantine, "run-1")
        self._recorder = TimelineRecorder(Timeline(), [])
        self.timeline = {}

    def record_results(self, state, results):
        self._sink.record(state, results)

    def save(self, states, *, is_last):
        states = list(states)
        super().save(states, is_last=is_last)
        self.timeline = self._recorder.record(states, len(self.timeline.get("buckets", ())) + 0.5)


@pytest.fixture
def job_report(create_table, tmp_path):
    """Report a run with created, existing, skipped and failed users."""
    table = create_table(
        *(plain_user(f"user{n:02d}", **CANARY) for n in range(4)),
        profile("user00"),
        plain_user("inactive", **CANARY, isActive={"BOOL": False}),
        plain_user("bad1", **CANARY, lastName={"N": "1"}),
        plain_user("bad2", **CANARY, lastName={"N": "2"}),
        plain_user("<script>alert(1)</script>", **CANARY, phoneNumber={"N": "2"}),
    )
    quarantine = FileQuarantine(tmp_path / "quarantine")
    observer = RecordingObserver(quarantine)
    run_backfill(table, recorder=observer, limits=LIMITS)
    job = Job("run-1", table.name, segments=1)
    record = RunRecord(
        "run-1",
        "backfill",
        "local",
        job.to_json(),
        started_by="arn:aws:iam::1:user/canary.operator",
        started_at="2026-02-04T16:00:00Z",
        code_version="<b>1.2</b>",
        template_version="basic 1 0a1b2c",
        state=RunState.DONE,
        seconds=2.5,
        counts={"timeline": observer.timeline},
    )
    states = [SegmentState.from_json(document) for document in observer.saved_states]
    return JobReport(record, job, states, quarantine)


class Page(HTMLParser):
    """Collects the tags and the texts of a page."""

    def __init__(self, text):
        super().__init__()
        self.tags = []
        self.text = ""
        self.attributes = []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += attrs

    def handle_data(self, data):
        self.text += data


def test_report_keeps_its_contract_and_has_reasons_and_timeline(job_report):
    document = json.loads("".join(report.serialize(job_report.totals(), job_report.failures())))

    assert list(document)[:9] == [
        *("runId", "table", "dryRun", "processed", "existed", "created", "failed", "skipped", "failures")
    ]
    assert document["processed"] == 8
    assert document["failureReasons"] == {
        "lastName is a number, not a string": 2,
        "phoneNumber is a number, not a string": 1,
    }
    assert sum(document["failureReasons"].values()) == document["failed"] == len(document["failures"])
    failure = document["failures"][0]
    assert {*failure} == {"userId", "PK", "SK", "reason", "sha256", "tries"}
    buckets = document["timeline"]["buckets"]
    assert sum(bucket["calls"] for bucket in buckets) == sum(document["calls"].values())
    assert sum(bucket["usersPerSecond"] for bucket in buckets) == 8.0
    assert document["latencyMs"]["p50"] <= document["latencyMs"]["p95"] <= document["latencyMs"]["max"]


def test_page_and_report_have_no_personal_data(job_report):
    """I6: the canaries are an address, a name and the name of the operator."""
    page = build_page(job_report.totals())
    document = "".join(report.serialize(job_report.totals(), job_report.failures()))

    for text in (page, document):
        assert "canary" not in text.lower()
    assert "bad1" not in page  # IDs are only in the JSON document


def test_page_is_self_contained_and_escapes_values(job_report):
    text = build_page(job_report.totals())
    page = Page(text)

    assert {"script", "img", "link", "iframe", "object", "b"}.isdisjoint(page.tags)
    assert not [value for name, value in page.attributes if name in {"src", "href", "style", "srcset"}]
    assert not re.search(r"url\(|@import|https?://", text)
    assert "default-src 'none'" in text
    assert "Code <b>1.2</b>" in page.text
    assert "Run run-1, done." in page.text


def test_each_chart_has_a_title_and_a_table_of_its_values(job_report):
    page = Page(build_page(job_report.totals()))

    assert page.tags.count("svg") == page.tags.count("table") == 7
    labels = [value for name, value in page.attributes if name == "aria-label"]
    assert labels == [
        "Users by outcome",
        "Skipped users by reason",
        "Failed users by reason",
        "Users per second",
        "Write units per second",
        "Duration of a call in milliseconds",
        "Calls by operation",
    ]
    assert "prefers-color-scheme: dark" in page.text


def test_page_of_a_verification_has_its_outcomes_and_notes(job_report):
    totals = job_report.totals() | {"operation": "verify", "other": {"differing": 5}, "notes": {"late": 2}}

    page = Page(build_page(totals))

    assert "Verification of v_users_dev" in page.text
    assert "differing5 (" in page.text
    assert "late2 (" in page.text


def test_page_of_a_run_without_progress_has_no_chart(tmp_path):
    job = Job("run-2", "v_users_dev")
    record = RunRecord("run-2", "backfill", "local", job.to_json(), message="throttled")

    page = Page(build_page(JobReport(record, job, [], FileQuarantine(tmp_path)).totals()))

    assert "svg" not in page.tags
    assert "Last message: throttled" in page.text


def test_reasons_are_grouped_without_their_sizes_and_limited():
    sizes = [f"the profile would have {n:,} bytes" for n in range(400_000, 400_070)]
    names = [f"{chr(97 + n // 26)}{chr(97 + n % 26)} is wrong" for n in range(70)]

    counts = count_reasons([*names, *sizes])

    assert len(counts) == 51
    assert next(iter(counts.items())) == ("other reasons", 90)
    lines = [f"line {n}: not UTF-8 (SHA-256 of the line: {row_digest({'n': n})})" for n in range(1000, 1003)]
    assert count_reasons(lines) == {"line …: not UTF-8 (SHA-256 of the line: …)": 3}
    rules = [
        "the line is not UTF-8",
        "the id must have 1 to 128 letters",
        "the line has 2 values, must have 4",
    ]
    assert count_reasons(rules) == dict.fromkeys(rules, 1)
    assert count_reasons(sizes) == {"the profile would have … bytes": 70}
