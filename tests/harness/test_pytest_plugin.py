"""The plugin's option and marker, in separate pytest runs."""

import functools
import socket
import subprocess
import sys
from importlib.metadata import entry_points
from types import SimpleNamespace
from typing import Any

import pytest
from pulumi_localaws import pytest_plugin
from pulumi_localaws.testing.backends import Backend
from pulumi_localaws.testing.function_logs import FunctionLogs

pytest_plugins = ["pytester"]

MARKED = """
import pytest

@pytest.mark.backends({names})
def test_it():
    pass
"""


class FakeBackend(Backend):
    """A backend that starts nothing."""

    name = "fake"
    region = "us-east-1"
    endpoint = None

    def __init__(self) -> None:
        self.is_embedded = True
        self.is_stopped = False
        self.lines: dict[str, list[str]] | None = {}
        self.data_calls: list[str] = []
        self.destroyed_stacks: list[str] = []

    def start(self) -> None:
        pass

    def stop(self) -> None:
        self.is_stopped = True

    def client(self, service: str, **_: Any) -> Any:
        return service

    def deploy(self, *_: Any, stack: str, **__: Any) -> Any:
        destroy = functools.partial(self.destroyed_stacks.append, stack)
        return SimpleNamespace(outputs={}, resources=[], destroy=destroy)

    def remember_data(self) -> None:
        self.data_calls.append("remember")

    def restore_data(self) -> None:
        if not self.is_embedded:
            super().restore_data()
        self.data_calls.append("restore")

    def read_all_lines(self) -> dict[str, list[str]]:
        if self.lines is None:
            raise ConnectionError("no local AWS")
        return self.lines


@pytest.fixture
def fake_backend(monkeypatch: pytest.MonkeyPatch) -> FakeBackend:
    backend = FakeBackend()
    monkeypatch.setattr(pytest_plugin, "_start_backend", lambda _: backend)
    monkeypatch.setattr(FunctionLogs, "read_all", lambda _: backend.read_all_lines())
    return backend


def run_pytest(pytester: pytest.Pytester, source: str, *arguments: str) -> pytest.RunResult:
    """Run pytest on one file, as in a project that has installed only this package."""
    pytester.makepyfile(test_it=source)
    pytester.makeini("[pytest]\naddopts = --strict-markers -ra -p no:cacheprovider\n")
    return pytester.runpytest_inprocess("-p", "pulumi_localaws.pytest_plugin", *arguments)


@pytest.fixture(autouse=True)
def _only_this_plugin(monkeypatch: pytest.MonkeyPatch) -> None:
    """Load no other plugin of this environment: they take seconds."""
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")


def test_pytest_finds_the_plugin() -> None:
    [entry_point] = entry_points(group="pytest11", name="pulumi_localaws")

    assert entry_point.value == "pulumi_localaws.pytest_plugin"


def test_test_for_this_backend_runs(pytester: pytest.Pytester) -> None:
    result = run_pytest(pytester, MARKED.format(names="'embedded', 'aws'"))

    assert result.ret == 0, result.stdout.str()
    assert "1 passed" in result.stdout.str()


def test_test_for_other_backends_is_skipped_with_a_reason(pytester: pytest.Pytester) -> None:
    result = run_pytest(pytester, MARKED.format(names="'localstack', 'aws'"))

    assert "1 skipped" in result.stdout.str()
    assert "supports localstack and aws; the backend of this run is embedded" in result.stdout.str()


@pytest.mark.parametrize("names", ["'moto'", ""])
def test_marker_without_a_valid_backend_is_rejected(pytester: pytest.Pytester, names: str) -> None:
    result = run_pytest(pytester, MARKED.format(names=names))

    assert result.ret == 4
    assert "must name one or more backends; allowed: embedded, localstack, aws" in result.stderr.str()


def test_test_without_a_marker_runs_on_the_embedded_aws(
    pytester: pytest.Pytester, fake_backend: FakeBackend
) -> None:
    result = run_pytest(
        pytester, "def test_it(localaws_backend):\n    assert localaws_backend.name == 'fake'\n"
    )

    assert "1 passed" in result.stdout.str()
    assert fake_backend.is_stopped


def test_test_without_a_marker_is_skipped_on_other_backends(
    pytester: pytest.Pytester, fake_backend: FakeBackend
) -> None:
    source = "def test_it(user):\n    pass\ndef test_that_uses_no_aws():\n    pass\n"

    result = run_pytest(pytester, source, "--backend", "localstack")

    assert "1 passed, 1 skipped" in result.stdout.str()
    assert "supports embedded; the backend of this run is localstack" in result.stdout.str()


def test_failing_test_has_the_lines_of_its_functions(
    pytester: pytest.Pytester, fake_backend: FakeBackend
) -> None:
    fake_backend.lines["orders"] = ["order 7 rejected"]

    result = run_pytest(pytester, "def test_it(localaws_backend):\n    assert 0\n")

    result.stdout.fnmatch_lines(["*Log of the function orders*", "order 7 rejected"])


def test_passing_test_and_test_without_aws_have_no_lines(
    pytester: pytest.Pytester, fake_backend: FakeBackend
) -> None:
    fake_backend.lines["orders"] = ["order 7 rejected"]

    result = run_pytest(pytester, "def test_a(localaws_backend):\n    pass\ndef test_b():\n    assert 0\n")

    assert "order 7 rejected" not in result.stdout.str()


def test_unreadable_logs_do_not_hide_the_failure(
    pytester: pytest.Pytester, fake_backend: FakeBackend
) -> None:
    fake_backend.lines = None

    result = run_pytest(pytester, "def test_it(localaws_backend):\n    assert 'x' == 'y'\n")

    result.stdout.fnmatch_lines(["*assert 'x' == 'y'*", "*The logs could not be read: *"])


@pytest.mark.parametrize("arguments", [(), ("--full-trace",)], ids=["default", "full"])
def test_mistake_is_reported_without_the_lines_of_this_package(
    pytester: pytest.Pytester, fake_backend: FakeBackend, arguments: tuple[str, ...]
) -> None:
    result = run_pytest(pytester, "def test_it(make_user):\n    make_user()\n", *arguments)

    text = result.stdout.str()
    assert "The deployed stacks have no user pool. Deploy one with deploy_stack" in text
    assert ">       make_user()" in text or "test_it.py:2: in test_it" in text
    assert ("user_pools.py" in text) == bool(arguments)


def test_reset_is_called_before_the_test_and_by_the_test(
    pytester: pytest.Pytester, fake_backend: FakeBackend
) -> None:
    source = """
def test_it(reset, deploy_stack, localaws_backend):
    deploy_stack(".")
    assert localaws_backend.data_calls == ["restore", "remember"]
    reset()
"""

    result = run_pytest(pytester, source)

    assert "1 passed" in result.stdout.str()
    assert fake_backend.data_calls == ["restore", "remember", "restore"]
    assert fake_backend.destroyed_stacks == ["dev"]


@pytest.mark.parametrize("fixture", ["reset", "inbox"])
@pytest.mark.sample(2)
def test_fixture_of_the_embedded_aws_names_the_backend(
    pytester: pytest.Pytester, fake_backend: FakeBackend, fixture: str
) -> None:
    source = f"""
import pytest

@pytest.mark.backends("localstack")
def test_it({fixture}):
    pass
"""
    fake_backend.is_embedded = False

    result = run_pytest(pytester, source, "--backend", "localstack")

    assert (
        f"The fixture {fixture} is not available on the backend fake; allowed: embedded"
        in result.stdout.str()
    )


def test_unknown_backend_is_wrong_usage(pytester: pytest.Pytester) -> None:
    result = run_pytest(pytester, MARKED.format(names="'embedded'"), "--backend", "moto")

    assert result.ret == 4
    assert "invalid choice: 'moto'" in result.stderr.str()


def test_real_account_requires_its_id(pytester: pytest.Pytester) -> None:
    result = run_pytest(pytester, MARKED.format(names="'aws'"), "--backend", "aws")

    assert result.ret == 4
    assert "requires its id: add --aws-account-id" in result.stdout.str() + result.stderr.str()
    assert "passed" not in result.stdout.str()


def test_functions_are_debugged_on_the_embedded_aws_only(pytester: pytest.Pytester) -> None:
    arguments = ("--backend", "aws", "--aws-account-id", "123456789012", "--debug-functions")

    result = run_pytest(pytester, MARKED.format(names="'aws'"), *arguments)

    assert result.ret == 4
    assert (
        "--debug-functions is not available with --backend aws" in result.stdout.str() + result.stderr.str()
    )


def test_missing_localstack_ends_the_run(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]

    monkeypatch.setenv("LOCALSTACK_HOST", f"127.0.0.1:{port}")
    result = run_pytest(
        pytester,
        MARKED.format(names="'localstack'"),
        "--backend",
        "localstack",
    )

    assert result.ret == 4
    assert (
        f"LocalStack does not respond at http://127.0.0.1:{port}/_localstack/health"
        in result.stdout.str() + result.stderr.str()
    )


def test_unused_plugin_loads_no_large_package() -> None:
    packages = ("pulumi", "botocore", "boto3", "aiohttp", "yaml", "pulumi_localaws.local_aws")
    program = (
        "import sys; import pulumi_localaws.pytest_plugin;"
        f" print([name for name in {packages!r} if name in sys.modules])"
    )

    process = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)

    assert process.stdout.strip() == "[]"


@pytest.mark.long
def test_each_worker_of_xdist_has_one_local_aws(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("PYTEST_XDIST_WORKER", raising=False)
    pytester.makepyfile(
        test_it="""
import pathlib, pytest

@pytest.mark.parametrize("number", range(8))
def test_it(localaws, worker_id, number):
    pathlib.Path(f"{worker_id}-{number}.txt").write_text(localaws.endpoint)
"""
    )

    result = pytester.runpytest_subprocess(
        "-p", "pulumi_localaws.pytest_plugin", "-p", "xdist.plugin", "-n", "2", "--dist", "load"
    )

    endpoints: dict[str, set[str]] = {}
    for file in pytester.path.glob("gw*.txt"):
        endpoints.setdefault(file.name[:3], set()).add(file.read_text())
    assert "8 passed" in result.stdout.str()
    assert [len(of_worker) for of_worker in endpoints.values()] == [1, 1]
    assert len(set.union(*endpoints.values())) == 2


@pytest.mark.long
def test_stack_of_a_project_is_deployed_and_destroyed(pytester: pytest.Pytester) -> None:
    (pytester.path / "Pulumi.yaml").write_text(
        "name: shop\nruntime: python\nconfig: {aws:region: eu-central-1}\n"
    )
    (pytester.path / "__main__.py").write_text(
        "import pulumi, pulumi_aws as aws\n"
        "pulumi.export('url', aws.sqs.Queue('orders').url)\n"
        "pool = aws.cognito.UserPool('users')\n"
        "flows = ['ALLOW_USER_SRP_AUTH']\n"
        "aws.cognito.UserPoolClient('web', user_pool_id=pool.id, explicit_auth_flows=flows)\n"
    )
    source = """
import pytest
pytestmark = pytest.mark.backends("embedded")

def test_it(localaws, make_user, deploy_stack, localaws_backend):
    stack = deploy_stack(".", stack="dev")
    assert make_user().user_pool_id.startswith("eu-central-1_")
    assert stack.outputs["url"].startswith(localaws.endpoint)
    assert localaws.client("sqs").list_queues()["QueueUrls"]
    assert localaws_backend.name == "embedded"
"""

    pytester.makepyfile(test_it=source)

    result = pytester.runpytest_subprocess("-p", "pulumi_localaws.pytest_plugin")

    assert "1 passed" in result.stdout.str()
