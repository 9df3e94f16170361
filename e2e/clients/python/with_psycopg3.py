"""psycopg 3: everything that it lets a program see."""

import asyncio
import concurrent.futures
import io
import uuid

import psycopg
from psycopg.rows import dict_row
from psycopg.types.json import Jsonb

import libpq
from seen import *

INSERT = f"insert into people ({COLUMNS}) values ({', '.join(['%s'] * 15)}) returning *"


def result(cur):
    out = [cur.statusmessage, cur.rowcount]
    if cur.description:
        out.append([[d.name, d.type_code, d.internal_size, d.precision, d.scale] for d in cur.description])
        out.append([cur.format, seen(cur.fetchall())])
    return out


def step(name, act):
    try:
        value = act()
        value = result(value) if isinstance(value, psycopg.Cursor) else seen(value)
    except psycopg.Error as e:
        d = e.diag
        value = dict(error=e.sqlstate, type=type(e).__name__, severity=d.severity, constraint=d.constraint_name, table=d.table_name)
        if e.sqlstate in ABOUT_THE_TEXT:
            value["position"] = d.statement_position
        if e.sqlstate is None:
            value["message"] = failure(str(e))
    show(name, value)


def sign_in():
    for name, parameters in ways().items():
        def act():
            with psycopg.connect(**parameters) as c:
                p = c.pgconn.parameter_status
                return [c.execute("select email from people where email = %s", ("none",)).fetchall(), c.pgconn.ssl_in_use, c.info.server_version,
                        c.info.encoding, str(c.info.timezone), [p(n).decode() for n in (b"DateStyle", b"integer_datetimes", b"standard_conforming_strings", b"session_authorization")]]
        step("signs in: " + name, act)
    for name, parameters in wrong_ways().items():
        step(name, lambda: psycopg.connect(**parameters).close())
        show(name + ", SQLSTATE", libpq.sqlstate_of_sign_in(parameters))


def statements(c, label, binary, fails=True):
    def q(name, sql, params=None, **more):
        step(f"{name} ({label})", lambda: c.execute(sql, params, binary=binary, **more))

    me = f"{label}@python.test".replace(" ", "-")
    q("insert", INSERT, ada(me, Jsonb))
    q("insert nulls", f"insert into people (name, email, ssn, born, balance, photo) values (%s, %s, %s, %s, %s, %s) returning *", ("Nil",) + (None,) * 5)
    for i in range(8):  # prepared by the server from the sixth on
        q(f"select {i}", f"select id, {COLUMNS} from people where email = %s", (me,))
        q(f"add {i}", "insert into people (name, email, ssn, age, born) values (%s, %s, %s, %s, %s) returning email, ssn, age, born",
          ("Add", f"{i}-{me}", "" if i % 2 else None, i, BORN))
    q("prepared at once", "select id, email, balance from people where email = %s", (me,), prepare=True)
    q("all", "select * from people order by id")
    for column, value in SOUGHT.items():
        if column == "email":
            value = me
        q("= " + column, f"select id, {column} from people where {column} = %s order by id", (value,))
        q("in " + column, f"select id from people where {column} in (%s, %s) order by id", (value, value))
        q("any " + column, f"select id from people where {column} = any(%s) order by id", ([value, None],))
        q("named " + column, f"select id, %(v)s::text as v from people where {column} = %(w)s order by id", dict(v="x", w=value))
    q("any of none", "select id from people where email = any(%s)", ([],))
    q("null", "select id from people where email = %s", (None,))
    q("is null", "select name from people where email is null order by id")
    q("group by", "select born, count(*), count(ssn) from people group by born having count(*) > 1")
    q("join", "select p.email, t.label from people p join things t on t.person = p.id where p.age = %s", (45,))
    q("update", "update people set ssn = %s, balance = %s, extra = %s where email = %s returning ssn, balance, extra", ("ünï", decimal.Decimal("99999999.99"), Jsonb([1, "a"]), me))
    q("upsert", "insert into people (name, email, age) values ('Up', %s, %s) on conflict (email) do update set age = excluded.age returning name, email, age", (me, 7))
    q("delete", "delete from people where email = %s returning email, ssn", ("3-" + me,))
    if not fails:
        return
    for name, (sql, params) in ERRORS.items():
        if name == "unique":
            params = ("x", me)
        q("error: " + name, sql, params)
        q("alive", "select id, email from people where email = %s", (me,))
    for name, (sql, params) in REFUSED.items():
        step(f"refused {name} ({label})", lambda: c.execute(sql, params, binary=binary))


def many(c):
    def act(sql, values, returning):
        cur = c.cursor()
        cur.executemany(sql, values, returning=returning)
        out = [cur.rowcount]
        while returning:
            out.append(seen(cur.fetchall()))
            if not cur.nextset():
                break
        return out
    people = [("Many", f"m{i}@python.test", None if i % 3 else "ssn", i, BORN) for i in range(30)]
    sql = "insert into people (name, email, ssn, age, born) values (%s, %s, %s, %s, %s)"
    step("executemany", lambda: act(sql, people, False))
    step("executemany returning", lambda: act("update people set ssn = %s where email = %s returning id, email, ssn", [(f"s{i}", f"m{i}@python.test") for i in range(30)], True))
    step("executemany fails", lambda: act("insert into people (id, name, email) values (9001, %s, %s)", [("x", "new@python.test"), ("x", "m3@python.test")], False))
    step("nothing stayed", lambda: c.execute("select id from people where email = %s", ("new@python.test",)))

    def pipeline():
        with c.pipeline():
            cursors = [c.execute("select id, email, ssn from people where email = %s", (f"m{i}@python.test",)) if i % 2 else
                       c.execute("select %s::int8 as n", (i,)) for i in range(60)]
        return [result(cur) for cur in cursors]

    def failing_pipeline():
        with c.pipeline():
            for i in range(6):
                c.execute("insert into people (id, name, email) values (9001 + %s, 'P', %s)", (i, f"p{i % 4}@python.test"))
    step("pipeline", pipeline)
    step("failing pipeline", failing_pipeline)
    step("after pipelines", lambda: c.execute("select email from people where name = 'P' order by id"))


def transactions(c):
    def act():
        with c.transaction():
            c.execute("insert into people (name, email) values ('T', %s)", ("tx@python.test",))
            try:
                with c.transaction():
                    c.execute("insert into people (id, name, email) values (9001, 'T', %s)", ("tx@python.test",))
            except psycopg.errors.UniqueViolation as e:
                violated = e.diag.constraint_name
                found = c.execute("select email from people where email = %s", ("tx@python.test",)).fetchall()
            raise psycopg.Rollback()
        return [found, violated, c.info.transaction_status.name]
    def aborted():
        with c.transaction():
            try:
                c.execute("select 1/0")
            except psycopg.Error:
                return c.execute("select email from people where email = %s", ("tx@python.test",)).fetchall()
    step("transaction", act)
    step("aborted", aborted)
    step("rolled back", lambda: c.execute("select email from people where email = %s", ("tx@python.test",)))


def cursors(c):
    def named(sql, params, **more):
        def act():
            with c.transaction(), c.cursor("reader", **more) as cur:
                cur.execute(sql, params)
                return [cur.fetchmany(3), cur.fetchone(), [[d.name, d.type_code] for d in cur.description], cur.fetchall()]
        return act
    step("server-side cursor", named("select n, n::text as t from generate_series(1, %s) n", (9,)))
    step("server-side cursor, binary", named("select label, price, token from things order by id limit %s", (9,), ))
    step("scrollable cursor", named("select id from things order by id", (), scrollable=True))
    step("server-side cursor", named("select id, email from people where age = %s order by id", (45,)))
    step("rows as dicts", lambda: c.cursor(row_factory=dict_row).execute("select id, email, born as \"Born on\" from people order by id limit 3").fetchall())

    def streamed():
        return list(c.cursor().stream("select id, email, ssn, extra from people where age = %s order by id", (45,)))
    step("stream (single rows)", streamed)


def plain(c):
    for binary in (False, True):
        for i in range(7):
            step(f"plain insert {i} {binary}", lambda: c.execute("insert into things (label, price, made, at, token, photo, extra, tags) values (%s,%s,%s,%s,%s,%s,%s,%s) returning *",
                ("Thing", decimal.Decimal("12.50"), BORN, WHEN, TOKEN, b"\0\xff", Jsonb({}), ["a", None, 'b"c']), binary=binary))

    def copy():
        with c.cursor() as cur:
            with cur.copy("copy things (label, price) from stdin") as into:
                into.write_row(("one", 1))
                into.write_row(("two", None))
            with cur.copy("copy (select label, price from things where token is null order by id) to stdout") as out:
                return [bytes(b) for b in out]

    def copy_fails():
        with c.cursor() as cur, cur.copy("copy things (label, price) from stdin") as into:
            into.write("one\tx\n")

    def copy_stops():
        with c.cursor() as cur, cur.copy("copy things (label, price) from stdin") as into:
            into.write("one\t1\n")
            raise ZeroDivisionError

    def stopped():
        try:
            copy_stops()
        except ZeroDivisionError:
            return c.execute("select count(*) from things").fetchall()
    step("copy", copy)
    step("copy fails", copy_fails)
    step("copy is broken off", stopped)
    step("several statements", lambda: c.execute("select 1; select 2"))
    step("several statements, protected", lambda: c.execute("update people set ssn = 'z' where email = 'm2@python.test'; select email, ssn from people where email = 'm2@python.test'").fetchall())
    step("describe", lambda: describe(c))


def describe(c):
    c.pgconn.prepare(b"asked", b"insert into people (name, email, ssn, age, born, balance, seen, extra) values ($1, $2, $3, $4, $5, $6, $7, $8) returning *")
    r = c.pgconn.describe_prepared(b"asked")
    return [[r.param_type(i) for i in range(r.nparams)], [[r.fname(i).decode(), r.ftype(i), r.fmod(i), r.fsize(i), r.ftable(i) > 0, r.ftablecol(i)] for i in range(r.nfields)]]


def settings(c):
    """What a session sets changes how values are written and read; psycopg takes the time zone from the server's messages."""
    ask = "select email, born, seen, photo, balance, extra from people where email = %s"
    me = ("text@python.test",)
    for name, on in {"zone": "set timezone to 'America/New_York'", "local zone": "set local timezone to 'Asia/Kathmandu'", "dates": "set datestyle to 'SQL, DMY'",
                     "German dates": "set datestyle to 'German'", "escape": "set bytea_output to 'escape'", "digits": "set extra_float_digits to 0"}.items():
        for end in ("rollback", "commit"):
            def act():
                c.execute("begin")
                c.execute(on)
                found = [raw(c, ask, me), raw(c, "select id from people where born = %s or seen = %s", ("1979-05-04", "2024-02-29 18:59:58.123456"))]
                c.execute(end)
                return found + [raw(c, ask, me)]
            step(f"{name}, {end}", act)
            c.execute("rollback")
            c.execute("reset all")
    c.execute("set datestyle to 'SQL, DMY'")
    step("refused date of another order", lambda: c.execute("select id from people where born = %s", ("04/05/1979",)))
    c.execute("reset all")
    step("zone in the value", lambda: c.execute("update people set seen = %s where email = %s returning seen", ("2024-07-01 12:00:00 Europe/Berlin",) + me))


def raw(c, sql, params):
    """The text of all values, as the server writes it."""
    r = c.execute(sql, params).pgresult
    return [[(v := r.get_value(i, j)) and v.decode() for j in range(r.nfields)] for i in range(r.ntuples)]


def sql_level(c):
    def undone(act):
        try:
            with c.transaction(force_rollback=True):
                return result(r) if isinstance(r := act(), psycopg.Cursor) else r
        finally:
            c.execute("deallocate all")
    step("prepare", lambda: undone(lambda: c.execute("prepare find (text) as select id, email, born from people where email = $1")))
    step("declare", lambda: undone(lambda: c.execute("declare all_people cursor for select id, email from people order by id")))
    step("copy in", lambda: undone(lambda: copy_in(c, "copy people (id, name, email, age, born) from stdin")))
    step("copy out", lambda: copy_out(c, "copy (select email, age, born, balance from people where age = 45 order by id) to stdout"))
    step("copy of a table", lambda: copy_out(c, "copy (select * from people order by id) to stdout"))
    step("nothing was copied", lambda: c.execute("select name, email, age, born from people where name = 'Copy'"))
    step("explain", lambda: c.execute("explain (costs off) select id from people where id = 7"))
    step("truncate", lambda: c.execute("truncate things"))
    step("lock", lambda: c.execute("select id, email from people where id = 1 for update"))
    step("alive after all that", lambda: c.execute("select email from people where email = %s", ("text@python.test",)))


def copy_in(c, sql):
    with c.cursor() as cur:
        with cur.copy(sql) as into:
            into.write_row((9100, "Copy", "copy@python.test", 5, BORN))
            into.write_row((9101, "Copy", None, None, None))
        return [cur.statusmessage, cur.rowcount]


def copy_out(c, sql):
    with c.cursor() as cur, cur.copy(sql) as out:
        return [bytes(b) for b in out]


def interruptions(c):
    with concurrent.futures.ThreadPoolExecutor() as threads:
        def act():
            running = threads.submit(c.execute, "select pg_sleep(20), email from people")
            while not running.done():
                c.cancel()
                concurrent.futures.wait([running], timeout=0.3)
            return running.result()
        c.execute("insert into people (name) values ('Sleeper')")
        step("cancelled", act)
    step("after cancelling", lambda: c.execute("select email from people where email = %s", ("m1@python.test",)))
    notices = []
    c.add_notice_handler(lambda d: notices.append([d.sqlstate, d.message_primary]))
    c.execute("do $$ begin raise notice 'careful'; end $$")
    show("notices", notices)
    heard = []
    c.add_notify_handler(lambda n: heard.append([n.channel, n.payload]))
    c.execute("listen ears")
    c.execute("select pg_notify('ears', 'hello')")
    c.execute("select 1")
    show("notification", heard)


async def together():
    async def one(i):
        async with await psycopg.AsyncConnection.connect(**verified(), autocommit=True) as c:
            out = []
            for j in range(10):
                await c.execute("insert into people (name, email, age) values (%s, %s, %s)", ("Async", f"{i}-{j}@async.test", j))
                out.append(await (await c.execute("select email, age from people where email = %s", (f"{i}-{j}@async.test",))).fetchall())
            return out
    return await asyncio.gather(*(one(i) for i in range(5)))


def main():
    sign_in()
    with psycopg.connect(**verified(), autocommit=True) as c:
        statements(c, "text", False)
        statements(c, "binary", True)
        many(c)
        transactions(c)
        plain(c)
        cursors(c)
        settings(c)
        sql_level(c)
        interruptions(c)
    with psycopg.connect(**verified(), autocommit=True, cursor_factory=psycopg.ClientCursor) as c:
        statements(c, "client-side", False)
        step("numbers of every width", lambda: c.execute("select id from people where age = any(%s) or small = any(%s) or age = %s or age = 5000000000 or age = '5000000000'::int8"
             " or age = any('{5000000000}'::int8[])", ([45, 1 << 40], [70000, -7], 1 << 40)))
    with psycopg.connect(**verified(), autocommit=True, prepare_threshold=None) as c:
        statements(c, "never prepared", True, fails=False)
    with psycopg.connect(**verified(), autocommit=True, prepare_threshold=0) as c:
        statements(c, "always prepared", False)
    show("together", seen(asyncio.run(together())))


if __name__ == "__main__":
    main()
