"""libpq itself: neither psycopg shows the SQLSTATE of a failed sign-in."""

import ctypes
import ctypes.util
import re
import time

POLLING_FAILED, POLLING_OK = 0, 3
VERBOSE = 2


def sqlstate_of_sign_in(parameters, timeout=20):
    """The SQLSTATE with which the server refuses to let us in; None if it does let us in or says nothing."""
    pq = ctypes.CDLL(ctypes.util.find_library("pq"))
    pq.PQconnectStart.restype = ctypes.c_void_p
    pq.PQerrorMessage.restype = ctypes.c_char_p
    quoted = {k: str(v).replace("\\", "\\\\").replace("'", "\\'") for k, v in parameters.items()}
    conn = ctypes.c_void_p(pq.PQconnectStart(" ".join(f"{k}='{v}'" for k, v in quoted.items()).encode()))
    try:
        pq.PQsetErrorVerbosity(conn, VERBOSE)
        end = time.monotonic() + timeout
        while (state := pq.PQconnectPoll(conn)) not in (POLLING_FAILED, POLLING_OK):
            if time.monotonic() > end:
                raise TimeoutError
            time.sleep(0.002)
        found = re.search(r"FATAL:  ([0-9A-Z]{5}):", pq.PQerrorMessage(conn).decode())
        return found and found[1]
    finally:
        pq.PQfinish(conn)
