"""Writes the report of a run of the ledger: as JSON, as an HTML page, and to a bucket."""

import argparse
import os
import tempfile
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from botocore import exceptions as boto

from userprofiles.backfill import report
from userprofiles.backfill.command.argument_parser import CommandParser
from userprofiles.backfill.command.quarantine_place import bucket_of, create_s3
from userprofiles.backfill.command.report_option import add_report_option, check_report_option
from userprofiles.backfill.errors import BackfillError, BackfillFailedError, ErrorKind, RefusedError
from userprofiles.jobs.html_report import build_page
from userprofiles.jobs.run_record import RunRecord
from userprofiles.telemetry import error_code

_TYPES = {"report.json": "application/json", "report.html": "text/html; charset=utf-8"}

_HEADS = (b'{\n  "runId": ', b"<!DOCTYPE html>")


def add_report_options(parser: CommandParser) -> None:
    """Add `--report`, `--html` and `--bucket`. The parser also needs `--region` and `--endpoint-url`."""
    add_report_option(parser)
    parser.add_argument(
        "--html",
        type=Path,
        metavar="FILE",
        help="write the report as an HTML page to this file (default: beside FILE.json)",
    )
    parser.add_argument(
        "--bucket",
        metavar="B",
        help="also upload the report to this bucket, under runs/RUN/",
    )


def check_report_options(parser: CommandParser, values: argparse.Namespace) -> None:
    """Exit with wrong usage if the report can't be written."""
    check_report_option(parser, values)
    html: Path | None = values.html
    if html and (html.is_dir() or not os.access(html.absolute().parent, os.W_OK)):
        parser.error(f"--html {html}: must be a file in a directory that exists and is writable")


def _report_path(record: RunRecord) -> Path:
    """Return the path of the report of a stored run.

    Raises:
        RefusedError: It can't be a file.
    """
    path = Path(record.report)
    if not record.report.isprintable() or not path.name or path.is_dir():
        raise RefusedError(
            f"The record of run {record.run_id} names the report {record.report!r}, which can't be a file.\n"
            "Correct its record in the ledger, or apply its plan again with --report FILE.json."
        )
    return path


def _is_report(path: Path) -> bool:
    """Return whether a file is empty or begins as a report does."""
    try:
        with path.open("rb") as file:
            head = file.read(max(map(len, _HEADS)))
    except OSError:
        return False
    return not head or head.startswith(_HEADS)


@dataclass(frozen=True)
class ReportFiles:
    """Where the report of a run is written.

    Attributes:
        report: The file for the JSON document, or None.
        html: The file for the HTML page, or None.
        bucket: The bucket, or None.
        create_s3: Creates a botocore S3 client.
    """

    report: Path | None = None
    html: Path | None = None
    bucket: str | None = None
    create_s3: Callable[[], Any] = lambda: create_s3(None, None)

    @classmethod
    def from_options(cls, values: argparse.Namespace) -> "ReportFiles":
        """Return what the options say. The page is written beside the JSON document."""
        html = values.html
        if values.report and not html and (not values.report.exists() or values.report.is_file()):
            html = values.report.with_suffix(".html")
        return cls(
            values.report,
            html,
            values.bucket,
            lambda: create_s3(values.region, values.endpoint_url),
        )

    @classmethod
    def of_record(cls, record: RunRecord, values: argparse.Namespace) -> "ReportFiles":
        """Return where the report of a stored run is written, as its record says.

        Raises:
            RefusedError: The record names another file than a report. Others may be able to write the ledger.
        """
        report = _report_path(record) if record.report and not bucket_of(record) else None
        for path in [report, report.with_suffix(".html")] if report else []:
            if path.is_file() and not _is_report(path):
                raise RefusedError(
                    f"The record of run {record.run_id} names the report {path}, but this file is not a "
                    "report, so it is not replaced.\nMove the file if the name is right."
                )
        return cls(
            report,
            report and report.with_suffix(".html"),
            bucket_of(record),
            lambda: create_s3(values.region, values.endpoint_url),
        )

    def uri(self, run_id: str, name: str) -> str:
        """Return the S3 URI of a file of the report."""
        return f"s3://{self.bucket}/runs/{run_id}/{name}"

    def place(self, run_id: str) -> str:
        """Return where the report is, for the record of the run: in the bucket, or in a file."""
        if self.bucket:
            return self.uri(run_id, "report.json")
        return str(self.report.absolute()) if self.report else ""

    def write(
        self, totals: Mapping[str, Any], failures: Callable[[], Iterable[Mapping[str, Any]]]
    ) -> list[BackfillError]:
        """Write the report, and return the errors: a file that can't be written does not lose the others.

        Args:
            totals: The report without its failures, from `JobReport`.
            failures: Returns the failed users, as the report lists them.
        """
        if not (self.report or self.html or self.bucket):
            return []
        texts: dict[str, Callable[[], Iterable[str]]] = {
            "report.json": lambda: report.serialize(totals, failures()),
            "report.html": lambda: [build_page(totals)],
        }
        errors = []
        for name, text in texts.items():
            try:
                self._write_file(name, str(totals["runId"]), text)
            except BackfillError as error:
                errors.append(error)
        return errors

    def _write_file(self, name: str, run_id: str, text: Callable[[], Iterable[str]]) -> None:
        """Write and upload one file.

        Raises:
            BackfillError: The file can't be written or uploaded.
        """
        path = self._local_path(name)
        try:
            if path:
                report.write_file(path, text())
                if self.bucket:
                    self._upload(path, run_id, name)
            elif self.bucket:
                with tempfile.TemporaryDirectory() as folder:
                    temporary_path = Path(folder, name)
                    report.write_file(temporary_path, text())
                    self._upload(temporary_path, run_id, name)
        except OSError as error:
            place = path or "the directory for temporary files (TMPDIR)"
            raise BackfillFailedError(
                ErrorKind.REPORT, f"The report can't be written to {place}: {error.strerror}."
            ) from error

    def _local_path(self, name: str) -> Path | None:
        return self.report if name == "report.json" else self.html

    def _upload(self, path: Path, run_id: str, name: str) -> None:
        try:
            with path.open("rb") as file:
                self.create_s3().put_object(
                    Bucket=self.bucket, Key=f"runs/{run_id}/{name}", Body=file, ContentType=_TYPES[name]
                )
        except (boto.ClientError, boto.BotoCoreError, ValueError) as error:
            local_path = self._local_path(name)
            kept = f"The local file {local_path} is complete. " if local_path else ""
            raise BackfillFailedError(
                ErrorKind.REPORT,
                f"The report can't be uploaded to {self.uri(run_id, name)}: {error_code(error)}.\n"
                f"{kept}Check the name of the bucket, its region and the permission s3:PutObject on runs/*.",
            ) from error
