"""The files that the Pulumi CLI reads and writes, in the form that it expects."""

import json
import subprocess
import sys
from importlib import resources
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
PROJECTS = [
    *ROOT.glob("Pulumi.yaml"),
    *ROOT.glob("components/PulumiPlugin.yaml"),
    *ROOT.glob("examples/*/Pulumi.yaml"),
]
STACKS = [*ROOT.glob("Pulumi.*.yaml"), *ROOT.glob("examples/*/Pulumi.*.yaml")]


def name(path):
    return str(path.relative_to(ROOT))


def test_the_package_has_no_plugin_to_download():
    """The CLI takes a package whose name begins with `pulumi-` for a provider, unless this file denies it."""
    document = resources.files("pulumi_userprofiles") / "pulumi-plugin.json"

    assert json.loads(document.read_text()) == {"resource": False}


@pytest.mark.parametrize("project", PROJECTS, ids=name)
def test_the_cli_installs_with_pip(project):
    """Without a toolchain, the CLI finds uv.lock, requires uv, and syncs without the extra `pulumi`."""
    options = yaml.safe_load(project.read_text())["runtime"]["options"]

    assert options["toolchain"] == "pip"


@pytest.mark.parametrize("requirements", ["requirements.txt", "components/requirements.txt"])
def test_pulumi_install_brings_this_checkout_with_the_locked_versions(requirements):
    """The CLI runs `pip install -r requirements.txt` in the folder of the file."""
    file = ROOT / requirements
    lines = [line for line in file.read_text().splitlines() if line and not line.startswith("#")]

    options = dict(line.split(" ", 1) for line in lines)

    assert (file.parent / options["-e"].removesuffix("[pulumi]")).resolve() == ROOT
    assert (file.parent / options["-c"]).resolve() == ROOT / "constraints.txt"


def test_constraints_are_those_of_the_lock_file():
    """`make lock` writes them."""
    uv = Path(sys.executable).with_name("uv")
    command = "export --frozen --offline --quiet --no-dev --extra pulumi --no-emit-project --no-header"
    form = "--no-annotate --no-hashes --format requirements.txt"

    exported = subprocess.run(
        [uv, *command.split(), *form.split()], cwd=ROOT, capture_output=True, text=True, check=True
    )

    assert (ROOT / "constraints.txt").read_text() == exported.stdout


@pytest.mark.parametrize("stack", STACKS, ids=name)
def test_settings_are_written_as_the_cli_writes_them(stack):
    """The CLI quotes booleans and numbers when it first writes the file, which would show up as a change."""
    config = yaml.safe_load(stack.read_text())["config"]

    assert {key for key, value in config.items() if not isinstance(value, str | list | dict)} == set()
