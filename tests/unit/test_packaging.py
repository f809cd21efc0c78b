"""What a package index shows of this package, and what its distributions contain."""

import email
import re
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
DOCUMENT = tomllib.loads((ROOT / "pyproject.toml").read_text())
PROJECT = DOCUMENT["project"]
LINK = re.compile(r"\]\(([^)]+)\)")


def relative_links(text):
    return [target for target in LINK.findall(text) if not target.startswith(("https://", "#"))]


def test_description_has_no_relative_link():
    """On the page of a package index, a relative link leads nowhere."""
    assert relative_links((ROOT / PROJECT["readme"]).read_text()) == []


def test_files_that_the_readme_links_to_are_in_the_source_distribution():
    excluded = DOCUMENT["tool"]["hatch"]["build"]["targets"]["sdist"]["exclude"]

    targets = relative_links((ROOT / "README.md").read_text())

    assert targets
    assert [target for target in targets if not (ROOT / target).exists()] == []
    assert [target for target in targets if f"/{target}".startswith(tuple(excluded))] == []


def test_classifiers_name_each_supported_version_of_python():
    first, last = re.fullmatch(r">=3\.(\d+),<3\.(\d+)", PROJECT["requires-python"]).groups()
    versions = [f"Programming Language :: Python :: 3.{minor}" for minor in range(int(first), int(last))]

    assert [name for name in PROJECT["classifiers"] if re.search(r":: 3\.\d+$", name)] == versions


def test_urls_are_complete_if_there_are_any():
    urls = PROJECT.get("urls", {}).values()

    assert [url for url in urls if not url.startswith("https://")] == []


def test_changelog_has_the_version():
    headings = re.findall(r"^## \[(.+?)\]", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)

    assert PROJECT["version"] in headings


def test_local_aws_can_deploy_the_components_without_another_extra():
    extras = PROJECT["optional-dependencies"]

    assert [name for name in extras["pulumi"] if name not in extras["testing"]] == []


@pytest.mark.long
def test_built_distributions_have_description_classifiers_and_docs(tmp_path):
    uv = Path(sys.executable).with_name("uv")
    subprocess.run([uv, "build", "--quiet", "--out-dir", tmp_path], cwd=ROOT, check=True, timeout=100)
    [wheel], [source] = tmp_path.glob("*.whl"), tmp_path.glob("*.tar.gz")
    with zipfile.ZipFile(wheel) as archive:
        [name] = [name for name in archive.namelist() if name.endswith(".dist-info/METADATA")]
        metadata = email.message_from_bytes(archive.read(name))
    with tarfile.open(source) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}

    assert metadata["Version"] == PROJECT["version"]
    assert metadata.get_all("Classifier") == sorted(PROJECT["classifiers"])
    assert metadata.get_payload().strip() == (ROOT / PROJECT["readme"]).read_text().strip()
    assert {"README.md", "CHANGELOG.md", *relative_links((ROOT / "README.md").read_text())} <= {
        *names,
        "docs/decisions/",
        "examples/",
    }
