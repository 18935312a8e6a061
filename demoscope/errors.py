"""Mistakes a person can make, told to that person: what happened, what would be right, what to do now.

Every error here ends the command line without a traceback, with the exit code it carries.
"""


class DemoscopeError(Exception):
    """A mistake or a condition that the user can understand and act on."""

    exit_code: int = 2
    """What the command line returns: 2 wrong input, 3 interrupted and resumable."""


class DocumentError(DemoscopeError):
    """A questionnaire, population or wave document that cannot be used as it is."""


class StoreError(DemoscopeError):
    """A store that cannot be opened, continued or written."""


class BackendError(DemoscopeError):
    """A backend that cannot be built: a missing model, package or ability."""


class WavePaused(DemoscopeError):
    """The wave stopped before its end; what was saved is safe and the same command continues."""

    exit_code = 3
