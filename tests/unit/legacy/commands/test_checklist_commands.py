"""`userprofiles import preflight` and `postflight`: options, output and exit codes."""

import contextlib
import json

import pytest
from command_world import STACK_OPTIONS
from userprofiles.commands import legacy_postflight, legacy_preflight
from userprofiles.legacy.job.stage import Outcome
from userprofiles.stack_setup.check_result import CheckResult, Status

GOOD = CheckResult("mapping", Status.OK, "biograph")
BAD = CheckResult("template", Status.FAILED, "no fields", "Use social.")


@pytest.fixture
def inputs(monkeypatch):
    """Replace the checks of both checklists, and return what they get."""
    inputs = []

    def check(values):
        inputs.append(values)
        yield GOOD
        yield BAD

    monkeypatch.setattr(legacy_preflight, "preflight", check)
    monkeypatch.setattr(legacy_postflight, "postflight", check)
    monkeypatch.setattr(legacy_postflight, "TableCalls", lambda *_, **__: None)
    return inputs


def preflight(commands, *arguments):
    source = ("--source", f"export:{commands.export}", "--client-id", "client")
    return commands.run("import", "preflight", *source, *STACK_OPTIONS, *arguments)


def test_lines_have_their_fix_and_the_exit_code_is_2(commands, inputs):
    code, output, _ = preflight(commands)

    assert code == 2
    assert output == (
        "ok           mapping: biograph\nfailed       template: no fields\n             Fix: Use social.\n"
    )


def test_checklist_as_json(commands, inputs):
    code, output, _ = preflight(commands, "--json")

    assert code == 2
    assert json.loads(output) == {"ok": False, "checks": [GOOD.to_json(), BAD.to_json()]}


def test_media_rules_without_a_bucket_need_no_versions(commands, inputs):
    """Files in folders have no versions. Without media rules, nobody knows where the files are."""
    rules = commands.folder / "rules.json"
    rules.write_text('{"rules": [{"from": "https://a.example/", "folder": "/srv"}]}')

    preflight(commands, "--media-rules", str(rules))
    preflight(commands)

    assert [values.old_buckets for values in inputs] == [[], None]


def test_old_buckets_are_those_of_the_media_rules(commands, inputs):
    rules = commands.folder / "rules.json"
    entries = [{"bucket": "a"}, {"bucket": "b"}, {"bucket": "a"}, {"folder": "c"}, 1]
    rules.write_text(json.dumps({"rules": entries}))

    preflight(commands, "--media-rules", rules)
    preflight(commands, "--media-rules", rules, "--old-media-bucket", "mine")

    assert [list(values.old_buckets) for values in inputs] == [["a", "b"], ["mine"]]
    assert inputs[0].load_mapping().source_name == "biograph"
    with contextlib.closing(inputs[0].open_source()) as source:
        assert source.collections() == ["authapp_usermodel", "biographapp_biographmodel"]


def test_preflight_without_a_source_is_wrong_usage(commands, inputs):
    code, _, error = commands.run("import", "preflight", "--client-id", "client", *STACK_OPTIONS)

    assert code == 64
    assert "required: --source" in error


def postflight(commands, *arguments):
    run_id = json.loads(commands.plan_file.read_text())["planId"]
    return commands.run("import", "postflight", run_id, *arguments)


def test_postflight_reads_the_run_and_its_records(commands, inputs):
    commands.plan()
    commands.apply()

    code, _, _ = postflight(commands, "--all", "--cut-over", "2026-01-31T08:00Z", "--max-problems", "3")

    [values] = inputs
    assert code == 2
    assert (values.outcomes["users"], values.max_problems) == ({Outcome.CREATED: 30}, 3)
    assert values.cut_over.isoformat() == "2026-01-31T08:00:00+00:00"
    assert [stage.name for stage in values.stages] == ["users", "content", "links"]


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (("--cut-over", "yesterday"), "must be a time with its time zone, such as 2026-01-31T08:00Z"),
        (("--cut-over", "2026-01-31T08:00"), "must be a time with its time zone"),
        (("--sample", "0"), "--sample 0: must be at least 1"),
        (("--sample", "5", "--all"), "not allowed with argument"),
        (("--max-problems", "-1"), "must be a whole number"),
    ],
)
def test_wrong_usage_of_postflight(commands, inputs, arguments, problem):
    code, _, error = commands.run("import", "postflight", "RUN", *arguments)

    assert code == 64
    assert problem in error
    assert inputs == []


def test_unknown_run(commands, inputs):
    commands.plan()
    commands.apply()

    code, _, error = commands.run("import", "postflight", "20260131T080000Z-aaaaaa", *STACK_OPTIONS)

    assert code == 5
    assert "20260131T080000Z-aaaaaa" in error
