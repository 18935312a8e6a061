"""Seeds come from names: every random draw is derived from the wave's seed and a key, never from global state.

So the same people, decodings and presentations come out whatever the number of actors, their order, a crash
or a resume, and the first hundred of a thousand people are the hundred.
"""

import hashlib

import numpy as np
from numpy.typing import NDArray


def digest(seed: int, *key: str | int) -> bytes:
    """Stable 128-bit digest of a seed and a key.

    Strings and integers are kept apart (``"1"`` is not ``1``) and lengths are part of the digest, so no two
    different keys are written alike.

    >>> digest(1, "person", 2) == digest(1, "person", "2")
    False

    Raises
    ------
    TypeError
        If a part is neither a string nor an integer.
    """
    hasher = hashlib.blake2b(digest_size=16, person=b"demoscope")
    for part in (seed, *key):
        if isinstance(part, str):
            body = part.encode()
            hasher.update(b"s%d:" % len(body) + body)
        elif isinstance(part, int):
            hasher.update(b"i%d:" % part)
        else:
            raise TypeError(f"A seed key is made of strings and integers, got {part!r}.")
    return hasher.digest()


def number(seed: int, *key: str | int) -> int:
    """Seed in [0, 2**32) for libraries that take an integer, such as a sampler of llama.cpp or an API's ``seed``."""
    return int.from_bytes(digest(seed, *key)[:4], "little")


def generator(seed: int, *key: str | int) -> np.random.Generator:
    """Independent generator for one key.

    >>> generator(7, "a").integers(100) == generator(7, "a").integers(100)
    np.True_
    """
    return np.random.Generator(np.random.PCG64(int.from_bytes(digest(seed, *key), "little")))


def uniforms(seed: int, *key: str | int, start: int, stop: int, draws: int) -> NDArray[np.float64]:
    """Uniform numbers for the people ``start`` to ``stop - 1``, a row each, whatever else is drawn.

    Counter-based (Philox 4x64): row ``i`` depends on the seed, the key and ``i`` alone, so any slice of a
    population can be drawn by itself at the speed of one vectorised call.

    Parameters
    ----------
    start, stop : int
        Half-open range of people, ``0 <= start <= stop``.
    draws : int
        Numbers per person, at least 1.

    Returns
    -------
    numpy.ndarray, shape (stop - start, draws)
        Values in [0, 1).

    >>> everybody = uniforms(7, "people", start=0, stop=10, draws=3)
    >>> bool((everybody[4:6] == uniforms(7, "people", start=4, stop=6, draws=3)).all())
    True
    """
    if not 0 <= start <= stop or draws < 1:
        raise ValueError(f"Need 0 <= start <= stop and draws >= 1, got {start}, {stop} and {draws}.")
    blocks = -(-draws // 4)  # a Philox counter step yields four 64-bit words
    philox = np.random.Philox(key=int.from_bytes(digest(seed, *key), "little"), counter=start * blocks)
    words = philox.random_raw((stop - start) * blocks * 4).reshape(stop - start, blocks * 4)[:, :draws]
    return np.asarray((words >> np.uint64(11)) * 2.0**-53)
