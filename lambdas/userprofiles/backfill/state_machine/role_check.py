"""Checks that an import gives users no more than a sign-up does: the role rules of the stack."""

from userprofiles.backfill.errors import RefusedError
from userprofiles.backfill.job import Job, Operation
from userprofiles.backfill.state_machine.worker_settings import WorkerSettings
from userprofiles.backfill.targets.user_roles import load_roles, load_template
from userprofiles.settings import SettingsError


def check_roles(job: Job, settings: WorkerSettings) -> None:
    """Check the roles that a job gives to the users of its source.

    Who can start an execution can name any roles in its input. So the rules of the stack are checked here.

    Raises:
        RefusedError: The job gives a role that a sign-up does not give, or without the approval that a
            sign-up requires.
    """
    if not job.creates_accounts or job.operation is not Operation.CREATE:
        return
    try:
        roles = load_roles(job)
        template = load_template(job)
    except SettingsError as error:
        raise RefusedError(f"Wrong input: the roles of the source: {error}") from error
    job_roles = {*roles.allowed, roles.default}
    stack_roles = {
        *(settings.sign_up_roles or template.roles),
        settings.default_role or template.default_role,
    }
    further_roles = sorted(job_roles - stack_roles)
    if further_roles:
        raise RefusedError(
            f"The job can give the role {further_roles[0]!r}, which users of the stack can't request. "
            f"Allowed are {', '.join(sorted(stack_roles))}. {_MAKE_PLAN}"
        )
    approval_roles = set(job.source.get("approvalRoles", ()))
    unapproved_roles = sorted(job_roles & set(settings.approval_roles) - approval_roles)
    if unapproved_roles:
        raise RefusedError(
            f"The job gives the role {unapproved_roles[0]!r} without approval. In the stack, "
            f"{', '.join(sorted(settings.approval_roles))} need an approval. {_MAKE_PLAN}"
        )


_MAKE_PLAN = (
    "Make a plan with --outputs FILE, the outputs of the stack; or use --engine local, which follows the "
    "options of the plan."
)
