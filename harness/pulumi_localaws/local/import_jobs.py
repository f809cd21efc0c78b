"""Import of users from a CSV file: GetCSVHeader, CreateUserImportJob and the other actions on jobs.

Source: Cognito Developer Guide, "Importing users into user pools from a CSV file". The emulator's interpreter
loads this module beside its start script, so it uses only ministack and the standard library.
"""

import csv
import json
import os
import secrets
import time
from collections.abc import Awaitable, Callable
from typing import Any

UPLOAD_PATH = "/aws-cognito-idp-user-import/"
_MAX_UPLOAD_BYTES = 100 * 1024 * 1024
_MAX_PAGE = 60
_COLUMNS = (
    "name", "given_name", "family_name", "middle_name", "nickname", "preferred_username", "profile",
    "picture", "website", "email", "email_verified", "gender", "birthdate", "zoneinfo", "locale",
    "phone_number", "phone_number_verified", "address", "updated_at", "cognito:mfa_enabled",
    "cognito:username",
)  # fmt: skip

_App = Callable[[Any, Any, Any], Awaitable[None]]


class ImportJobs:
    """The import jobs of all pools, and the files that were uploaded for them.

    Args:
        cognito: The emulator's module.
        calls: The module `cognito_calls`.
        write_log: Writes lines to a log group and stream.
    """

    def __init__(self, cognito: Any, calls: Any, write_log: Callable[[str, str, list[str]], None]) -> None:
        self._cognito = cognito
        self._calls = calls
        self._write_log = write_log
        self._uploads: dict[str, bytes] = {}
        """The file of each job by the path of its URL; empty until it is uploaded."""
        self.actions: dict[str, Callable[[dict[str, Any]], Any]] = {
            "GetCSVHeader": lambda data: {
                "UserPoolId": data["UserPoolId"],
                "CSVHeader": self._columns(self._pool(data)),
            },
            "CreateUserImportJob": self._create,
            "DescribeUserImportJob": lambda data: {"UserImportJob": self._job(data)},
            "ListUserImportJobs": self._list,
            "StartUserImportJob": self._start,
            "StopUserImportJob": self._stop,
        }

    def answer_uploads(self, app: _App) -> _App:
        """Wrap the emulator: keep the file that a client uploads to the URL of a job."""

        async def answer(scope: Any, receive: Any, send: Any) -> None:
            if scope["type"] != "http" or scope["path"] not in self._uploads:
                await app(scope, receive, send)
                return
            parts: list[bytes] = []
            size, has_more = 0, True
            while has_more and size <= _MAX_UPLOAD_BYTES:
                message = await receive()
                parts.append(message.get("body", b""))
                size += len(parts[-1])
                has_more = message.get("more_body", False)
            is_stored = scope["method"] == "PUT" and size <= _MAX_UPLOAD_BYTES
            if is_stored:
                self._uploads[scope["path"]] = b"".join(parts)
            await send({"type": "http.response.start", "status": 200 if is_stored else 400, "headers": []})
            await send({"type": "http.response.body", "body": b""})

        return answer

    def _create(self, data: dict[str, Any]) -> dict[str, Any]:
        if data.get("PasswordHashingAlgorithm"):
            raise self._calls.Rejected(
                "InvalidParameterException",
                "pulumi-localaws: PasswordHashingAlgorithm is not supported on the local AWS. Import users"
                " without password hashes here, and try hashes on AWS.",
            )
        pool, job_id = self._pool(data), f"import-{secrets.token_hex(10)}"
        path = f"{UPLOAD_PATH}{job_id}-{secrets.token_urlsafe(24)}"
        self._uploads[path] = b""
        job = {
            "JobName": data.get("JobName"),
            "JobId": job_id,
            "UserPoolId": pool["Id"],
            "PreSignedUrl": f"{os.environ.get('AWS_ENDPOINT_URL', '')}{path}",
            "CreationDate": self._cognito._now_epoch(),
            "Status": "Created",
            "CloudWatchLogsRoleArn": data.get("CloudWatchLogsRoleArn"),
            "ImportedUsers": 0,
            "SkippedUsers": 0,
            "FailedUsers": 0,
        }
        pool.setdefault("_import_jobs", {})[job_id] = job
        return {"UserImportJob": job}

    def _list(self, data: dict[str, Any]) -> dict[str, Any]:
        jobs = list(reversed(self._pool(data).get("_import_jobs", {}).values()))
        token, size = str(data.get("PaginationToken") or 0), int(data.get("MaxResults") or _MAX_PAGE)
        if not token.isdecimal():
            raise self._calls.Rejected("InvalidParameterException", "Invalid pagination token.")
        start = int(token)
        page = {"UserImportJobs": jobs[start : start + size]}
        return {**page, "PaginationToken": str(start + size)} if start + size < len(jobs) else page

    def _stop(self, data: dict[str, Any]) -> dict[str, Any]:
        job = self._job(data)
        if job["Status"] != "Created":
            raise self._precondition_error(f"The job {job['JobId']} has the status {job['Status']}.")
        self._uploads.pop(self._path(job), None)
        job.update(Status="Stopped", CompletionDate=self._cognito._now_epoch())
        return {"UserImportJob": job}

    def _start(self, data: dict[str, Any]) -> dict[str, Any]:
        """Import the users; the job has ended when the next call describes it."""
        pool, job = self._pool(data), self._job(data)
        content = self._uploads.get(self._path(job))
        if job["Status"] != "Created" or not content or not pool.get("AutoVerifiedAttributes"):
            raise self._precondition_error(
                f"The job {job['JobId']} can't be started: it needs the status Created (now {job['Status']}),"
                " an uploaded file, and a pool with AutoVerifiedAttributes."
            )
        del self._uploads[self._path(job)]  # the URL accepts no further file
        pending_job = {**job, "Status": "Pending"}
        job.update(StartDate=self._cognito._now_epoch(), Status="Succeeded")
        try:
            self._import(pool, job, content.decode())
        except (UnicodeDecodeError, csv.Error, self._calls.Rejected) as error:
            job.update(Status="Failed", CompletionMessage=str(error))
        job["CompletionDate"] = self._cognito._now_epoch()
        return {"UserImportJob": pending_job}

    def _import(self, pool: dict[str, Any], job: dict[str, Any], text: str) -> None:
        # Values have no quotes; a backslash escapes a comma.
        rows = list(csv.reader(text.splitlines(), quoting=csv.QUOTE_NONE, escapechar="\\"))
        header, columns = rows[0], self._columns(pool)
        if sorted(header) != sorted(columns):
            raise self._calls.Rejected(
                "InvalidParameterException", f"The header must have the columns {columns}."
            )
        lines = []
        for number, row in enumerate(rows[1:], 1):
            outcome, text = self._import_user(pool, dict(zip(header, row, strict=False)))
            count = {"SUCCEEDED": "ImportedUsers", "SKIPPED": "SkippedUsers", "FAILED": "FailedUsers"}[
                outcome
            ]
            job[count] += 1
            lines.append(f"[{outcome}] Line Number {number} - {text}")
        self._write_log(
            f"/aws/cognito/userpools/{pool['Id']}/{pool['Name']}", f"{job['JobId']}/{job['JobName']}", lines
        )
        if job["SkippedUsers"] + job["FailedUsers"] and not job["ImportedUsers"]:
            text = "Too many users have failed or been skipped during the import."
            job.update(Status="Failed", CompletionMessage=text)

    def _import_user(self, pool: dict[str, Any], row: dict[str, str]) -> tuple[str, str]:
        """Create one user, without a password and without a trigger."""
        name = row.pop("cognito:username", "")
        has_sms = row.pop("cognito:mfa_enabled", "").lower() == "true"
        attributes = [{"Name": key, "Value": value} for key, value in row.items() if value]
        if not any(row.get(f"{a}_verified", "").lower() == "true" for a in pool["AutoVerifiedAttributes"]):
            return "FAILED", (
                "The User Record does not set any of the auto verified attributes to true."
                " (Example: email_verified to true)."
            )
        status, _, body = self._cognito._admin_create_user(
            {
                "UserPoolId": pool["Id"],
                "Username": name,
                "UserAttributes": attributes,
                "MessageAction": "SUPPRESS",
            }
        )
        answer = json.loads(body)
        if status != 200:  # noqa: PLR2004 - an HTTP status
            is_known = answer["__type"] == "UsernameExistsException"
            return ("SKIPPED", "The user already exists.") if is_known else ("FAILED", answer["message"])
        user = pool["_users"][answer["User"]["Username"]]
        user["UserStatus"] = "RESET_REQUIRED"
        user["_mfa_enabled"] = ["SMS_MFA"] if has_sms else []
        del user["_password"]
        return "SUCCEEDED", "The import succeeded."

    def _columns(self, pool: dict[str, Any]) -> list[str]:
        custom_names = [
            a["Name"] for a in pool.get("SchemaAttributes") or () if a["Name"].startswith("custom:")
        ]
        return [*_COLUMNS, *custom_names]

    def _pool(self, data: dict[str, Any]) -> dict[str, Any]:
        pool: dict[str, Any] = self._calls.find_pool(self._cognito, data)
        return pool

    def _job(self, data: dict[str, Any]) -> dict[str, Any]:
        job: dict[str, Any] | None = self._pool(data).get("_import_jobs", {}).get(data.get("JobId"))
        if job is None:
            raise self._calls.Rejected(
                "ResourceNotFoundException", f"Import job {data.get('JobId')} does not exist."
            )
        return job

    def _path(self, job: dict[str, Any]) -> str:
        return str(job["PreSignedUrl"]).removeprefix(os.environ.get("AWS_ENDPOINT_URL", ""))

    def _precondition_error(self, text: str) -> Exception:
        """Return an error whose code AWS documents, but not its text."""
        error: Exception = self._calls.Rejected("PreconditionNotMetException", text)
        return error


def write_log(group: str, stream: str, lines: list[str]) -> None:
    """Write lines to a log stream, which is created if it does not exist."""
    from ministack.services import cloudwatch_logs  # noqa: PLC0415 - the module is loaded before ministack

    names = {"logGroupName": group, "logStreamName": stream}
    cloudwatch_logs._create_log_group({"logGroupName": group})
    cloudwatch_logs._create_log_stream(names)
    now = int(time.time() * 1000)
    events = [{"timestamp": now, "message": line} for line in lines]
    cloudwatch_logs._put_log_events({**names, "logEvents": events})
