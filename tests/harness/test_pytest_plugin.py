"""The plugin's option and marker, in separate pytest runs."""

import socket
import subprocess
import sys
from importlib.metadata import entry_points

import pytest

pytest_plugins = ["pytester"]

MARKED = """
import pytest

@pytest.mark.backends({names})
def test_it():
    pass
"""


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


def test_test_that_uses_aws_requires_the_marker(pytester: pytest.Pytester) -> None:
    result = run_pytest(pytester, "def test_it(localaws):\n    pass\n")

    assert result.ret == 4
    assert "test_it.py::test_it uses AWS and has no marker" in result.stderr.str()


def test_unknown_backend_is_wrong_usage(pytester: pytest.Pytester) -> None:
    result = run_pytest(pytester, MARKED.format(names="'embedded'"), "--backend", "moto")

    assert result.ret == 4
    assert "invalid choice: 'moto'" in result.stderr.str()


def test_real_account_requires_its_id(pytester: pytest.Pytester) -> None:
    result = run_pytest(pytester, MARKED.format(names="'aws'"), "--backend", "aws")

    assert result.ret == 4
    assert "requires its id: add --aws-account-id" in result.stdout.str() + result.stderr.str()
    assert "passed" not in result.stdout.str()


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
def test_stack_of_a_project_is_deployed_and_destroyed(pytester: pytest.Pytester) -> None:
    (pytester.path / "Pulumi.yaml").write_text(
        "name: shop\nruntime: python\nconfig: {aws:region: us-east-1}\n"
    )
    (pytester.path / "__main__.py").write_text(
        "import pulumi, pulumi_aws as aws\npulumi.export('url', aws.sqs.Queue('orders').url)\n"
    )
    source = """
import pytest
pytestmark = pytest.mark.backends("embedded")

def test_it(localaws, deploy_stack, localaws_backend):
    stack = deploy_stack(".", stack="dev")
    assert stack.outputs["url"].startswith(localaws.endpoint)
    assert localaws.client("sqs").list_queues()["QueueUrls"]
    assert localaws_backend.name == "embedded"
"""

    pytester.makepyfile(test_it=source)

    result = pytester.runpytest_subprocess("-p", "pulumi_localaws.pytest_plugin")

    assert "1 passed" in result.stdout.str()
