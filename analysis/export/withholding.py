"""What may not be passed on: rows of restricted sources are replaced by keyed hashes.

A hash tells equal rows from others and nothing more; whoever has the key and the source can find the rows again.
"""

import hashlib
import hmac
import os
import secrets
from pathlib import Path

from demoscope.errors import DocumentError

KEY_BYTES = 32


def key_beside(store: Path) -> bytes:
    """The secret of a store, kept beside it as ``<store>.key`` for its owner alone; made when it is absent.

    Raises
    ------
    DocumentError
        If it cannot be read or written.
    """
    path = Path(f"{store}.key")
    try:
        try:
            handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:
            return bytes.fromhex(path.read_text(encoding="ascii").strip())
        with os.fdopen(handle, "w", encoding="ascii") as file:
            key = secrets.token_bytes(KEY_BYTES)
            file.write(key.hex() + "\n")
        return key
    except (OSError, ValueError) as error:
        raise DocumentError(
            f"{path}: the key of the hashes cannot be read or made ({error}). Restore it, or give --with-restricted "
            "where the source's terms allow that its rows are passed on."
        ) from None


def hashed(text: str, key: bytes) -> str:
    """Keyed hash (HMAC-SHA-256, 128 bits in hex) of a text.

    >>> hashed("a row", b"secret") == hashed("a row", b"secret") != hashed("a row", b"other")
    True
    """
    return hmac.new(key, text.encode("utf-8", "surrogatepass"), hashlib.sha256).hexdigest()[:32]
