"""LocalStack and the real AWS as far as they can be tried without them."""

import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import yaml
from botocore.exceptions import NoCredentialsError
from pulumi import automation
from pulumi_localaws.errors import DeploymentError
from pulumi_localaws.testing import backends
from pulumi_localaws.testing.backends import (
    AwsBackend,
    BackendUnavailableError,
    LocalStackBackend,
    make_backend,
)

ACCOUNT = "123456789012"


@pytest.fixture
def localstack_serve(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[Any], str]]:
    """Answer LocalStack's health page with a document."""
    servers = []

    def serve(document: Any) -> str:
        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                body = json.dumps(document).encode()
                self.send_response(200)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: Any) -> None:
                pass

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        servers.append(server)
        monkeypatch.setenv("LOCALSTACK_HOST", f"127.0.0.1:{server.server_port}")
        return f"http://127.0.0.1:{server.server_port}"

    yield serve
    for server in servers:
        server.shutdown()
        server.server_close()


@pytest.fixture
def has_cli(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backends.shutil, "which", lambda name: f"/usr/bin/{name}")


@pytest.fixture
def no_cli(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backends.shutil, "which", lambda _: None)


def test_localstack_with_cognito_is_used(localstack_serve: Callable[[Any], str], has_cli: None) -> None:
    endpoint = localstack_serve({"services": {"cognito-idp": "available"}})
    backend = LocalStackBackend()

    backend.start()

    assert backend.endpoint == endpoint
    assert backend.client("sts").meta.endpoint_url == endpoint


@pytest.mark.parametrize("services", [{}, {"cognito-idp": "disabled"}])
def test_localstack_without_cognito_says_which_plan_has_it(
    localstack_serve: Callable[[Any], str], has_cli: None, services: dict[str, str]
) -> None:
    localstack_serve({"services": services})

    with pytest.raises(
        BackendUnavailableError, match=r"has no Cognito .* paid plans: start it with LOCALSTACK_AUTH_TOKEN"
    ):
        LocalStackBackend().start()


def test_something_else_on_localstacks_port_is_not_taken_for_it(
    localstack_serve: Callable[[Any], str],
) -> None:
    localstack_serve(["hello"])

    with pytest.raises(BackendUnavailableError, match="LocalStack does not answer"):
        LocalStackBackend().start()


def test_localstack_without_the_pulumi_cli_stops(
    localstack_serve: Callable[[Any], str], no_cli: None
) -> None:
    localstack_serve({"services": {"cognito-idp": "running"}})

    with pytest.raises(BackendUnavailableError, match="--backend localstack deploys by the Pulumi CLI"):
        LocalStackBackend().start()


def sts(monkeypatch: pytest.MonkeyPatch, answer: Callable[[], Any]) -> None:
    monkeypatch.setattr(
        AwsBackend, "client", lambda *_, **__: SimpleNamespace(get_caller_identity=answer), raising=True
    )


def test_real_account_that_was_spelled_out_is_used(monkeypatch: pytest.MonkeyPatch, has_cli: None) -> None:
    sts(monkeypatch, lambda: {"Account": ACCOUNT})
    backend = make_backend("aws", account_id=ACCOUNT)

    backend.start()

    assert backend.endpoint is None


def test_other_account_than_the_one_spelled_out_stops(monkeypatch: pytest.MonkeyPatch, has_cli: None) -> None:
    sts(monkeypatch, lambda: {"Account": "999999999999"})

    with pytest.raises(
        BackendUnavailableError, match=r"belong to the account 999999999999.*Nothing was made"
    ):
        AwsBackend(ACCOUNT).start()


def test_missing_credentials_stop(monkeypatch: pytest.MonkeyPatch) -> None:
    def none() -> None:
        raise NoCredentialsError

    sts(monkeypatch, none)

    with pytest.raises(
        BackendUnavailableError, match="can't be reached with your credentials: Unable to locate"
    ):
        AwsBackend(ACCOUNT).start()


@pytest.mark.parametrize(
    ("account", "message"),
    [(None, "spell it out"), ("", "spell it out"), ("prod", "'prod' is not an account id; 12 digits")],
)
def test_account_id_is_checked(account: str | None, message: str) -> None:
    with pytest.raises(BackendUnavailableError, match=message):
        AwsBackend(account)


def test_unknown_name_is_refused() -> None:
    with pytest.raises(
        BackendUnavailableError, match="'moto' is not known; allowed: embedded, localstack, aws"
    ):
        make_backend("moto")


class FakeStack:
    """What the Automation API gives, and what it was asked."""

    name = "dev"

    def __init__(self, fail: bool = False) -> None:
        self.asked: list[str] = []
        self.settings: dict[str, Any] = {}
        self.options: Any = None
        self._fail = fail
        command = SimpleNamespace(run=lambda arguments, *_: self.asked.append(arguments[1]))
        self.workspace = SimpleNamespace(pulumi_command=command, work_dir=".", env_vars={})

    def up(self, config_file: str) -> Any:
        self.asked.append("up")
        self.settings = yaml.safe_load(Path(config_file).read_text())["config"]
        if self._fail:
            raise RuntimeError("no such region")
        url = SimpleNamespace(value="http://x", secret=False)
        return SimpleNamespace(outputs={"url": url, "key": SimpleNamespace(value="k", secret=True)})

    def export_stack(self) -> Any:
        queue = {
            "type": "aws:sqs/queue:Queue",
            "urn": "urn:pulumi:dev::shop::aws:sqs/queue:Queue::q",
            "id": "1",
        }
        component = {"type": "x", "urn": "urn:pulumi:dev::shop::x::part", "custom": False}
        return SimpleNamespace(deployment={"resources": [{**queue, "custom": True}, component]})

    def destroy(self, config_file: str) -> None:
        assert Path(config_file).exists()
        self.asked.append("destroy")


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "Pulumi.yaml").write_text("name: shop\nruntime: python\nconfig: {size: {default: 1}}\n")
    (tmp_path / "Pulumi.dev.yaml").write_text(
        "config: {aws:region: us-east-1, aws:endpoints: [{sqs: 'http://other'}], shop:names: [a, b]}\n"
    )
    (tmp_path / "__main__.py").touch()
    return tmp_path


def fake(monkeypatch: pytest.MonkeyPatch, stack: FakeStack) -> FakeStack:
    def create(*, opts: Any, **_: Any) -> FakeStack:
        stack.options = opts
        return stack

    monkeypatch.setattr(automation, "create_stack", create)
    return stack


def test_cli_deploys_with_settings_and_state_of_its_own(
    monkeypatch: pytest.MonkeyPatch, project: Path, localstack_serve: Callable[[Any], str], has_cli: None
) -> None:
    """The project's own file is read, its endpoints are replaced, and nothing is written to the project."""
    endpoint = localstack_serve({"services": {"cognito-idp": "available"}})
    stack = fake(monkeypatch, FakeStack())
    before = {path.name: path.read_text() for path in project.iterdir()}
    backend = LocalStackBackend("eu-west-1")
    backend.start()

    made = backend.deploy(project, stack="dev", config={"size": 2})
    made.destroy()

    assert stack.settings["aws:endpoints"][0]["cognitoidp"] == endpoint
    assert stack.settings["aws:region"] == "eu-west-1"
    assert (stack.settings["shop:size"], stack.settings["shop:names"]) == (2, ["a", "b"])
    assert made.outputs == {"url": "http://x", "key": "k"}
    assert made.resources == [{"type": "aws:sqs/queue:Queue", "name": "q", "id": "1"}]
    assert ["up", "unprotect", "destroy"] == stack.asked
    assert before == {path.name: path.read_text() for path in project.iterdir()}
    assert stack.options.env_vars["PULUMI_BACKEND_URL"].startswith("file://")


def test_cli_on_the_real_aws_refuses_any_other_account(
    monkeypatch: pytest.MonkeyPatch, project: Path
) -> None:
    stack = fake(monkeypatch, FakeStack())

    AwsBackend(ACCOUNT, "eu-west-1").deploy(project, stack="dev", config=None).destroy()

    assert stack.settings["aws:allowedAccountIds"] == [ACCOUNT]
    assert "aws:endpoints" not in stack.settings


def test_cli_that_fails_takes_down_what_it_made(monkeypatch: pytest.MonkeyPatch, project: Path) -> None:
    stack = fake(monkeypatch, FakeStack(fail=True))

    with pytest.raises(DeploymentError, match="`pulumi up` failed: no such region"):
        AwsBackend(ACCOUNT, "eu-west-1").deploy(project, stack="dev", config=None)

    assert stack.asked == ["up", "destroy"]
