"""The plugin's switch and marker, in pytest runs of their own."""

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


def run(pytester: pytest.Pytester, source: str, *arguments: str) -> pytest.RunResult:
    """Run pytest on one file, as a project has it that only installed this package."""
    pytester.makepyfile(test_it=source)
    pytester.makeini("[pytest]\naddopts = --strict-markers -ra -p no:cacheprovider\n")
    return pytester.runpytest_inprocess("-p", "pulumi_localaws.pytest_plugin", *arguments)


@pytest.fixture(autouse=True)
def lean(monkeypatch: pytest.MonkeyPatch) -> None:
    """The other plugins of this environment take seconds to load."""
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")


def test_plugin_is_found_by_pytest() -> None:
    [found] = entry_points(group="pytest11", name="pulumi_localaws")

    assert found.value == "pulumi_localaws.pytest_plugin"


def test_test_for_this_backend_runs(pytester: pytest.Pytester) -> None:
    done = run(pytester, MARKED.format(names="'embedded', 'aws'"))

    assert done.ret == 0, done.stdout.str()
    assert "1 passed" in done.stdout.str()


def test_test_for_other_backends_is_reported_with_its_reason(pytester: pytest.Pytester) -> None:
    done = run(pytester, MARKED.format(names="'localstack', 'aws'"))

    assert "1 skipped" in done.stdout.str()
    assert "runs on localstack and aws; this run is on embedded" in done.stdout.str()


@pytest.mark.parametrize("names", ["'moto'", ""])
def test_marker_that_names_no_backend_is_refused(pytester: pytest.Pytester, names: str) -> None:
    done = run(pytester, MARKED.format(names=names))

    assert done.ret == 4
    assert "names no backend; allowed: embedded, localstack, aws" in done.stderr.str()


def test_test_that_uses_aws_needs_the_marker(pytester: pytest.Pytester) -> None:
    done = run(pytester, "def test_it(localaws):\n    pass\n")

    assert done.ret == 4
    assert "test_it.py::test_it uses AWS and has no marker" in done.stderr.str()


def test_unknown_backend_is_wrong_usage(pytester: pytest.Pytester) -> None:
    done = run(pytester, MARKED.format(names="'embedded'"), "--backend", "moto")

    assert done.ret == 4
    assert "invalid choice: 'moto'" in done.stderr.str()


def test_real_account_has_to_be_spelled_out(pytester: pytest.Pytester) -> None:
    done = run(pytester, MARKED.format(names="'aws'"), "--backend", "aws")

    assert done.ret == 4
    assert "spell it out with --aws-account-id" in done.stdout.str() + done.stderr.str()
    assert "passed" not in done.stdout.str()


def test_localstack_that_is_not_there_stops_the_run(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]

    monkeypatch.setenv("LOCALSTACK_HOST", f"127.0.0.1:{port}")
    done = run(
        pytester,
        MARKED.format(names="'localstack'"),
        "--backend",
        "localstack",
    )

    assert done.ret == 4
    assert (
        f"LocalStack does not answer at http://127.0.0.1:{port}/_localstack/health"
        in done.stdout.str() + done.stderr.str()
    )


def test_plugin_is_light_when_it_is_not_used() -> None:
    heavy = ("pulumi", "botocore", "boto3", "aiohttp", "yaml", "pulumi_localaws.local_aws")
    program = (
        f"import sys; import pulumi_localaws.pytest_plugin; print([n for n in {heavy!r} if n in sys.modules])"
    )

    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "[]"


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

    done = pytester.runpytest_subprocess("-p", "pulumi_localaws.pytest_plugin")

    assert "1 passed" in done.stdout.str()
