"""A job of the state machine gives users no more than a sign-up of the stack does."""

from dataclasses import replace

import pytest
from userprofiles.backfill.errors import RefusedError
from userprofiles.backfill.job import Job, Operation
from userprofiles.backfill.state_machine.role_check import check_roles
from userprofiles.backfill.state_machine.worker_input import check_job
from userprofiles.backfill.state_machine.worker_settings import WorkerSettings

ENVIRONMENT = {
    "USERS_TABLE": "users",
    "USERS_TABLE_ARN": "arn:aws:dynamodb:us-east-1:123456789012:table/users",
    "MIGRATION_BUCKET": "reports",
    "LEDGER_TABLE": "ledger",
    "TEMPLATE": "marketplace",
}


def job(**rules):
    source = {"kind": "csv", "path": "s3://bucket/users.csv", **rules}
    return Job("run-1", "users", source=source, template="marketplace")


def settings(**variables):
    return WorkerSettings.from_environment(ENVIRONMENT | variables)


def test_rules_of_the_stack_are_accepted():
    stack = settings(SIGN_UP_ROLES="customer,vendor", DEFAULT_ROLE="customer", APPROVAL_ROLES="vendor")

    check_roles(job(roles=["customer", "vendor"], approvalRoles=["vendor"], defaultRole="customer"), stack)
    check_roles(job(roles=["customer"]), stack)
    check_roles(job(roles=["customer"], approvalRoles=["vendor"]), stack)


def test_worker_without_rules_allows_all_roles_of_the_template():
    check_roles(job(), settings())
    check_roles(job(roles=["vendor"], defaultRole="vendor"), settings())


@pytest.mark.parametrize(
    "rules",
    [{}, {"roles": ["customer", "vendor"]}, {"roles": ["customer"], "defaultRole": "vendor"}],
)
def test_role_that_users_can_not_request_is_refused(rules):
    with pytest.raises(RefusedError, match=r"the role 'vendor', which .* Allowed are customer\..*--outputs"):
        check_roles(job(**rules), settings(SIGN_UP_ROLES="customer", DEFAULT_ROLE="customer"))


def test_default_role_of_the_stack_is_allowed_although_nobody_can_request_it():
    stack = settings(SIGN_UP_ROLES="vendor", DEFAULT_ROLE="customer")

    check_roles(job(roles=["vendor"], defaultRole="customer"), stack)


@pytest.mark.parametrize(
    "rules", [{"roles": ["vendor"]}, {"roles": ["customer"], "defaultRole": "vendor"}, {}]
)
def test_role_without_its_approval_is_refused(rules):
    with pytest.raises(RefusedError, match=r"gives the role 'vendor' without approval"):
        check_roles(job(**rules), settings(APPROVAL_ROLES="vendor"))


def test_unknown_role_is_refused():
    with pytest.raises(RefusedError, match=r"Wrong input: the roles of the source: .*king"):
        check_roles(job(roles=["king"]), settings())


def test_jobs_that_create_no_account_need_no_rules():
    stack = settings(SIGN_UP_ROLES="customer", APPROVAL_ROLES="vendor")

    check_roles(Job("run-1", "users", template="marketplace"), stack)
    check_roles(replace(job(), operation=Operation.VERIFY, of_run="run-0"), stack)


def test_each_job_of_the_worker_is_checked():
    with pytest.raises(RefusedError, match="without approval"):
        check_job(job(), settings(APPROVAL_ROLES="vendor"), 100)
