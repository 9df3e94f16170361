"""psycopg 2: everything that it lets a program see. Its parameters are always literals in the text."""

import io

import psycopg2
import psycopg2.extensions
import psycopg2.extras
import psycopg2.pool

import libpq
from seen import *

INSERT = f"insert into people ({COLUMNS}) values ({', '.join(['%s'] * 15)}) returning *"
psycopg2.extras.register_uuid()


def result(cur):
    out = [cur.statusmessage, cur.rowcount]
    if cur.description:
        out.append([[d.name, d.type_code, d.internal_size, d.precision, d.scale, d.table_oid is not None, d.table_column] for d in cur.description])
        out.append(seen(cur.fetchall()))
    return out


def step(name, act):
    try:
        value = act()
    except psycopg2.Error as e:
        d = e.diag
        value = dict(error=e.pgcode, type=type(e).__name__, severity=d.severity, constraint=d.constraint_name, table=d.table_name)
        if e.pgcode in ABOUT_THE_TEXT:
            value["position"] = d.statement_position
        if e.pgcode is None:
            value["message"] = failure(str(e))
    show(name, seen(value))


def connect(parameters, autocommit=True):
    c = psycopg2.connect(**parameters)
    c.autocommit = autocommit
    return c


def run(c, sql, params=None):
    with c.cursor() as cur:
        cur.execute(sql, params)
        return result(cur)


def sign_in():
    for name, parameters in ways().items():
        def act():
            c = connect(parameters)
            try:
                return [run(c, "select email from people where email = %s", ("none",)), c.info.ssl_in_use, c.server_version, c.encoding]
            finally:
                c.close()
        step("signs in: " + name, act)
    for name, parameters in wrong_ways().items():
        step(name, lambda: connect(parameters).close())
        show(name + ", SQLSTATE", libpq.sqlstate_of_sign_in(parameters))


def statements(c):
    for i in range(3):
        step(f"insert {i}", lambda: run(c, INSERT, ada(f"ada{i}@python.test", psycopg2.extras.Json)))
    step("insert nulls", lambda: run(c, "insert into people (name, email, ssn, born, balance, photo) values (%s, %s, %s, %s, %s, %s) returning *", ("Nil",) + (None,) * 5))
    step("all", lambda: run(c, "select * from people order by id"))
    for column, value in SOUGHT.items():
        step("= " + column, lambda: run(c, f"select id, {column} from people where {column} = %s order by id", (value,)))
        step("in " + column, lambda: run(c, f"select id from people where {column} in %s order by id", ((value, value),)))
    step("any", lambda: run(c, "select id from people where email = any(%s) order by id", (["ada1@python.test", "b'\\c", None],)))
    step("any of numbers", lambda: run(c, "select id from people where age = any(%s) order by id", ([45, 46],)))
    step("awkward text", lambda: run(c, "update people set ssn = %s where email = %s returning ssn", ("back\\slash 'quote' \"double\" %", "ada2@python.test")))
    step("update", lambda: run(c, "update people set balance = %s, extra = %s, photo = %s, seen = %s where email = %s returning balance, extra, photo, seen",
                               (decimal.Decimal("7"), psycopg2.extras.Json([1]), b"", WHEN + datetime.timedelta(days=1), "ada2@python.test")))
    step("naive time", lambda: run(c, "update people set seen = %s where email = %s returning seen", (WHEN.replace(tzinfo=None), "ada1@python.test")))
    step("naive time found", lambda: run(c, "select id from people where seen = %s", (WHEN.replace(tzinfo=None),)))
    step("time as date", lambda: run(c, "update people set born = %s where email = %s returning born", (WHEN, "ada1@python.test")))
    step("float", lambda: run(c, "update people set balance = %s, amount = %s where email = %s returning balance, amount", (1.5, 0.1, "ada1@python.test")))
    step("upsert", lambda: run(c, "insert into people (name, email, age) values ('Up', %s, %s) on conflict (email) do update set age = excluded.age returning name, email, age", ("ada1@python.test", 7)))
    for name, (sql, params) in ERRORS.items():
        step("error: " + name, lambda: run(c, sql, params))
        step("alive", lambda: run(c, "select id, email from people where email = %s", ("ada1@python.test",)))
    for name, (sql, params) in REFUSED.items():
        step("refused " + name, lambda: run(c, sql, params))


def many(c):
    people = [("Many", f"m{i}@python.test", None if i % 3 else "ssn", i, BORN) for i in range(30)]
    sql = "insert into people (name, email, ssn, age, born) values "
    with c.cursor() as cur:
        def act(run):
            run()
            return result(cur)
        step("executemany", lambda: act(lambda: cur.executemany(sql + "(%s, %s, %s, %s, %s)", people[:10])))
        step("execute_batch", lambda: act(lambda: psycopg2.extras.execute_batch(cur, sql + "(%s, %s, %s, %s, %s)", people[10:20])))
        step("execute_values", lambda: psycopg2.extras.execute_values(cur, sql + "%s returning id, email, ssn, age, born", people[20:], fetch=True))
    step("after", lambda: run(c, "select * from people where name = 'Many' order by id"))


def transactions(c):
    c.autocommit = False
    step("in transaction", lambda: run(c, "insert into people (name, email) values ('T', %s) returning email", ("tx@python.test",)))
    run(c, "savepoint s")
    step("fails", lambda: run(c, "insert into people (id, name, email) values (9001, 'T', %s)", ("tx@python.test",)))
    step("aborted", lambda: run(c, "select email from people where email = %s", ("tx@python.test",)))
    run(c, "rollback to s")
    step("after savepoint", lambda: run(c, "select email from people where email = %s", ("tx@python.test",)))
    c.rollback()
    step("rolled back", lambda: run(c, "select email from people where email = %s", ("tx@python.test",)))
    c.rollback()

    def named(sql):
        with c.cursor("reader") as cur:
            cur.itersize = 4
            cur.execute(sql)
            return seen(list(cur))
    step("named cursor", lambda: named("select n from generate_series(1, 10) n"))
    c.rollback()
    step("named cursor", lambda: named("select id, email from people order by id"))
    c.rollback()
    step("isolation", lambda: (c.set_session(isolation_level="SERIALIZABLE"), run(c, "show transaction_isolation"), run(c, "select email from people where email = 'ada1@python.test'")))
    c.rollback()


def plain(c):
    step("plain insert", lambda: run(c, "insert into things (label, price, made, at, token, photo, extra, tags) values (%s,%s,%s,%s,%s,%s,%s,%s) returning *",
                                     ("Thing", decimal.Decimal("12.50"), BORN, WHEN, TOKEN, b"\0\xff", psycopg2.extras.Json({}), ["a", None, 'b"c'])))

    def copy():
        with c.cursor() as cur:
            cur.copy_from(io.StringIO("one\t1\ntwo\t\\N\n"), "things", columns=("label", "price"))
            out = io.StringIO()
            cur.copy_expert("copy (select label, price from things where token is null order by id) to stdout with csv", out)
            return out.getvalue()
    step("copy", copy)
    step("several statements", lambda: run(c, "select 1; update people set ssn = 'z' where email = 'm2@python.test'; select email, ssn from people where email = 'm2@python.test'"))
    with c.cursor(cursor_factory=psycopg2.extras.RealDictCursor) as cur:
        def dicts():
            cur.execute("select id, email, born from people order by id limit 3")
            return [dict(r) for r in cur.fetchall()]
        step("rows as dicts", dicts)
    run(c, "listen ears")
    run(c, "select pg_notify('ears', 'hello')")
    c.poll()
    show("notification", [[n.channel, n.payload] for n in c.notifies])
    run(c, "do $$ begin raise notice 'careful'; end $$")
    show("notices", c.notices)


def other_encoding():
    c = connect(verified(client_encoding="LATIN1"))
    step("Latin-1, plain", lambda: run(c, "insert into things (label) values (%s) returning label", ("grün",)))
    step("refused Latin-1, protected", lambda: run(c, "select id from people where email = %s", ("grün",)))
    step("Latin-1, alive", lambda: run(c, "select label from things where label = %s", ("grün",)))
    c.close()


def main():
    sign_in()
    c = connect(verified())
    statements(c)
    many(c)
    plain(c)
    transactions(c)
    c.close()
    other_encoding()


if __name__ == "__main__":
    main()
