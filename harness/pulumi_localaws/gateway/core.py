"""The gateway's rules without HTTP: one request in, one answer out, and the emulator behind ``upstream``."""

from collections import deque
from collections.abc import Mapping, Sequence

from pulumi_localaws.gateway.messages import JournalEntry, Request, Response, Upstream

JOURNAL_LENGTH = 2_000
"""Requests that the journal remembers."""


class Core:
    """Decides for each request whether it passes to the emulator as it stands, or what AWS would do besides.

    Args:
        upstream: Sends a request to the emulator.
        endpoint: The gateway's own public URL, ``http://127.0.0.1:<port>``; a relay function posts there.
        region: The region of the gateway's own calls.
        account_id: The emulator's account.
    """

    def __init__(
        self, *, upstream: Upstream, endpoint: str, region: str, account_id: str = "000000000000"
    ) -> None:
        self.upstream = upstream
        self.endpoint = endpoint
        self.region = region
        self.account_id = account_id
        self.journal: deque[JournalEntry] = deque(maxlen=JOURNAL_LENGTH)

    def wants(self, method: str, target: str, headers: Mapping[str, str] | Sequence[tuple[str, str]]) -> bool:
        """Tell whether the core has to see this request; if not, the server streams it through by itself."""
        _ = method, target, headers
        return False

    async def handle(self, request: Request) -> Response:
        """Answer one request."""
        return await self.upstream(request)
