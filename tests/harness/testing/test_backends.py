"""The backends LocalStack and AWS, with stand-ins for LocalStack, STS and the Pulumi CLI."""

import json
import sys
import tempfile
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
from pulumi_localaws.deploy import Deployment
from pulumi_localaws.errors import DeploymentError
from pulumi_localaws.testing import backends, embedded_backend
from pulumi_localaws.testing.backends import (
    AwsBackend,
    BackendUnavailableError,
    LocalStackBackend,
    create_backend,
)

ACCOUNT = "123456789012"


class MissingPackages:
    """An import system without any package."""

    def find_spec(self, *_: Any) -> None:
        raise ModuleNotFoundError(name="yaml")


@pytest.fixture
def serve_localstack(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[Any], str]]:
    """Return a function that serves a document at the path of LocalStack's health page."""
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


def test_localstack_with_cognito_is_used(serve_localstack: Callable[[Any], str], has_cli: None) -> None:
    endpoint = serve_localstack({"services": {"cognito-idp": "available"}})
    backend = LocalStackBackend()

    backend.start()

    assert backend.endpoint == endpoint
    assert backend.client("sts").meta.endpoint_url == endpoint


@pytest.mark.parametrize("services", [{}, {"cognito-idp": "disabled"}])
def test_localstack_without_cognito_is_rejected_with_the_plan_that_has_it(
    serve_localstack: Callable[[Any], str], has_cli: None, services: dict[str, str]
) -> None:
    serve_localstack({"services": services})

    with pytest.raises(
        BackendUnavailableError,
        match=r"has no Cognito .* paid plans include. Start it with the LOCALSTACK_AUTH_TOKEN",
    ):
        LocalStackBackend().start()


def test_other_program_on_the_port_is_not_mistaken_for_localstack(
    serve_localstack: Callable[[Any], str],
) -> None:
    serve_localstack(["hello"])

    with pytest.raises(BackendUnavailableError, match="LocalStack does not respond"):
        LocalStackBackend().start()


def test_localstack_requires_the_pulumi_cli(serve_localstack: Callable[[Any], str], no_cli: None) -> None:
    serve_localstack({"services": {"cognito-idp": "running"}})

    with pytest.raises(
        BackendUnavailableError,
        match="--backend localstack deploys with the Pulumi CLI, but `pulumi` is not on PATH",
    ):
        LocalStackBackend().start()


def replace_sts(monkeypatch: pytest.MonkeyPatch, get_caller_identity: Callable[[], Any]) -> None:
    monkeypatch.setattr(
        AwsBackend, "client", lambda *_, **__: SimpleNamespace(get_caller_identity=get_caller_identity)
    )


def test_account_of_the_credentials_is_used(monkeypatch: pytest.MonkeyPatch, has_cli: None) -> None:
    replace_sts(monkeypatch, lambda: {"Account": ACCOUNT})
    backend = create_backend("aws", account_id=ACCOUNT)

    backend.start()

    assert backend.endpoint is None


def test_credentials_of_another_account_are_rejected(monkeypatch: pytest.MonkeyPatch, has_cli: None) -> None:
    replace_sts(monkeypatch, lambda: {"Account": "999999999999"})

    with pytest.raises(
        BackendUnavailableError, match=r"belong to the account 999999999999.*Nothing was created"
    ):
        AwsBackend(ACCOUNT).start()


def test_missing_credentials_are_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail() -> None:
        raise NoCredentialsError

    replace_sts(monkeypatch, fail)

    with pytest.raises(
        BackendUnavailableError, match="can't be called with your credentials: Unable to locate"
    ):
        AwsBackend(ACCOUNT).start()


@pytest.mark.parametrize(
    ("account", "message"),
    [
        (None, "requires its id"),
        ("", "requires its id"),
        ("prod", "'prod' is not an account id; allowed: 12 digits"),
    ],
)
def test_account_id_is_checked(account: str | None, message: str) -> None:
    with pytest.raises(BackendUnavailableError, match=message):
        AwsBackend(account)


def test_missing_package_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, embedded_backend.__name__)
    monkeypatch.setattr(sys, "meta_path", [MissingPackages()])

    with pytest.raises(BackendUnavailableError, match=r"yaml is not installed.*userprofiles\[testing\]"):
        create_backend("embedded")


def test_unknown_name_is_rejected() -> None:
    with pytest.raises(
        BackendUnavailableError, match="'moto' is unknown; allowed: embedded, localstack, aws"
    ):
        create_backend("moto")


class FakeStack:
    """A stack of the Automation API that records its calls."""

    name = "dev"

    def __init__(self, fail: bool = False) -> None:
        self.calls: list[str] = []
        self.config: dict[str, Any] = {}
        self.options: Any = None
        self._fail = fail
        command = SimpleNamespace(run=lambda arguments, *_: self.calls.append(arguments[1]))
        self.workspace = SimpleNamespace(pulumi_command=command, work_dir=".", env_vars={})

    def up(self, config_file: str) -> Any:
        self.calls.append("up")
        self.config = yaml.safe_load(Path(config_file).read_text())["config"]
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
        self.calls.append("destroy")


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "Pulumi.yaml").write_text("name: shop\nruntime: python\nconfig: {size: {default: 1}}\n")
    (tmp_path / "Pulumi.dev.yaml").write_text(
        "config: {aws:region: us-east-1, aws:endpoints: [{sqs: 'http://other'}], shop:names: [a, b]}\n"
    )
    (tmp_path / "__main__.py").touch()
    return tmp_path


def replace_create_stack(monkeypatch: pytest.MonkeyPatch, stack: FakeStack) -> FakeStack:
    def create(*, opts: Any, **_: Any) -> FakeStack:
        stack.options = opts
        return stack

    monkeypatch.setattr(automation, "create_stack", create)
    return stack


def test_cli_deploys_with_its_own_config_and_state(
    monkeypatch: pytest.MonkeyPatch, project: Path, serve_localstack: Callable[[Any], str], has_cli: None
) -> None:
    """The project's file is read, its endpoints are replaced, and no file of the project is written."""
    endpoint = serve_localstack({"services": {"cognito-idp": "available"}})
    stack = replace_create_stack(monkeypatch, FakeStack())
    before = {path.name: path.read_text() for path in project.iterdir()}
    backend = LocalStackBackend("eu-west-1")
    backend.start()

    deployment = backend.deploy(project, stack="dev", config={"size": 2})
    deployment.destroy()

    assert stack.config["aws:endpoints"][0]["cognitoidp"] == endpoint
    assert stack.config["aws:region"] == "eu-west-1"
    assert (stack.config["shop:size"], stack.config["shop:names"]) == (2, ["a", "b"])
    assert deployment.outputs == {"url": "http://x", "key": "k"}
    assert deployment.resources == [{"type": "aws:sqs/queue:Queue", "name": "q", "id": "1"}]
    assert stack.calls == ["up", "unprotect", "destroy"]
    assert {path.name: path.read_text() for path in project.iterdir()} == before
    assert stack.options.env_vars["PULUMI_BACKEND_URL"].startswith("file://")


def test_required_key_can_be_set_by_the_callers_config(
    monkeypatch: pytest.MonkeyPatch, project: Path
) -> None:
    (project / "Pulumi.yaml").write_text("name: shop\nruntime: python\nconfig: {owner: {type: string}}\n")
    stack = replace_create_stack(monkeypatch, FakeStack())

    AwsBackend(ACCOUNT, "eu-west-1").deploy(project, stack="dev", config={"owner": "me"}).destroy()

    assert stack.config["shop:owner"] == "me"


def test_cli_on_aws_rejects_all_other_accounts(monkeypatch: pytest.MonkeyPatch, project: Path) -> None:
    stack = replace_create_stack(monkeypatch, FakeStack())

    AwsBackend(ACCOUNT, "eu-west-1").deploy(project, stack="dev", config=None).destroy()

    assert stack.config["aws:allowedAccountIds"] == [ACCOUNT]
    assert "aws:endpoints" not in stack.config


def test_failed_cli_deployment_is_destroyed(monkeypatch: pytest.MonkeyPatch, project: Path) -> None:
    stack = replace_create_stack(monkeypatch, FakeStack(fail=True))

    with pytest.raises(DeploymentError, match="`pulumi up` failed: no such region"):
        AwsBackend(ACCOUNT, "eu-west-1").deploy(project, stack="dev", config=None)

    assert stack.calls == ["up", "destroy"]


@pytest.mark.parametrize(
    ("region_of_stack", "expected"),
    [("eu-west-1", "eu-west-1"), (None, "eu-west-3")],
    ids=["stack", "environment"],
)
def test_embedded_clients_use_the_region_of_the_stack(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, region_of_stack: str | None, expected: str
) -> None:
    config = {"aws:region": region_of_stack} if region_of_stack else {}
    (tmp_path / "Pulumi.yaml").write_text(json.dumps({"name": "shop", "runtime": "python", "config": config}))
    monkeypatch.setenv("AWS_REGION", "eu-west-3")
    settings: list[Any] = []
    monkeypatch.setattr(embedded_backend, "deploy", lambda *_, config, **__: settings.append(config))
    backend = embedded_backend.EmbeddedBackend()

    backend.deploy(tmp_path, stack="dev", config={"size": 3})

    assert (backend.region, backend.local.region) == (expected, expected)
    assert settings == [{"size": 3, "aws:region": expected}]


def test_report_of_a_failing_test_has_no_export_of_the_stack() -> None:
    """The report shows the values of a failing test's fixtures, and exports can be secret."""
    stack = Deployment(
        {"password": "hunter2"}, ("password",), [], "http://127.0.0.1:4566", tempfile.TemporaryDirectory()
    )
    stack.discard_state()

    assert "hunter2" not in repr(stack)
