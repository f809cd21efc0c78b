"""Links, make targets and options in the documents exist."""

import re
import subprocess
import sys
from importlib.metadata import entry_points
from pathlib import Path

import pytest

pytestmark = pytest.mark.sample(1)  # every document
ROOT = Path(__file__).resolve().parents[2]
DOCUMENTS = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("examples/*/*.md")])
COMMANDS = ("userprofiles", "migrate-user-profiles", "pulumi-localaws")


def name(path):
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("document", DOCUMENTS, ids=name)
def test_link_targets_exist(document):
    text = document.read_text(encoding="utf-8")
    targets = [t.partition("#")[0] for t in re.findall(r"\]\(([^)\s]+)\)", text) if "://" not in t]

    missing = [target for target in targets if target and not (document.parent / target).exists()]

    assert missing == []


@pytest.mark.parametrize("document", DOCUMENTS, ids=name)
def test_make_targets_exist(document):
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z-]+):", makefile, re.MULTILINE))
    code = "\n".join(re.findall(r"```.*?```|`[^`\n]+`", document.read_text(encoding="utf-8"), re.DOTALL))

    targets_in_document = set(re.findall(r"\bmake ((?!install &&)[a-z-]+)", code))

    assert targets_in_document <= targets


@pytest.mark.parametrize("document", DOCUMENTS, ids=name)
def test_settings_have_a_namespace_that_is_read(document):
    """Pulumi reads no setting of another namespace and reports none."""
    [project] = re.findall(r"^name: (.+)$", (ROOT / "Pulumi.yaml").read_text(encoding="utf-8"), re.MULTILINE)
    blocks = re.findall(r"```yaml\nconfig:\n(.*?)```", document.read_text(encoding="utf-8"), re.DOTALL)

    namespaces = set(re.findall(r"^ {2}([\w-]+):\w", "\n".join(blocks), re.MULTILINE))

    assert namespaces <= {project, "aws"}


def find_options(text, command):
    """Return the long options of one of our commands in the documents."""
    lines = [line for line in text.splitlines() if re.search(rf"(^|[\s/`]){command}\s", line)]
    arguments = [re.split(r"\s--\s|\s#", line.split(command, 1)[1])[0] for line in lines]
    return {option for part in arguments for option in re.findall(r"--[a-z][a-z-]+", part)}


def run_command(command, *arguments):
    """Run one of our commands in this process and return its exit code."""
    [script] = entry_points(group="console_scripts", name=command)
    try:
        return script.load()(list(arguments))
    except SystemExit as end:
        return end.code


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.sample(3)
def test_installed_command_prints_its_help(command):
    script = Path(sys.executable).with_name(command)

    result = subprocess.run([script, "--help"], capture_output=True, text=True, check=True)

    assert result.stdout.startswith(f"usage: {command}")


@pytest.mark.parametrize("command", COMMANDS)
def test_documented_options_are_in_the_help_of_the_command(command, capsys):
    documented_options = set()
    for document in DOCUMENTS:
        blocks = re.findall(
            r"```(?:sh|bash|console)\n(.*?)```", document.read_text(encoding="utf-8"), re.DOTALL
        )
        documented_options |= find_options("\n".join(blocks), command)
    help_text = ""
    subcommands = {
        "userprofiles": (
            ["backfill", "run"],
            ["backfill", "plan"],
            ["backfill", "apply"],
            ["backfill", "verify"],
            ["backfill", "rollback"],
            ["backfill", "report"],
            ["backfill", "quarantine", "list"],
            ["backfill", "quarantine", "retry"],
            ["template", "check"],
            ["template", "show"],
            ["outputs"],
            ["admin", "grant"],
            ["admin", "revoke"],
            ["analytics"],
            ["setup", "check"],
            ["setup", "test"],
            ["audit", "list"],
            ["audit", "verify"],
            ["export", "user"],
            ["export", "check"],
            ["export", "import"],
            ["export", "schema"],
            ["reconcile"],
            ["restore", "check"],
            ["erase"],
            ["pool", "list"],
            ["import", "preflight"],
            ["import", "postflight"],
            ["import", "plan"],
            ["import", "apply"],
            ["import", "delta"],
            ["import", "verify"],
            ["import", "rollback"],
            ["runs", "list"],
            ["runs", "resume"],
        ),
        "pulumi-localaws": (["up"], ["run"], ["types"], ["conformance"]),
    }
    for words in ([], *subcommands.get(command, ())):
        assert run_command(command, *words, "--help") == 0
        help_text += capsys.readouterr().out

    assert documented_options
    assert set() == {option for option in documented_options if option not in help_text}


def test_readme_has_the_commands_that_ci_runs():
    block = re.search(r"```sh\n(.*?)```", (ROOT / "README.md").read_text(encoding="utf-8"), re.DOTALL)

    commands = [line.split("#")[0].strip() for line in block[1].splitlines()]

    assert commands == ["make demo", "make test"]


def test_settings_in_the_documents_are_read_by_the_stack():
    """A setting with another namespace is not rejected, because the stack does not read it."""
    blocks = [
        block
        for document in DOCUMENTS
        for block in re.findall(
            r"```ya?ml\nconfig:\n(.*?)```", document.read_text(encoding="utf-8"), re.DOTALL
        )
    ]
    keys = [key for block in blocks for key in re.findall(r"^  ([^\s#-]\S*):", block, re.MULTILINE)]

    assert len(keys) > 2
    assert [key for key in keys if not key.startswith(("pulumi-userprofiles:", "aws:"))] == []


def test_each_alarm_of_the_stack_is_in_the_table_of_alarms():
    golden = ROOT / "tests" / "components" / "golden"
    lists = [(golden / file).read_text() for file in ("names.txt", "optional_names.txt")]
    alarms = re.findall(r"MetricAlarm app-(\S+)", "".join(lists))
    table = (ROOT / "docs" / "components.md").read_text(encoding="utf-8")
    names = re.findall(r"^\| `(<\S+-alarm)` \|", table, re.MULTILINE)
    # `<eraser>` is the name of a child. These four stand for other names.
    patterns = [re.sub(r"<(step|trigger|function|pool)>", r"[a-z-]+", name) for name in names]
    patterns = [re.sub(r"<([a-z-]+)>", r"\1", pattern) for pattern in patterns]

    assert len(alarms) > 30
    assert [alarm for alarm in alarms if not any(re.fullmatch(p, alarm) for p in patterns)] == []
