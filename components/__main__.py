"""Serves the components to all Pulumi languages: `pulumi package add <this folder>`."""

from pulumi.provider.experimental import component_provider_host
from pulumi_userprofiles import (
    AfterSignUp,
    AvatarBucket,
    MigrationJob,
    OutboxWorker,
    ProfileApi,
    PythonFunction,
    ReportsBucket,
    SignupToProfile,
    SignUpTriggers,
    UserPool,
    UsersTable,
)

COMPONENTS = [
    AfterSignUp,
    AvatarBucket,
    MigrationJob,
    OutboxWorker,
    ProfileApi,
    PythonFunction,
    ReportsBucket,
    SignUpTriggers,
    SignupToProfile,
    UserPool,
    UsersTable,
]

if __name__ == "__main__":
    component_provider_host(name="userprofiles", components=COMPONENTS)
