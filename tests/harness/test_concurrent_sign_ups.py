"""Many clients sign up at the same time: the emulator's threads share one store of users."""

import asyncio
import inspect
import json
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from ministack.core import lambda_runtime
from ministack.services import lambda_svc, stepfunctions
from pulumi_localaws.local import emulator_main
from pulumi_localaws.local_aws import LocalAws

pytestmark = pytest.mark.backends("embedded")

CLIENTS = 32
PASSWORD = "Passw0rd!x"

STUB_MODULES = {
    "hypercorn/__init__.py": "",
    "hypercorn/config.py": "class Config: pass",
    "hypercorn/asyncio.py": """
async def serve(app, config):
    await app({"type": "lifespan"}, None, None)
""",
    "ministack/__init__.py": "",
    "ministack/core/__init__.py": "",
    "ministack/core/lambda_runtime.py": f"""
_PYTHON_WORKER_SCRIPT = {lambda_runtime._PYTHON_WORKER_SCRIPT!r}
acquire_worker = release_worker = None
class Worker:
    _spawn = invoke = _read_stderr = _drain_stderr = _drain_stderr_bounded = None
""",
    "ministack/core/iam_evaluator.py": "enforce = _unknown_access_key = None",
    "ministack/core/iam_actions.py": """
_action_from_target = _ses_v2_resource_arn = None
_AUTH_FAILURES = dict.fromkeys(
    ["UnrecognizedClientException", "InvalidClientTokenId"], ("", 403, "", ("", 403, ""))
)
""",
    "ministack/services/__init__.py": "",
    "ministack/services/apigateway.py": "",
    "ministack/core/concurrency.py": "run_reentrant = None",
    "ministack/services/cognito.py": """
_create_user_pool = _update_user_pool = _merge_attributes = _dispatch_idp = _list_users = None
_pool_out = _apply_user_filter = _password_policy_errors = None
_change_password = _confirm_forgot_password = _admin_set_user_password = None
_UNSIGNED_IDP_ACTIONS = set()
_user_out = _group_out = _create_group = _admin_get_user = _get_user = _signed_jwt = None
_admin_set_user_password = _initiate_auth = _admin_initiate_auth = _authenticate_hosted_ui_user = None
_respond_to_auth_challenge = _admin_respond_to_auth_challenge = _confirm_sign_up = None
""",
    "ministack/services/cloudwatch.py": "_put_metric_data = record_metric = None",
    "ministack/services/cloudwatch_logs.py": "def _append_log_events(stream, events): pass",
    "ministack/services/eventbridge.py": "_SCHEDULER_TICK_INTERVAL = 10",
    "ministack/services/iam.py": "_p = _extract_tags = None",
    "ministack/services/scheduler.py": "_SCHEDULE_TICK_INTERVAL = 10",
    "ministack/services/ses.py": "_sent_emails = None",
    "ministack/services/ses_v2.py": "_identities = {}",
    "ministack/services/lambda_svc.py": f"""
_execute_function_warm = _emit_lambda_logs = None
{inspect.getsource(lambda_svc._poll_dynamodb_streams)}
""",
    "ministack/services/stepfunctions.py": f"""
_call_lambda = _stop_execution = _fail_execution = handle_request = None
class _ExecutionError(Exception):
    pass
{inspect.getsource(stepfunctions._run_sub_machine)}
{inspect.getsource(stepfunctions._execute_task)}
{inspect.getsource(stepfunctions._run_distributed_map)}
""",
    "ministack/services/sns.py": "_sms_messages = {}",
    "ministack/app.py": """
import threading

users = dict.fromkeys(range(1_000_000))
search_begins = threading.Event()
_handle_ses_messages_request = None

def store_users():
    search_begins.wait()
    for name in range(1_000_000, 1_200_000):
        users[name] = None

async def app(scope, receive, send):
    writer = threading.Thread(target=store_users)
    writer.start()
    search_begins.set()
    any(name < 0 for name in users)
    writer.join()
    print("search: no error")
""",
}
"""An emulator that searches its users while another thread stores users."""


def create_app_client(aws: LocalAws) -> str:
    """Create a pool whose users sign in with their e-mail address; return the ID of an app client."""
    cognito = aws.client("cognito-idp")
    pool = cognito.create_user_pool(PoolName="concurrent", UsernameAttributes=["email"])["UserPool"]
    client = cognito.create_user_pool_client(UserPoolId=pool["Id"], ClientName="web")["UserPoolClient"]
    return str(client["ClientId"])


async def call(session: aiohttp.ClientSession, url: str, action: str, **parameters: Any) -> str:
    """Call Cognito without a signature; return the error code, or an empty string."""
    headers = {
        "X-Amz-Target": f"AWSCognitoIdentityProviderService.{action}",
        "Content-Type": "application/x-amz-json-1.1",
    }
    async with session.post(url, data=json.dumps(parameters), headers=headers) as response:
        return str(json.loads(await response.read() or b"{}").get("__type", ""))


async def sign_up_users(url: str, client_id: str, count: int) -> Counter[tuple[str, str]]:
    """Sign up users by concurrent clients; after each one, look up a user who does not exist.

    Returns:
        The number of calls for each action and error code.
    """
    results: Counter[tuple[str, str]] = Counter()
    numbers = iter(range(count))

    async def run_client(session: aiohttp.ClientSession) -> None:
        for number in numbers:
            user = {"ClientId": client_id, "Username": f"user{number}@example.com"}
            code = await call(session, url, "SignUp", **user, Password=PASSWORD)
            results["SignUp", code] += 1
            unknown_user = {"ClientId": client_id, "Username": f"unknown{number}@example.com"}
            code = await call(session, url, "ConfirmSignUp", **unknown_user, ConfirmationCode="000000")
            results["ConfirmSignUp", code] += 1

    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:
        await asyncio.gather(*[run_client(session) for _ in range(CLIENTS)])
    return results


@pytest.mark.parametrize("count", [100, pytest.param(1_000, marks=pytest.mark.long)])
def test_concurrent_clients_do_not_break_the_store_of_users(count: int) -> None:
    """A search through the users must not fail when another thread stores a user meanwhile."""
    with LocalAws() as aws:
        results = asyncio.run(sign_up_users(aws.endpoint, create_app_client(aws), count))

    assert results == {("SignUp", ""): count, ("ConfirmSignUp", "UserNotFoundException"): count}


def test_thread_that_stores_users_does_not_interrupt_a_search(tmp_path: Path) -> None:
    """The same with an emulator whose search always takes longer than Python's usual switch interval."""
    for name, source in STUB_MODULES.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(source)
    with subprocess.Popen(
        [sys.executable, str(emulator_main.__file__), "--fd", "0", "--variable", "UNUSED"],
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,  # it kills its process group at the end of its standard input
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(b"X-Test: secret\n")
        process.stdin.flush()
        output = process.stdout.read().decode()

    assert output == "search: no error\n"


@pytest.mark.long
@pytest.mark.timeout(300)
def test_many_clients_sign_up_on_a_fresh_stack() -> None:
    """No call fails, no profile is missing, and few processes run, although all functions are cold."""
    benchmark = Path(__file__).resolve().parents[2] / "benchmarks" / "bench_sign_ups.py"
    result = subprocess.run(
        [sys.executable, str(benchmark), "--users", "160"], capture_output=True, text=True, check=False
    )

    assert result.returncode == 0, result.stdout + result.stderr
