"""Each way into the pool ends in exactly one account and one profile. The same table is in the documentation.

The events are those that Cognito sends, or none where no trigger fires. Then come the steps that complete a
user: the first access to the API, and the scheduled reconciliation.
"""

import uuid

import pytest
from fake_pool import POOL_ID
from userprofiles.lifecycle.reconciliation.reconciler_settings import ReconcilerSettings
from userprofiles.registration import cognito_user
from userprofiles.registration.post_confirmation import ConfirmationProcessor
from userprofiles.table import audit

CONFIRM_SIGN_UP = "PostConfirmation_ConfirmSignUp"
RESET_PASSWORD = "PostConfirmation_ConfirmForgotPassword"
FEDERATED = "PostConfirmation_ConfirmSignUp_federated"


@pytest.fixture
def reconcile(tables, pool, create_registrar, report):
    tables._create("state", ("PK", "SK"), {})
    settings = ReconcilerSettings(
        dynamodb=tables.client._client,
        cognito=pool,
        registrar=create_registrar("reconciler"),
        users_table=tables.users,
        state_table="state",
        pool_id=POOL_ID,
        interval_hours=24,
        unconfirmed_days=7,
        requests_per_second=100_000,
    )

    def run():
        tables.client.delete_item(TableName="state", Key={"PK": {"S": "STATE"}, "SK": {"S": "STATE"}})
        reconciliation = settings.create_reconciliation(report, owner=uuid.uuid4().hex, deadline=float("inf"))
        assert reconciliation.run(900)["status"] == "done"

    return run


@pytest.fixture
def take_steps(load_event, create_registrar, report, reconcile):
    """Return a function that takes the steps of a way: events, first access, scheduled reconciliation."""
    processor = ConfirmationProcessor(create_registrar(CONFIRM_SIGN_UP), None, report)

    def take(event_names, user_with_access):
        for name in event_names:
            processor.process(load_event(name))
        if user_with_access is not None:
            create_registrar("api").register(user_with_access)
        reconcile()

    return take


@pytest.mark.parametrize(
    ("event_names", "status", "has_access", "created_by"),
    [
        pytest.param([CONFIRM_SIGN_UP], "CONFIRMED", True, "sign_up", id="SignUp, ConfirmSignUp"),
        pytest.param([CONFIRM_SIGN_UP], "CONFIRMED", False, "sign_up", id="SignUp, AdminConfirmSignUp"),
        pytest.param([CONFIRM_SIGN_UP], "CONFIRMED", True, "sign_up", id="SignUp, confirmed by PreSignUp"),
        pytest.param([], "CONFIRMED", True, "first_access", id="AdminCreateUser, first sign-in"),
        pytest.param([], "FORCE_CHANGE_PASSWORD", False, "reconciler", id="AdminCreateUser, no sign-in"),
        pytest.param([], "CONFIRMED", False, "reconciler", id="AdminCreateUser, AdminSetUserPassword"),
        pytest.param([RESET_PASSWORD], "CONFIRMED", True, "first_access", id="CSV import, new password"),
        pytest.param([], "RESET_REQUIRED", False, "reconciler", id="CSV import, no sign-in"),
        pytest.param([FEDERATED], "EXTERNAL_PROVIDER", True, "sign_up", id="federated, trigger fires"),
        pytest.param([], "EXTERNAL_PROVIDER", True, "first_access", id="federated, no trigger"),
        pytest.param([], "CONFIRMED", True, "first_access", id="UserMigration, sign-in"),
        pytest.param([RESET_PASSWORD], "CONFIRMED", False, "reconciler", id="UserMigration, new password"),
    ],
)
def test_way_ends_in_exactly_one_profile(
    take_steps, load_event, pool, tables, *, event_names, status, has_access, created_by
):
    event = load_event(event_names[0] if event_names else CONFIRM_SIGN_UP)
    user = cognito_user.from_event(event)
    pool.add(user.name, dict(user.attributes), status)

    take_steps(event_names, user if has_access else None)

    account, profile = tables.items()
    assert (account["SK"], profile["SK"]) == ("ACCOUNT#MAIN", "PROFILE#MAIN")
    assert account["createdBy"] == created_by
    rows = tables.audit_rows()
    assert [row["action"] for row in rows] == ["REGISTERED"]
    assert audit.verify(rows, account["auditHead"]) == 1

    take_steps(event_names, user)
    assert tables.items() == [account, profile]
