"""Devices, import jobs, and the form of all answers."""

import json
import time
import urllib.error
import urllib.request
from typing import Any

from pulumi_localaws.conformance.fact import FactError, fact
from pulumi_localaws.conformance.kit import Kit, create_address, expect, expect_error
from pulumi_localaws.conformance.pool import Pool

_IMPORT_SECONDS = 300
_POLL_SECONDS = 0.2
_HTTP_TIMEOUT_SECONDS = 20
_TARGET = "AWSCognitoIdentityProviderService"


@fact(
    67,
    "A user without devices has an empty list, and every device is unknown",
    'API reference, "ListDevices" and "GetDevice"',
)
def devices(kit: Kit) -> str:
    """List the devices of a new user, and forget one."""
    configuration = {"ChallengeRequiredOnNewDevice": False, "DeviceOnlyRememberedOnUserPrompt": True}
    pool, name = kit.create_pool(DeviceConfiguration=configuration), create_address()
    pool.add_user(name)
    token = pool.sign_in(name)["AccessToken"]
    expect("devices", pool.device.list_devices(AccessToken=token)["Devices"], [])
    device_key = f"{kit.backend.region}_11111111-1111-1111-1111-111111111111"
    call = pool.device.forget_device
    return expect_error("ResourceNotFoundException", call, AccessToken=token, DeviceKey=device_key)


@fact(
    68,
    "An import job creates users with the status RESET_REQUIRED, and no trigger fires",
    'Developer Guide, "Importing users into user pools from a CSV file"',
)
def import_job(kit: Kit) -> str:
    """Import one user, and read its status."""
    triggers = ("PreSignUp", "PostConfirmation")
    pool, name = kit.create_pool(*triggers, AutoVerifiedAttributes=["email"]), create_address()
    header = pool.admin.get_csv_header(UserPoolId=pool.id)["CSVHeader"]
    values = {
        "cognito:username": name,
        "email": name,
        "email_verified": "true",
        "cognito:mfa_enabled": "false",
    }
    rows = [",".join(header), ",".join(values.get(column, "") for column in header)]
    job = pool.admin.create_user_import_job(
        UserPoolId=pool.id, JobName="facts", CloudWatchLogsRoleArn=_create_role(kit)
    )["UserImportJob"]
    _upload(job["PreSignedUrl"], "\n".join(rows))
    kit.resources.expect_log_group(f"/aws/cognito/userpools/{pool.id}/{pool.document['Name']}")
    pool.admin.start_user_import_job(UserPoolId=pool.id, JobId=job["JobId"])
    expect("status of the job", _wait_for_job(pool, job["JobId"]), "Succeeded")
    expect("events", kit.take_sources(pool), [])
    return expect("status of the user", pool.read_user(name)["status"], "RESET_REQUIRED")


@fact(69, "Every action answers in AWS's form, also to missing parameters", 'API reference, "Common Errors"')
def form_of_errors(kit: Kit) -> str:
    """Call each action without parameters and without credentials: nothing can be changed by that."""
    actions = kit.cognito.meta.service_model.operation_names
    problems = [problem for action in actions if (problem := _describe_problem(kit, action))]
    if problems:
        raise FactError(f"{len(problems)} of {len(actions)} actions: {'; '.join(problems)}"[:300])
    return f"{len(actions)} actions answer with an error and its type"


def _create_role(kit: Kit) -> str:
    trust = {
        "Effect": "Allow",
        "Principal": {"Service": "cognito-idp.amazonaws.com"},
        "Action": "sts:AssumeRole",
    }
    policy = {"Effect": "Allow", "Action": "logs:*", "Resource": "*"}
    documents = [json.dumps({"Version": "2012-10-17", "Statement": [entry]}) for entry in (trust, policy)]
    return kit.resources.create_role(*documents)


def _upload(url: str, text: str) -> None:
    headers = {"x-amz-server-side-encryption": "aws:kms", "Content-Type": ""}
    request = urllib.request.Request(url, data=text.encode(), method="PUT", headers=headers)  # noqa: S310 from the endpoint
    try:
        urllib.request.urlopen(request, timeout=_HTTP_TIMEOUT_SECONDS).close()  # noqa: S310 from the endpoint
    except OSError as error:
        raise FactError(f"the file can't be uploaded: {error}") from error


def _wait_for_job(pool: Pool, job_id: str) -> str:
    deadline = time.monotonic() + _IMPORT_SECONDS
    while True:
        job = pool.admin.describe_user_import_job(UserPoolId=pool.id, JobId=job_id)["UserImportJob"]
        if job["Status"] not in {"Pending", "InProgress"} or time.monotonic() > deadline:
            return str(job["Status"])
        time.sleep(_POLL_SECONDS)


def _describe_problem(kit: Kit, action: str) -> str:
    """Return what is wrong with the answer to a call without parameters; "" if nothing is."""
    headers = {"X-Amz-Target": f"{_TARGET}.{action}", "Content-Type": "application/x-amz-json-1.1"}
    status, body = kit.backend.send("/", b"{}", headers)
    try:
        document: Any = json.loads(body)
    except ValueError:
        document = None
    if not 400 <= status < 500:  # noqa: PLR2004 the statuses of a client's mistakes
        return f"{action}: status {status}"
    if not isinstance(document, dict) or not document.get("__type"):
        return f"{action}: no __type"
    return f"{action}: {document['__type']}" if "Unknown action" in body.decode(errors="replace") else ""
