"""Python library: create, read and change profiles from your own server code.

It uses the same registration, validation and audit trail as the Cognito trigger and the profile API.
"""

from userprofiles.library.logs import DATE_FORMAT, LOG_FORMAT, install_log_handler
from userprofiles.library.profile_client import ProfileClient, connect
from userprofiles.library.profile_integration import ProfileIntegration
from userprofiles.library.profile_manager import ProfileManager
from userprofiles.library.result import ErrorKind, ProfileCreationResult, ProfileReadError

# The names of the profile creation guide.
AutoProfileManager = ProfileManager
ProfileAuthIntegration = ProfileIntegration

__all__ = [
    "DATE_FORMAT",
    "LOG_FORMAT",
    "AutoProfileManager",
    "ErrorKind",
    "ProfileAuthIntegration",
    "ProfileClient",
    "ProfileCreationResult",
    "ProfileIntegration",
    "ProfileManager",
    "ProfileReadError",
    "connect",
    "install_log_handler",
]
