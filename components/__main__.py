"""Serves the components to all Pulumi languages: `pulumi package add <this folder>`."""

from pulumi.provider.experimental import component_provider_host
from pulumi_userprofiles import (
    AfterSignUp,
    AvatarBucket,
    ErasureQueue,
    ErasureWorker,
    JobLedger,
    MediaBucket,
    MigrationJob,
    OutboxWorker,
    PhoneSignIn,
    PhoneSignInApi,
    ProfileApi,
    PythonFunction,
    Reconciler,
    ReportsBucket,
    SignupToProfile,
    SignUpTriggers,
    SocialApi,
    TableBackups,
    UserPool,
    UsersTable,
)

COMPONENTS = [
    AfterSignUp,
    AvatarBucket,
    ErasureQueue,
    ErasureWorker,
    JobLedger,
    MediaBucket,
    MigrationJob,
    OutboxWorker,
    PhoneSignIn,
    PhoneSignInApi,
    ProfileApi,
    PythonFunction,
    Reconciler,
    ReportsBucket,
    SignUpTriggers,
    SignupToProfile,
    SocialApi,
    TableBackups,
    UserPool,
    UsersTable,
]

if __name__ == "__main__":
    component_provider_host(name="userprofiles", components=COMPONENTS)
