"""What the tests of the wire share: a secret, and waiting."""

import time

KEY = b"sixteen bytes or more"
PATIENCE_S = 20.0


def until(condition):
    """Waits for a condition; what it gave last."""
    end = time.perf_counter() + PATIENCE_S
    while not (value := condition()) and time.perf_counter() < end:
        time.sleep(0.005)
    return value
