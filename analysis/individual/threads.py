"""One thread for small tables: starting two for each of many small products takes longer than the products do."""

from contextlib import AbstractContextManager, nullcontext
from importlib import import_module


def one_thread() -> AbstractContextManager[object]:
    """A context in which numerical libraries work on one thread; without threadpoolctl, on as many as they like.

    It changes how long things take and nothing else. threadpoolctl comes with scikit-learn.
    """
    try:
        limits: AbstractContextManager[object] = import_module("threadpoolctl").threadpool_limits(limits=1)
    except ImportError:
        return nullcontext()
    return limits
