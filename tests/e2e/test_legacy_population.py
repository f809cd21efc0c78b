"""An import of a generated population, scored against its truth."""

import contextlib
import json
import os
import random
from datetime import UTC, datetime, timedelta

import pytest
import requests
from legacy_population.contents import MEDIA_RULES, OLD_BUCKET
from legacy_population.expectation import expect
from legacy_population.files import Format, write_population
from legacy_population.imported import read_imported
from legacy_population.population import Population
from legacy_population.score import score
from legacy_population.truth import count_truth, is_clear_or_proposed
from userprofiles import cli
from userprofiles.legacy.checklists.problem_checks import read_problems
from userprofiles.social.import_problems import FEEDBACK, METRIC, dimensions
from userprofiles.stack_setup.stack import Stack

pytestmark = pytest.mark.backends("embedded")

KEYS = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_DEFAULT_REGION": "us-east-1"}
OLD_HOSTS = (OLD_BUCKET, "cdn.biograph.example")


class PopulationImport:
    """An import of a population by the commands of an operator."""

    def __init__(self, stack, folder, capsys):
        self.stack = stack
        self.folder = folder
        self.capsys = capsys
        (folder / "outputs.json").write_text(
            json.dumps({"endpoint": stack.endpoint, "outputs": stack.outputs})
        )
        (folder / "rules.json").write_text(json.dumps(MEDIA_RULES))
        self.options = ["--outputs", folder / "outputs.json", "--json"]

    def run(self, command, *words):
        """Run a command. Return exit code and JSON document."""
        code = cli.main([str(word) for word in ("import", command, *words, *self.options)])
        return code, json.loads(self.capsys.readouterr().out)

    def upload(self, population):
        s3 = self.stack.aws("s3")
        with contextlib.suppress(s3.exceptions.BucketAlreadyOwnedByYou):
            s3.create_bucket(Bucket=OLD_BUCKET)
        for entry in s3.list_objects_v2(Bucket=OLD_BUCKET).get("Contents", ()):
            s3.delete_object(Bucket=OLD_BUCKET, Key=entry["Key"])  # of another population
        s3.put_bucket_versioning(Bucket=OLD_BUCKET, VersioningConfiguration={"Status": "Enabled"})
        for key, body in population.files():
            s3.put_object(Bucket=OLD_BUCKET, Key=key, Body=body)

    def write(self, population, file_format):
        """Write the files of the old database, and return the source."""
        kind = "dump" if file_format in {Format.DUMP, Format.DUMP_GZIP} else "export"
        return f"{kind}:{write_population(population, self.folder / 'old', file_format)}"

    def check(self, command, *words):
        """Run a checklist. Return the lines that are not ok."""
        _, document = self.run(command, *words)
        assert document["checks"]
        return {line["name"]: line["detail"] for line in document["checks"] if line["status"] != "ok"}

    def preflight(self, source):
        day = datetime.now(UTC).date().isoformat()
        rules = ("--media-rules", self.folder / "rules.json")
        return self.check("preflight", "--source", source, "--source-backup", day, *rules)

    def postflight(self, run_id):
        cut_over = (datetime.now(UTC) - timedelta(hours=1)).isoformat()
        ledger = ("--ledger-dir", self.folder / "ledger")
        problems = ("--cut-over", cut_over, "--max-problems", "100")  # other tests count some
        return self.check("postflight", run_id, "--all", *problems, *ledger)

    def execute(self, source):
        """Plan an import, and apply it with the proposals of the plan. Return the report."""
        plan = self.folder / "plan.json"
        pace = ("--cognito-share", "1")
        rules = ("--media-rules", self.folder / "rules.json")
        code, _ = self.run("plan", "--source", source, "--output", plan, *rules, *pace)
        assert code == 0
        decisions = plan.with_suffix(".decisions.json")
        _, report = self.run(
            "apply", plan, "--decisions", decisions, "--ledger-dir", self.folder / "ledger", *pace
        )
        return report

    def read_messages(self):
        """Return all mails and text messages that the stack has sent."""
        inboxes = ("ses/messages", "sns/sms-messages")
        return "".join(
            requests.get(f"{self.stack.endpoint}/_ministack/{name}", timeout=15).text for name in inboxes
        )

    def score(self, population):
        known_ids = {str(person.old_id) for person in population.people()}
        imported = read_imported(self.stack.aws, self.stack.outputs, known_ids, OLD_HOSTS)
        return score(expect(population), imported)


@pytest.fixture
def operator(monkeypatch):
    """Have the credentials of the local AWS."""
    for name, value in KEYS.items():
        monkeypatch.setenv(name, value)


@pytest.fixture
def population_import(deploy_dev_stack, tmp_path, capsys, monkeypatch, operator):
    """Return an import into a stack of its own: populations have user names and pictures in common."""
    stack = deploy_dev_stack(
        {
            "pulumi-userprofiles:phoneSignIn": "{}",
            "pulumi-userprofiles:social": '{"redirectPaths": ["/uploads"]}',
            "pulumi-userprofiles:oldUserIdAttribute": "true",
        }
    )
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    return PopulationImport(stack, tmp_path, capsys)


@pytest.mark.long
@pytest.mark.timeout(7_200)
@pytest.mark.parametrize("file_format", [Format.DUMP_GZIP])
@pytest.mark.parametrize("users", [int(os.environ.get("LEGACY_USERS", "100"))])
def test_nobody_is_lost_and_nobody_is_duplicated(population_import, users, file_format):
    """Every claim of the report is the generator's truth, both checklists agree, and no message is sent."""
    seed = random.randrange(1_000, 9_000)
    population = Population(users, seed=seed, now=datetime.now(UTC), most_contents=2)
    population_import.upload(population)

    source = population_import.write(population, file_format)

    # The stack has another template, and sends codes to two countries only.
    assert population_import.preflight(source).keys() <= {"template", "sample: countries"}
    report = population_import.execute(source)
    assert population_import.postflight(report["runId"]) == {}

    assert [row for row in population_import.score(population) if not row.is_true] == [], f"seed {seed}"
    truth = count_truth(population, is_imported=is_clear_or_proposed)
    links = truth.links.values()
    assert report["outcomes"].get("failed", 0) == 0
    assert report["numbers"]["edges in"] == sum(counts.listed for counts in links)
    assert report["numbers"]["edges dangling"] == sum(counts.orphan + counts.left_behind for counts in links)
    messages = population_import.read_messages()
    for person in population.people():
        assert person.phone is None or person.phone.e164 not in messages
        assert person.document.get("email", "no address") not in messages


@pytest.mark.long
@pytest.mark.timeout(600)
def test_delta_pass_brings_what_has_changed(population_import):
    """New biographs, longer plans and new users arrive, and the truth is that of the later population."""
    seed = random.randrange(1_000, 9_000)
    options = {"seed": seed, "now": datetime.now(UTC), "most_contents": 2}
    before, later = Population(100, **options), Population(200, is_later=True, **options)
    population_import.upload(later)
    source = population_import.write(before, Format.LINES)
    population_import.execute(source)
    population_import.write(later, Format.LINES)
    plan = population_import.folder / "later.json"
    rules = ("--media-rules", population_import.folder / "rules.json")
    population_import.run("plan", "--source", source, "--output", plan, *rules)

    ledger = ("--ledger-dir", population_import.folder / "ledger", "--cognito-share", "1")
    decisions = plan.with_suffix(".decisions.json")
    _, report = population_import.run("delta", plan, "--decisions", decisions, *ledger)

    assert report["outcomes"].get("failed", 0) == 0
    assert report["freezeWindow"]["seconds"] > 0
    assert [row for row in population_import.score(later) if not row.is_true] == [], f"seed {seed}"


def test_feedback_of_a_help_desk_is_counted(stack, operator):
    """The command in docs/legacy.md counts a complaint where the checklist reads it."""
    table = stack.outputs["usersTableName"]
    values = [{"Name": name, "Value": value} for name, value in dimensions(table, FEEDBACK).items()]
    target = Stack("", "", table, "", region=stack.region, endpoint_url=stack.endpoint)
    now = datetime.now(UTC)
    before = read_problems(target, now - timedelta(hours=1), now + timedelta(minutes=5))

    stack.aws("cloudwatch").put_metric_data(
        Namespace="UserProfiles", MetricData=[{"MetricName": METRIC, "Dimensions": values, "Value": 1}]
    )

    after = read_problems(target, now - timedelta(hours=1), now + timedelta(minutes=5))
    assert after == {**before, FEEDBACK: before[FEEDBACK] + 1}
