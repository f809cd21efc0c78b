"""The migration of the demo: checklist, plan, two batches, sign-ins, rollback of the second batch."""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from import_commands import ImportCommands
from legacy_population.contents import MEDIA_RULES, OLD_BUCKET
from legacy_population.expectation import Expectation, expect
from legacy_population.imported import Imported, read_imported
from legacy_population.people import Person
from legacy_population.roles import Role
from legacy_population.score import Row, score
from legacy_population.truth import count_truth, is_clear_or_proposed
from new_users import NewApplication
from old_application import OldApplication
from timeline import StepFailedError, Timeline, check
from truth_table import format_rows, rows_json

OLD_HOSTS = (OLD_BUCKET, "cdn.biograph.example")
SIGN_INS = 10
_PACE = ("--cognito-share", "1")  # nobody else signs up here


class Migration:
    """Moves the users of the old application.

    Args:
        application: The old application.
        commands: Runs `userprofiles import`.
        local: The local AWS.
        outputs: The stack's outputs.
        timeline: Shows the steps.
    """

    def __init__(
        self,
        application: OldApplication,
        commands: ImportCommands,
        local: Any,
        outputs: Mapping[str, Any],
        timeline: Timeline,
    ) -> None:
        self._population = application.population
        self._source = ("--source", application.source)
        self._commands = commands
        self._local = local
        self._outputs = outputs
        self._timeline = timeline
        first = self._population.user_count * 19 // 20
        self._batches = (("0", str(first)), (str(first), str(self._population.user_count - first)))
        self._first_batch = first
        self._rules = commands.folder / "media-rules.json"
        self._rules.write_text(json.dumps(MEDIA_RULES))

    def execute(self, application: NewApplication) -> dict[str, list[Mapping[str, Any]]]:
        """Carry out all steps, and return the truth tables."""
        line = self._timeline.print_line
        line("\nThe import, in two batches")
        runs = [self._import_batch(number) for number in range(2)]
        expectation = expect(self._population)
        tables = {"both batches": self._score(expectation)}
        tables["links of the reports"] = self._score_links(runs)

        line("\nOld users sign in by phone code, and see what is theirs")
        self._sign_in(application, expectation)

        line("\nThe second batch is rolled back")
        with self._timeline.step("import rollback") as step:
            report = self._commands.run("rollback", runs[1]["runId"], "--yes", *_PACE)
            step["shows"] = _format(report["outcomes"])
        first = expect(
            self._population, lambda person: person.index < self._first_batch and is_clear_or_proposed(person)
        )
        tables["after the rollback of the second batch"] = self._score(first)
        for title, rows in tables.items():
            for text in format_rows(title, rows):
                line(text)
        return {title: rows_json(rows) for title, rows in tables.items()}

    def _import_batch(self, number: int) -> dict[str, Any]:
        """Plan and apply a batch, with all proposals of the plan, and return the report."""
        plan = self._commands.folder / f"plan-{number + 1}.json"
        skip, limit = self._batches[number]
        part = ("--skip", skip, "--limit", limit)
        with self._timeline.step(f"import plan, users of batch {number + 1}") as step:
            document = self._commands.run(
                "plan", *self._source, *part, *_PACE, "--media-rules", str(self._rules), "--output", str(plan)
            )
            step["shows"] = f"{len(document['conflicts']):,} conflicts, each with a proposal"
        decisions = plan.with_suffix(".decisions.json")
        with self._timeline.step(f"import apply, users of batch {number + 1}, with the proposals") as step:
            report = self._commands.run(
                "apply", str(plan), "--decisions", str(decisions), *_PACE, exit_codes=(0, 2)
            )
            failed = report["outcomes"].get("failed", 0)
            check(failed, 0, "failed records")
            step |= {"report": report, "shows": _format(report["outcomes"])}
        return report

    def _score(self, expectation: Expectation) -> list[Row]:
        return score(expectation, self._read())

    def _read(self) -> Imported:
        known_ids = {str(person.old_id) for person in self._population.people()}
        return read_imported(self._local.client, self._outputs, known_ids, OLD_HOSTS)

    def _score_links(self, runs: Sequence[Mapping[str, Any]]) -> list[Row]:
        """Compare the numbers in the last report with the links that were generated."""
        truth = count_truth(self._population, is_imported=is_clear_or_proposed)
        counts = truth.links.values()
        numbers = Counter(runs[-1]["numbers"])
        expected = {
            "edges in": sum(count.listed for count in counts),
            "edges out": sum(count.imported for count in counts),
            "edges dangling": sum(count.orphan + count.left_behind for count in counts),
            "edges repeated": sum(count.repeated for count in counts),
            "edges to oneself": sum(count.own for count in counts),
        }
        return [
            Row(name, number, lost=max(0, number - numbers[name]), extra=max(0, numbers[name] - number))
            for name, number in expected.items()
        ]

    def _sign_in(self, application: NewApplication, expectation: Expectation) -> None:
        titles = self._titles()
        for person in self._choose(expectation, titles):
            with self._timeline.step(f"user {person.old_id} signs in") as step:
                old_id = str(person.old_id)
                token = application.sign_in(person.phone.e164 if person.phone else "")
                account = application.get("/me/profile", token)["account"]
                check(account["old_user_id"], old_id, "the account's old_user_id")
                content = list(application.get_all("/me/content", "content", token))
                check(sorted(entry["title"] for entry in content), sorted(titles[old_id]), "the content")
                friends = list(application.get_all("/me/friends", "users", token))
                check(len(friends), len(expectation.friends_of(old_id)), "the friends")
                plan = application.get("/me/subscription", token)
                end = plan["ends_at"] and plan["ends_at"].replace("Z", "+00:00")
                check(end, person.premium_end and person.premium_end.isoformat(), "the end of the plan")
                step["shows"] = (
                    f"{len(content)} biographs, {len(friends)} friends, premium for "
                    f"{plan['remaining_days']} days"
                )

    def _titles(self) -> dict[str, list[str]]:
        """Return the titles of the content by the owner's old ID."""
        titles: dict[str, list[str]] = {}
        for block in self._population.blocks():
            for content in block.contents:
                if content.owner is not None:
                    titles.setdefault(str(content.owner.old_id), []).append(content.document["title"])
        return titles

    def _choose(self, expectation: Expectation, titles: Mapping[str, Any]) -> list[Person]:
        """Return users of both batches who have content, friends and a paid plan that runs."""
        users = [
            person
            for old_id, person in expectation.users.items()
            if person.role is Role.PLAIN
            and old_id in titles
            and expectation.friends_of(old_id)
            and person.premium_end is not None
            and person.premium_end > self._population.now
        ]
        if len(users) < SIGN_INS:
            raise StepFailedError(f"only {len(users)} users have content, friends and a paid plan")
        step = len(users) // SIGN_INS
        return users[::step][:SIGN_INS]


def _format(outcomes: Mapping[str, int]) -> str:
    return ", ".join(f"{count:,} {name}" for name, count in outcomes.items())
