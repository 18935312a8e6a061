"""What an endpoint sends back, read without trust: a reply, or a failure that says what it is."""

from dataclasses import dataclass

from simulator.protocols.interface import ErrorKind


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens that a request took, as the endpoint counts them."""

    input: int = 0
    """Tokens of the prompt, cached ones included."""
    output: int = 0
    """Tokens of the reply, reasoning included."""
    cached: int = 0
    """Tokens of the prompt that came from the provider's cache."""
    reasoning: int = 0
    """Tokens of the reasoning."""


class Failure(Exception):
    """A try that brought no reply, and why."""

    def __init__(
        self,
        kind: ErrorKind,
        reason: str,
        *,
        retry_after: float | None = None,
        status: int | None = None,
        usage: Usage | None = None,
    ) -> None:
        super().__init__(reason)
        self.kind = kind
        """The sort of failure."""
        self.reason = reason
        """What happened, for people; holds no key."""
        self.retry_after = retry_after
        """Seconds after which the endpoint wants to be asked again, when it says so."""
        self.status = status
        """HTTP status, when there was one."""
        self.usage = usage
        """Tokens that it took nevertheless, when the endpoint says so."""
