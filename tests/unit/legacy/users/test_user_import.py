"""The import of users: accounts in Cognito, claims and items."""

import pytest
from legacy_pool import START
from userprofiles.legacy.job.stage import Outcome
from userprofiles.legacy.users.pool_accounts import OTHER_OWNER, UNCONFIRMED_USER, UNVERIFIED_USER
from userprofiles.legacy.users.user_binding import DELETED
from userprofiles.lifecycle.erasure.stores.items import ItemStore
from users_world import RUN, SOURCE, legacy_user, phone


def outcomes(results):
    return [(result.outcome, result.reason) for result in results]


class TestNewUser:
    def test_the_user_is_confirmed_with_a_verified_number_and_no_message(self, world):
        results = world.stage().process([legacy_user()])

        sub = world.sub_of(1)
        assert outcomes(results) == [(Outcome.CREATED, "")]
        assert results[0].keys == (f"user/id1/{sub}",)
        assert world.pool.users[sub]["UserStatus"] == "CONFIRMED"
        assert world.pool.attributes(sub) == {
            "sub": sub,
            "phone_number": phone(101),
            "phone_number_verified": "true",
            "custom:old_user_id": "id1",
        }
        assert world.pool.messages == []

    def test_the_password_is_random_and_fits_every_policy(self, world):
        world.stage().process([legacy_user(1), legacy_user(2)])

        passwords = list(world.pool.passwords.values())
        assert len(set(passwords)) == 2
        assert all(99 <= len(password) <= 256 for password in passwords)

    def test_a_pool_with_codes_needs_no_password(self, create_world):
        """AdminCreateUser without a temporary password confirms the user in a pool that offers SMS_OTP."""
        world = create_world(is_passwordless=True)

        world.stage().process([legacy_user()])

        assert world.pool.users[world.sub_of(1)]["UserStatus"] == "CONFIRMED"
        assert world.pool.passwords == {}

    def test_account_and_profile_have_every_field_of_the_old_user(self, world):
        user = legacy_user(
            visibility="private", email_notifications=False, username="Zoë", first_name="Zoë K."
        )

        world.stage().process([user])

        sub = world.sub_of(1)
        account, profile = world.account(sub), world.profile(sub)
        expected_account = {
            "user_id": sub,
            "username": "Zoë",
            "email": None,
            "phone_number": "4155550101",
            "country_code": "1",
            "is_phone_verified": True,
            "first_name": "Zoë K.",
            "profile_picture": "https://example.com/1.jpg",
            "status": "active",
            "migrated_from_old_system": True,
            "old_user_id": "id1",
            "createdBy": "import",
            "migrationRunId": RUN,
            "version": 1,
        }
        assert {name: account[name] for name in expected_account} == expected_account
        expected_profile = {
            "profile_visibility": "private",
            "email_notifications": False,
            "push_notifications": False,
            "migrationRunId": RUN,
        }
        assert {name: profile[name] for name in expected_profile} == expected_profile
        assert profile["setFields"] == ["profile_visibility"]
        assert "auditHead" not in account

    def test_legacy_ids_resolve_both_ways(self, world):
        world.stage().process([legacy_user()])

        sub = world.sub_of(1)
        assert (world.claim(1)["state"], world.claim(1)["sub"]) == ("bound", sub)
        assert world.claim(1)["createdUser"] is True
        assert world.item(sub, f"LEGACY#{SOURCE}#id1")["migrationRunId"] == RUN
        assert world.item(sub, f"LEGACY#{SOURCE}")["oldId"] == "id1"

    def test_a_disabled_user_is_disabled_here(self, world):
        world.stage().process([legacy_user(is_disabled=True)])

        sub = world.sub_of(1)
        assert world.pool.users[sub]["Enabled"] is False
        assert world.account(sub)["status"] == "disabled"

    def test_an_unverified_email_is_kept_beside_the_account_only(self, world):
        """In Cognito, it would be a name of this user, although it may be of another person."""
        results = world.stage().process([legacy_user(email="Ana@Example.com")])

        sub = world.sub_of(1)
        assert "email" not in world.pool.attributes(sub)
        assert world.account(sub)["email"] is None
        assert world.item(sub, f"LEGACY#{SOURCE}#id1")["unverifiedEmail"] == "ana@example.com"
        assert results[0].counts == {"unverified e-mail addresses that are kept beside the account": 1}

    def test_a_verified_email_is_a_name_of_the_user(self, world):
        world.stage().process([legacy_user(email="Ana@Example.com", is_email_verified=True)])

        sub = world.sub_of(1)
        attributes = world.pool.attributes(sub)
        assert (attributes["email"], attributes["email_verified"]) == ("ana@example.com", "true")
        assert world.account(sub)["email"] == "ana@example.com"

    def test_a_picture_that_does_not_fit_is_kept_in_the_mirror(self, world):
        results = world.stage().process([legacy_user(picture="http://old.example.com/1.jpg")])

        sub = world.sub_of(1)
        assert world.account(sub)["profile_picture"] is None
        assert world.item(sub, f"LEGACY#{SOURCE}#id1")["oldPicture"] == "http://old.example.com/1.jpg"
        assert results[0].findings == ("user id1: the old value does not match account.profile_picture",)

    def test_a_picture_gets_its_new_url(self, world):
        stage = world.stage(rewrite_url=lambda url: url.replace("example.com", "cdn.example.org"))

        stage.process([legacy_user()])

        assert world.account(world.sub_of(1))["profile_picture"] == "https://cdn.example.org/1.jpg"


class TestRepetition:
    def test_a_second_run_changes_nothing(self, world):
        world.stage().process([legacy_user()])
        items, calls = world.table.items(), len(world.pool.calls)

        results = world.stage(run_id="run-2").process([legacy_user()])

        assert outcomes(results) == [(Outcome.EXISTED, "")]
        assert world.table.items() == items
        assert len(world.pool.calls) == calls

    def test_the_same_run_has_the_same_result(self, world):
        first = world.stage().process([legacy_user()])
        items = world.table.items()

        assert world.stage().process([legacy_user()]) == first
        assert world.table.items() == items
        assert len(world.pool.users) == 1

    def test_a_user_who_was_deleted_since_is_not_created_again(self, world):
        world.stage().process([legacy_user()])
        world.pool.users.clear()

        results = world.stage().process([legacy_user()])

        assert outcomes(results) == [(Outcome.SKIPPED, "the imported user does not exist any more")]
        assert world.pool.users == {}


class TestErasedUser:
    @pytest.fixture
    def erased(self, world):
        """Import a user and erase the items, as the eraser does."""
        world.stage().process([legacy_user()])
        sub = world.sub_of(1)
        del world.pool.users[sub]
        store = ItemStore(world.table.client, "users")
        for kind in ("ACCOUNT#MAIN", "PROFILE#MAIN"):
            world.table.put({"PK": f"USER#{sub}", "SK": kind, "entityType": "TOMBSTONE"})
        store.delete(sub, lambda: None)
        assert store.count(sub, lambda: None) == 0

    @pytest.mark.usefixtures("erased")
    @pytest.mark.parametrize("run_id", [RUN, "run-2"])
    def test_neither_an_import_nor_a_delta_brings_the_user_back(self, world, run_id):
        items = world.table.items()
        stage = world.stage(run_id=run_id)

        for action in (stage.preview, stage.process, stage.update, stage.verify):
            assert outcomes(action([legacy_user()])) == [(Outcome.SKIPPED, "the user was erased here")]

        assert world.pool.users == {}
        assert world.table.items() == items
        stage.close()

    @pytest.mark.usefixtures("erased")
    def test_the_claim_has_no_value_any_more(self, world):
        assert world.claim(1) == {
            "PK": f"LEGACY#{SOURCE}#id1",
            "SK": "CLAIM#MAIN",
            "entityType": "LEGACY_ERASED",
        }


class TestUserWhoIsHere:
    def test_a_verified_number_binds_the_user_and_changes_nothing(self, world):
        sub = world.pool.add({"phone_number": phone(101), "phone_number_verified": "true"})
        account = {"PK": f"USER#{sub}", "SK": "ACCOUNT#MAIN", "first_name": "New", "auditHead": "x"}
        world.table.put(account)

        results = world.stage().process([legacy_user()])

        assert outcomes(results) == [(Outcome.EXISTED, "")]
        assert results[0].counts["users who were here before"] == 1
        assert world.account(sub) == account
        assert world.profile(sub)["migrationRunId"] == RUN
        assert (world.claim(1)["sub"], world.claim(1)["createdUser"]) == (sub, False)
        assert world.pool.passwords == {}

    def test_a_verified_email_binds_the_user(self, world):
        sub = world.pool.add({"email": "ana@example.com", "email_verified": "true"})

        results = world.stage().process([legacy_user(email="Ana@example.com", is_email_verified=True)])

        assert outcomes(results) == [(Outcome.EXISTED, "")]
        assert world.claim(1)["sub"] == sub

    def test_addresses_of_two_users_are_a_conflict(self, world):
        world.pool.add({"phone_number": phone(101), "phone_number_verified": "true"})
        world.pool.add({"email": "ana@example.com", "email_verified": "true"})

        results = world.stage().process([legacy_user(email="ana@example.com", is_email_verified=True)])

        assert outcomes(results) == [(Outcome.CONFLICT, "the addresses belong to two users here")]

    def test_a_user_of_another_old_user_is_a_conflict(self, world):
        world.stage().process([legacy_user(1)])

        results = world.stage().process([legacy_user(2, phone_number="4155550101")])

        assert outcomes(results) == [(Outcome.CONFLICT, OTHER_OWNER)]
        assert world.claim(1)["state"] == "bound"
        assert world.claim(2)["state"] == "conflict"

    def test_a_user_who_is_marked_for_deletion_gets_nothing(self, world):
        sub = world.pool.add({"phone_number": phone(101), "phone_number_verified": "true"})
        request = {"requestedAt": "a", "eraseAt": "b", "requestedBy": "user", "lists": {}}
        world.table.put({"PK": f"USER#{sub}", "SK": "ACCOUNT#MAIN", "deletion": request})

        results = world.stage().process([legacy_user()])

        assert outcomes(results) == [(Outcome.CONFLICT, DELETED)]
        assert world.item(sub, f"LEGACY#{SOURCE}#id1") is None


class TestAttacks:
    """Nobody gets the data of an old user without the verified address."""

    @pytest.mark.parametrize(
        ("attributes", "status", "reason"),
        [
            ({"phone_number": phone(101)}, "UNCONFIRMED", UNCONFIRMED_USER),
            (
                {"phone_number": phone(101), "email": "m@example.com", "email_verified": "true"},
                "CONFIRMED",
                UNVERIFIED_USER,
            ),
            (
                {"phone_number": phone(101), "custom:old_user_id": "id1", "email_verified": "true"},
                "CONFIRMED",
                UNVERIFIED_USER,
            ),
        ],
        ids=["unconfirmed", "number of somebody else", "old ID written by the user"],
    )
    def test_an_unverified_number_binds_nobody(self, world, attributes, status, reason):
        sub = world.pool.add(attributes, status)

        results = world.stage().process([legacy_user()])

        assert outcomes(results) == [(Outcome.CONFLICT, reason)]
        assert world.claim(1)["state"] == "conflict"
        assert "sub" not in world.claim(1)
        assert [item for item in world.table.items() if item["PK"] == f"USER#{sub}"] == []

    def test_an_unverified_email_binds_nobody(self, world):
        world.pool.add({"email": "ana@example.com"})

        results = world.stage().process([legacy_user(email="ana@example.com", is_email_verified=True)])

        assert outcomes(results) == [(Outcome.CONFLICT, UNVERIFIED_USER)]

    def test_an_unverified_email_of_the_source_binds_nobody(self, world):
        """Everybody could write an address into the old application."""
        sub = world.pool.add({"email": "ana@example.com", "email_verified": "true"})

        world.stage().process([legacy_user(email="ana@example.com")])

        assert world.claim(1)["sub"] != sub

    def test_an_old_id_without_the_address_binds_nobody(self, world):
        sub = world.pool.add(
            {"phone_number": phone(500), "phone_number_verified": "true", "custom:old_user_id": "id1"}
        )

        world.stage().process([legacy_user()])

        assert world.claim(1)["sub"] != sub

    def test_a_verified_user_who_names_the_old_id_is_not_of_the_import(self, world):
        """The user owns the number, so the data are right, but a rollback must keep the user."""
        attributes = {
            "phone_number": phone(101),
            "phone_number_verified": "true",
            "custom:old_user_id": "id1",
        }
        world.pool.add(attributes, created_at=START.replace(year=2025))

        world.stage().process([legacy_user()])

        assert world.claim(1)["createdUser"] is False

    def test_after_the_attacker_has_gone_the_next_run_imports_the_user(self, world):
        world.pool.add({"phone_number": phone(101)}, "UNCONFIRMED")
        world.stage().process([legacy_user()])
        world.pool.users.clear()

        results = world.stage(run_id="run-2").process([legacy_user()])

        assert outcomes(results) == [(Outcome.CREATED, "")]
        assert world.claim(1)["migrationRunId"] == "run-2"

    def test_a_second_run_meets_the_same_conflict(self, world):
        world.pool.add({"phone_number": phone(101)}, "UNCONFIRMED")
        world.stage().process([legacy_user()])

        results = world.stage(run_id="run-2").process([legacy_user()])

        assert outcomes(results) == [(Outcome.CONFLICT, UNCONFIRMED_USER)]
        assert (world.claim(1)["state"], world.claim(1)["migrationRunId"]) == ("conflict", "run-2")
        verified = world.stage(run_id="run-2").verify([legacy_user()])
        assert verified[0].outcome is Outcome.CONFLICT


class TestThrottling:
    def test_throttled_calls_are_repeated_and_reported(self, world):
        world.pool.errors["admin_create_user"] = ["TooManyRequestsException"] * 2

        stage = world.stage()
        results = stage.process([legacy_user(1), legacy_user(2)])

        assert outcomes(results) == [(Outcome.CREATED, "")] * 2
        assert results[0].counts == {"calls that Cognito throttled": 2}
        assert stage.process([legacy_user(1)])[0].counts == {}


class TestRefusals:
    def test_one_refused_user_does_not_stop_the_others(self, world):
        world.pool.errors["admin_create_user"] = ["UserLambdaValidationException"]

        results = world.stage().process([legacy_user(1), legacy_user(2)])

        reason = "Cognito refuses the user: UserLambdaValidationException"
        assert outcomes(results) == [(Outcome.FAILED, reason), (Outcome.CREATED, "")]

    def test_a_document_without_id_fails_alone(self, world):
        results = world.stage().process([legacy_user(old_id=""), legacy_user(2)])

        assert outcomes(results) == [
            (Outcome.FAILED, "the document has no usable ID"),
            (Outcome.CREATED, ""),
        ]
