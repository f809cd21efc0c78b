"""The routes of the profile API. The handler, the HTTP API and its CORS configuration use this table."""

from typing import NamedTuple


class Route(NamedTuple):
    """A route of the profile API."""

    method: str
    path: str
    needs_token: bool

    @property
    def key(self) -> str:
        """Key of the route in an HTTP API, such as `GET /health`."""
        return f"{self.method} {self.path}"


HEALTH = Route("GET", "/health", needs_token=False)
READ_PROFILE = Route("GET", "/me/profile", needs_token=True)
CHANGE_PROFILE = Route("PATCH", "/me/profile", needs_token=True)

ROUTES = (HEALTH, READ_PROFILE, CHANGE_PROFILE)
"""All routes."""
