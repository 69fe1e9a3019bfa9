"""What happens on the line while a request goes out."""

from collections.abc import Mapping

from tui_tracker.core.clock import Clock
from tui_tracker.core.errors import RateLimitedError
from tui_tracker.sources.budget import RequestBudget


class RequestTrace:
    """What httpcore says about one request while it goes out.

    Args:
        clock: Stamps the instant at which the request leaves.
        budget: Told of that instant, since a connection may have to be made before.
        weight: How many requests this one counts as.
    """

    sent_s: float
    """When the request left, or, before that, when it was begun, by the clock that never goes back."""

    def __init__(self, clock: Clock, budget: RequestBudget, weight: int = 1) -> None:
        self._clock = clock
        self._budget = budget
        self._weight = weight
        self.sent_s = clock.monotonic_s()
        self._began = False
        self._connected = False
        self._answered = False

    @property
    def is_reused(self) -> bool:
        """Whether the request went out on a kept connection and nothing came back."""
        return self._began and not self._connected and not self._answered

    async def note(self, event: str, _info: Mapping[str, object]) -> None:
        """Called by httpcore at each step; see its documentation of the ``trace`` extension.

        Raises:
            RateLimitedError: The answer to another request asked to slow down while this one was being connected.
        """
        match event.partition(".")[2]:
            case "connect_tcp.started" | "connect_unix_socket.started":
                self._connected = True
            case "send_request_headers.started":
                if (until_s := self._budget.limited_until_s) is not None:
                    raise RateLimitedError(
                        "the exchange asked to slow down meanwhile", until_s - self._clock.monotonic_s()
                    )
                self._began = True
                self.sent_s = self._clock.monotonic_s()
                self._budget.note_sent(self._weight)
            case "receive_response_headers.complete":
                self._answered = True
