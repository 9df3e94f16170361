"""What a driver lets a program see, one JSON line a step."""

import datetime
import decimal
import json
import os
import re
import uuid

COLUMNS = "name, email, ssn, age, born, balance, amount, active, seen, token, photo, extra, code, big, small"
TOKEN = uuid.UUID("6f8a1e9c-0f3a-4c4b-9d5e-0123456789ab")
WHEN = datetime.datetime(2024, 2, 29, 23, 59, 58, 123456, tzinfo=datetime.timezone.utc)
BORN = datetime.date(1979, 5, 4)

# A value of each column that can be searched, with the type of an array of them.
SOUGHT = {
    "email": "ada1@python.test",
    "age": 45,
    "born": BORN,
    "seen": WHEN,
    "token": TOKEN,
    "code": "K-17",
    "big": 1 << 60,
    "small": -7,
}

# Statements that fail, with what is asked of the error's position: it is only compared where the text is at fault.
ERRORS = {
    "unique": ("insert into people (id, name, email) values (9001, %s, %s)", ("x", "ada1@python.test")),
    "not null": ("insert into people (id, name, email) values (9001, %s, %s)", (None, "z")),
    "bad int": ("select id from people where age = %s", ("abc",)),
    "bad date": ("update people set born = %s where id = 1", ("2023-02-30",)),
    "bad uuid": ("update people set token = %s where id = 1", ("x",)),
    "bad json": ("update people set extra = %s where id = 1", ("{",)),
    "too long": ("update people set code = %s where id = 1", ("123456789",)),
    "numeric overflow": ("update people set balance = %s where id = 1", (decimal.Decimal("99999999999.99"),)),
    "integer overflow": ("update people set small = %s where id = 1", (70000,)),
    "no column": ("select emial from people where email = %s", ("x",)),
    "no table": ("select email from peple", ()),
    "syntax": ("select email from people where where", ()),
}
REFUSED = {
    "order": ("select id from people order by email", ()),
    "function": ("select upper(email) from people where id = %s", (1,)),
    "like": ("select id from people where email like %s", ("ada%",)),
    "cast": ("select age::text from people", ()),
}
ABOUT_THE_TEXT = ("42601", "42703", "42P01")


def dsn(**more):
    """Connection parameters; what is not given is libpq's default."""
    e = os.environ
    base = dict(host=e["PGHOST"], port=e["PGPORT"], user=e["PGUSER"], password=e["PGPASSWORD"], dbname=e["PGDATABASE"])
    return {**base, **more}


def verified(**more):
    return dsn(sslmode="verify-full", sslrootcert=os.environ["CA_FILE"], **more)


def ways():
    """All ways to sign in that must work, by name."""
    return {
        "defaults": dsn(),
        "require": dsn(sslmode="require"),
        "verify-full": verified(),
        "channel binding": verified(channel_binding="require"),
        "no channel binding": verified(channel_binding="disable"),
        "settings": verified(options="-c statement_timeout=9s", application_name="books", client_encoding="UTF8"),
    }


def wrong_ways():
    return {
        "wrong password": verified(password="wrong"),
        "unknown user": verified(user="stranger"),
        "unknown database": verified(dbname="nowhere"),
        "untrusted certificate": dsn(sslmode="verify-full", sslrootcert="/nonexistent/ca.pem"),
    }


def seen(v):
    """A value with its runtime type."""
    if v is None or isinstance(v, (bool, str)):
        return v
    if isinstance(v, (list, tuple)):
        return [seen(w) for w in v]
    if isinstance(v, dict):
        return {"dict": {str(k): seen(w) for k, w in v.items()}}
    if isinstance(v, (bytes, bytearray, memoryview)):
        return {type(v).__name__: bytes(v).hex()}
    return {type(v).__name__: str(v)}


def show(name, value):
    print(json.dumps([name, value], ensure_ascii=False), flush=True)


def failure(text):
    """libpq's words for a failed connection, without the address."""
    return re.sub(r"port \d+", "port", text)


def ada(email, json_of):
    return ("Ada", email, "123-45-6789", 45, BORN, decimal.Decimal("-12.5"), decimal.Decimal("1234.567800"), True, WHEN, TOKEN,
            b"\x00\x01\xc5\x7e\x91", json_of({"a": [1, 2.5, None], "bb": 'x"ü'}), "K-17", 1 << 60, -7)
