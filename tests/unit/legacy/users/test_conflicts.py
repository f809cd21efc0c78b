"""Users who need a decision: unusable numbers, shared addresses and names."""

import json
import stat

import pytest
from userprofiles.legacy.job.stage import Conflict, Outcome
from userprofiles.legacy.users.address_index import AddressIndex
from userprofiles.legacy.users.addresses import read_addresses
from userprofiles.legacy.users.decisions import DecisionError, Decisions, proposals, read_choices
from users_world import legacy_user


def outcomes(results):
    return [(result.outcome, result.reason) for result in results]


def conflicts_of(world, *users):
    stage = world.stage()
    stage.preview(users)
    conflicts = stage.conflicts()
    stage.close()
    return conflicts


class TestPhoneNumbers:
    @pytest.mark.parametrize(
        ("number", "code", "expected"),
        [
            ("4155550100", "1", "+14155550100"),
            ("(415) 555-0100", "", "+14155550100"),
            ("+1 415 555 0100", "44", "+14155550100"),
            ("020 7946 0958", "44", ""),
            ("7400 123456", "44", "+447400123456"),
            ("\u202a+14155550100\u202c", "1", "+14155550100"),
        ],
        ids=["plain", "default code", "international", "fixed line", "national", "direction marks"],
    )
    def test_numbers_are_normalized(self, number, code, expected):
        user = legacy_user(phone_number=number, country_code=code)

        assert read_addresses(user).phone == expected

    def test_the_default_country_code_can_be_set(self):
        user = legacy_user(phone_number="7400 123456", country_code="")

        assert read_addresses(user, "44").phone == "+447400123456"

    @pytest.mark.parametrize(
        ("values", "reason"),
        [
            ({"phone_number": ""}, "the user has no phone number"),
            ({"phone_number": "12"}, "the phone number is not valid"),
            ({"phone_number": "CANARY"}, "the phone number is not valid"),
            ({"country_code": "0"}, "the country code of the phone number is not valid"),
            ({"phone_number": "9002345678"}, "the phone number has premium rates"),
            ({"is_phone_verified": False}, "the old application has not verified the phone number"),
        ],
    )
    def test_an_unusable_number_is_a_conflict(self, world, values, reason):
        user = legacy_user(**values)

        assert outcomes(world.stage().process([user])) == [(Outcome.CONFLICT, reason)]
        assert world.table.items() == []
        assert conflicts_of(world, user) == [
            Conflict(kind=reason, record_ids=("id1",), proposal={"id1": "skip"})
        ]

    def test_a_user_with_a_verified_email_can_be_imported_without_the_number(self, world):
        user = legacy_user(phone_number="12", email="ana@example.com", is_email_verified=True)

        assert conflicts_of(world, user)[0].proposal == {"id1": "import"}
        results = world.stage(decisions=Decisions({"id1": "import"})).process([user])

        assert outcomes(results) == [(Outcome.CREATED, "")]
        (sub,) = world.pool.users
        assert world.pool.attributes(sub)["email_verified"] == "true"
        assert "phone_number" not in world.pool.attributes(sub)

    def test_an_unverified_number_is_never_proposed_for_import(self, world):
        """The import would store another person's number as verified."""
        user = legacy_user(is_phone_verified=False, email="ana@example.com", is_email_verified=True)

        assert proposals(conflicts_of(world, user)) == {"id1": "skip"}

    def test_a_decision_does_not_make_a_number_usable(self, world):
        results = world.stage(decisions=Decisions({"id1": "import"})).process(
            [legacy_user(phone_number="12")]
        )

        assert outcomes(results) == [(Outcome.CONFLICT, "the phone number is not valid")]


class TestSharedValues:
    def test_the_user_who_changed_last_keeps_the_number(self, world):
        users = [
            legacy_user(1, updated_at="2025-01-02T00:00:00.000Z"),
            legacy_user(2),
            legacy_user(3, phone_number="+14155550101", updated_at="2025-03-01T00:00:00.000Z"),
        ]

        assert conflicts_of(world, *users) == [
            Conflict(
                kind="phone number",
                record_ids=("id1", "id3"),
                proposal={"id1": "skip", "id3": "import"},
            )
        ]

    def test_an_unverified_number_never_wins(self, world):
        users = [
            legacy_user(1),
            legacy_user(
                2, phone_number="4155550101", is_phone_verified=False, updated_at="2026-01-01T00:00:00.000Z"
            ),
        ]

        assert conflicts_of(world, *users)[0].proposal == {"id1": "import", "id2": "skip"}

    def test_user_names_that_differ_by_case_can_all_be_imported(self, world):
        users = [legacy_user(1, username="Straße"), legacy_user(2, username="STRASSE")]

        assert conflicts_of(world, *users) == [
            Conflict(kind="user name", record_ids=("id1", "id2"), proposal={"id1": "import", "id2": "import"})
        ]

    def test_emails_that_differ_by_case_are_shared(self, world):
        emails = ("Ana@example.com", "ana@Example.com")
        verified = [
            legacy_user(number, email=email, is_email_verified=True) for number, email in enumerate(emails, 1)
        ]
        unverified = [legacy_user(number, email=email) for number, email in enumerate(emails, 1)]

        assert [conflict.kind for conflict in conflicts_of(world, *verified)] == ["e-mail address"]
        assert [conflict.kind for conflict in conflicts_of(world, *unverified)] == [
            "unverified e-mail address"
        ]

    def test_no_user_of_a_group_is_imported_without_a_decision(self, world):
        users = [legacy_user(1), legacy_user(2, phone_number="4155550101"), legacy_user(3)]
        conflicts = conflicts_of(world, *users)

        results = world.stage(decisions=Decisions.create({}, conflicts)).process(users)

        reason = "another user has the same phone number"
        assert outcomes(results) == [
            (Outcome.CONFLICT, reason),
            (Outcome.CONFLICT, reason),
            (Outcome.CREATED, ""),
        ]

    def test_the_proposals_of_the_plan_can_be_applied(self, world):
        users = [
            legacy_user(1),
            legacy_user(2, phone_number="4155550101", updated_at="2026-01-01T00:00:00.000Z"),
            legacy_user(3, phone_number=""),
        ]
        conflicts = conflicts_of(world, *users)
        decisions = Decisions.create(proposals(conflicts), conflicts)

        results = world.stage(decisions=decisions).process(users)

        assert [result.outcome for result in results] == [
            Outcome.SKIPPED,
            Outcome.CREATED,
            Outcome.SKIPPED,
        ]
        assert len(world.pool.users) == 1


class TestPreview:
    def test_nothing_is_written_and_no_user_of_the_pool_is_read(self, world):
        users = [legacy_user(1), legacy_user(2, phone_number="4155550101"), legacy_user(3)]
        conflicts = conflicts_of(world, *users)
        stage = world.stage(decisions=Decisions.create({}, conflicts))

        results = stage.preview(users)
        stage.close()

        assert [result.outcome for result in results] == [
            Outcome.CONFLICT,
            Outcome.CONFLICT,
            Outcome.CREATED,
        ]
        assert (world.table.items(), world.pool.calls) == ([], [])

    def test_imported_users_exist(self, world):
        world.stage().process([legacy_user(1)])
        stage = world.stage(run_id="run-2")

        results = stage.preview([legacy_user(1), legacy_user(2)])
        stage.close()

        assert [result.outcome for result in results] == [Outcome.EXISTED, Outcome.CREATED]


class TestIndex:
    def test_the_file_is_private_without_values_and_deleted_at_the_end(self, tmp_path):
        index = AddressIndex(tmp_path)
        for number in range(2_000):
            index.add(f"id{number}", "", [("phone number", f"+1CANARY{number}")])
        (folder,) = tmp_path.iterdir()
        files = list(folder.iterdir())

        modes = [stat.S_IMODE(path.stat().st_mode) for path in (folder, *files)]
        contents = b"".join(path.read_bytes() for path in files)
        index.close()

        assert modes == [0o700, *[0o600] * len(files)]
        assert b"CANARY" not in contents
        assert list(tmp_path.iterdir()) == []

    def test_the_same_user_twice_shares_nothing(self, tmp_path):
        index = AddressIndex(tmp_path)
        index.add("id1", "", [("phone number", "1")])
        index.add("id1", "", [("phone number", "1")])

        shared = list(index.shared_values())
        index.close()

        assert shared == []


class TestDecisions:
    def test_two_users_of_one_number_can_not_both_be_imported(self):
        conflict = Conflict(kind="phone number", record_ids=("a", "b", "c"), proposal={})

        with pytest.raises(DecisionError, match=r"import 2 users with the same phone number: a, c\."):
            Decisions.create({"a": "import", "b": "skip", "c": "import"}, [conflict])

    def test_a_user_with_several_conflicts_is_skipped_in_doubt(self):
        conflicts = [
            Conflict(kind="user name", record_ids=("a", "b"), proposal={"a": "import", "b": "import"}),
            Conflict(kind="phone number", record_ids=("a", "c"), proposal={"a": "skip", "c": "import"}),
        ]

        assert proposals(conflicts) == {"a": "skip", "b": "import", "c": "import"}

    @pytest.mark.parametrize(
        ("content", "message"),
        [
            (None, "can't be read: No such file"),
            ("{", "is not JSON"),
            ("[]", "has a JSON list"),
            ('{"a": "yes", "b": "skip"}', "another value than import and skip for a"),
        ],
    )
    def test_a_wrong_file_is_explained(self, tmp_path, content, message):
        file = tmp_path / "decisions.json"
        if content is not None:
            file.write_text(content)

        with pytest.raises(DecisionError, match=message):
            read_choices(file)

    def test_a_file_is_read(self, tmp_path):
        file = tmp_path / "decisions.json"
        file.write_text(json.dumps({"a": "import"}))

        assert read_choices(file) == {"a": "import"}
