"""Seeds: every random stream of a run is derived from one number and a name.

Two streams with different names are independent, so adding a contestant changes no other one.
"""

import hashlib


def derive_seed(seed: int, *names: str | int) -> int:
    """Return the seed of the stream called `names` under the root `seed`.

    Args:
        seed: root seed of the run.
        *names: what the stream is for, for example `"darts", "weights"`.

    Returns:
        An integer in [0, 2^63): the first 63 bits of a SHA-256 digest.

    >>> derive_seed(0, "darts") == derive_seed(0, "darts")
    True
    >>> derive_seed(0, "darts") == derive_seed(0, "random")
    False
    """
    text = "\x1f".join([str(seed), *(f"{type(name).__name__}:{name}" for name in names)])
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big") >> 1
