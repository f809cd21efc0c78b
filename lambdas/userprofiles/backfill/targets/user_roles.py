"""The template and the roles of users who get an account: the same rules as at a sign-up."""

from userprofiles import settings
from userprofiles.backfill.job import Job
from userprofiles.backfill.targets.user_builder import UserBuilder
from userprofiles.settings import Roles
from userprofiles.template import Template


def load_template(job: Job) -> Template:
    """Return the template of a job. New users of its approval roles are pending.

    Raises:
        userprofiles.settings.SettingsError, userprofiles.template.TemplateError: The job is wrong.
    """
    return settings.template(_environment(job))


def load_roles(job: Job) -> Roles:
    """Return the roles that the source of a job may set. Default: all roles of the template.

    Raises:
        userprofiles.settings.SettingsError, userprofiles.template.TemplateError: The job is wrong.
    """
    return settings.roles(_environment(job), load_template(job))


def create_user_builder(job: Job) -> UserBuilder:
    """Return the builder of a job's accounts and profiles.

    Raises:
        userprofiles.settings.SettingsError, userprofiles.template.TemplateError: The job is wrong.
    """
    return UserBuilder(load_template(job), load_roles(job).default, job.run_id)


def _environment(job: Job) -> dict[str, str]:
    """Return the settings as the functions have them in their environment."""
    return {
        "TEMPLATE": job.template,
        "SIGN_UP_ROLES": ",".join(job.source.get("roles", ())),
        "APPROVAL_ROLES": ",".join(job.source.get("approvalRoles", ())),
        "DEFAULT_ROLE": job.source.get("defaultRole", ""),
    }
