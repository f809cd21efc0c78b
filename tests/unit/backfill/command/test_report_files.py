"""The files of a report: local, in a bucket, and what happens when one of them can't be written."""

import json

import pytest
from backfill_fixtures import client_error
from userprofiles.backfill.command.report_files import ReportFiles
from userprofiles.backfill.errors import ErrorKind
from userprofiles.backfill.job import Job
from userprofiles.backfill.job_report import JobReport
from userprofiles.backfill.segment_state import SegmentState
from userprofiles.jobs.file_quarantine import FileQuarantine
from userprofiles.jobs.run_record import RunRecord

URI = "s3://reports/runs/run-1/report"


class S3:
    """The part of S3 that the report uses."""

    def __init__(self, code=None):
        self.objects = {}
        self.code = code

    def put_object(self, *, Bucket, Key, Body, ContentType):  # noqa: N803 - S3's names
        if self.code:
            raise client_error("PutObject", self.code)
        self.objects[f"s3://{Bucket}/{Key}"] = (ContentType, Body.read().decode())


@pytest.fixture
def job_report(tmp_path):
    job = Job("run-1", "v_users_dev", segments=1)
    record = RunRecord("run-1", "backfill", "local", job.to_json())
    return JobReport(record, job, [SegmentState(0)], FileQuarantine(tmp_path / "quarantine"))


def write(job_report, **places):
    return ReportFiles(**places).write(job_report.totals(), job_report.failures)


def test_local_files_and_bucket_have_the_same_report(job_report, tmp_path):
    report, html, s3 = tmp_path / "r.json", tmp_path / "r.html", S3()

    assert write(job_report, report=report, html=html, bucket="reports", create_s3=lambda: s3) == []

    assert json.loads(report.read_text())["runId"] == "run-1"
    assert s3.objects == {
        f"{URI}.json": ("application/json", report.read_text()),
        f"{URI}.html": ("text/html; charset=utf-8", html.read_text()),
    }


def test_bucket_alone_leaves_no_local_file(job_report, tmp_path):
    s3 = S3()

    assert write(job_report, bucket="reports", create_s3=lambda: s3) == []

    assert set(s3.objects) == {f"{URI}.json", f"{URI}.html"}
    assert list(tmp_path.iterdir()) == []


def test_failed_upload_keeps_the_local_files(job_report, tmp_path):
    report, html = tmp_path / "r.json", tmp_path / "r.html"

    errors = write(
        job_report, report=report, html=html, bucket="reports", create_s3=lambda: S3("AccessDenied")
    )

    assert [error.kind for error in errors] == [ErrorKind.REPORT, ErrorKind.REPORT]
    assert str(errors[0]) == (
        f"The report can't be uploaded to {URI}.json: AccessDenied.\n"
        f"The local file {report} is complete. Check the name of the bucket, its region and the permission "
        "s3:PutObject on runs/*."
    )
    assert report.exists()
    assert html.exists()


def test_file_that_cannot_be_written_does_not_lose_the_other(job_report, tmp_path):
    html = tmp_path / "r.html"

    [error] = write(job_report, report=tmp_path / "gone" / "r.json", html=html)

    assert str(error) == (
        f"The report can't be written to {tmp_path}/gone/r.json: No such file or directory."
    )
    assert html.exists()


def test_nothing_is_written_without_an_option(job_report, tmp_path):
    assert write(job_report) == []
    assert list(tmp_path.iterdir()) == []
