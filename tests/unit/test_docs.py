"""What the documents say exists, exists."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
DOCUMENTS = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("examples/**/*.md")])
COMMANDS = ("userprofiles", "migrate-user-profiles", "pulumi-localaws")


def name(path):
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("document", DOCUMENTS, ids=name)
def test_links_lead_somewhere(document):
    text = document.read_text(encoding="utf-8")
    targets = [t.partition("#")[0] for t in re.findall(r"\]\(([^)\s]+)\)", text) if "://" not in t]

    missing = [target for target in targets if target and not (document.parent / target).exists()]

    assert missing == []


@pytest.mark.parametrize("document", DOCUMENTS, ids=name)
def test_make_targets_exist(document):
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z-]+):", makefile, re.MULTILINE))
    code = "\n".join(re.findall(r"```.*?```|`[^`\n]+`", document.read_text(encoding="utf-8"), re.DOTALL))

    named = set(re.findall(r"\bmake ((?!install &&)[a-z-]+)", code))

    assert named <= targets


def options_in(text, command):
    """Return the long options that the documents give to one of our commands."""
    lines = [line for line in text.splitlines() if re.search(rf"(^|[\s/`]){command}\s", line)]
    own = [re.split(r"\s--\s|\s#", line.split(command, 1)[1])[0] for line in lines]
    return {option for part in own for option in re.findall(r"--[a-z][a-z-]+", part)}


@pytest.mark.parametrize("command", COMMANDS)
def test_documented_options_are_in_the_commands_help(command):
    documented = set()
    for document in DOCUMENTS:
        blocks = re.findall(
            r"```(?:sh|bash|console)\n(.*?)```", document.read_text(encoding="utf-8"), re.DOTALL
        )
        documented |= options_in("\n".join(blocks), command)
    helps = ""
    for words in ([], ["backfill", "run"]) if command == "userprofiles" else ([], ["up"], ["run"], ["types"]):
        script = Path(sys.executable).with_name(command)
        done = subprocess.run([script, *words, "--help"], capture_output=True, text=True, check=False)
        helps += done.stdout

    assert documented
    assert {option for option in documented if option not in helps} == set()


def test_readme_commands_are_what_ci_runs():
    block = re.search(r"```sh\n(.*?)```", (ROOT / "README.md").read_text(encoding="utf-8"), re.DOTALL)

    commands = [line.split("#")[0].strip() for line in block[1].splitlines()]

    assert commands == ["make demo", "make test"]
