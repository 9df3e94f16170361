import java.io.ByteArrayInputStream;
import java.io.StringReader;
import java.io.StringWriter;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.sql.Connection;
import java.sql.Date;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Savepoint;
import java.sql.Statement;
import java.sql.Timestamp;
import java.sql.Types;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.OffsetDateTime;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Calendar;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.Set;
import java.util.TimeZone;
import java.util.UUID;
import org.postgresql.PGConnection;
import org.postgresql.copy.CopyManager;
import org.postgresql.util.PGobject;

/** PostgreSQL's JDBC driver: everything that it lets a program see, one JSON line a step. Arguments are driver properties, name=value. */
public final class Main {
    private static final String COLUMNS = "name, email, ssn, age, born, balance, amount, active, seen, token, photo, extra, code, big, small";
    private static final String INSERT = "insert into people (" + COLUMNS + ") values (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)";
    private static final UUID TOKEN = UUID.fromString("6f8a1e9c-0f3a-4c4b-9d5e-0123456789ab");
    private static final OffsetDateTime WHEN = OffsetDateTime.parse("2024-02-29T23:59:58.123456Z");
    private static final Set<String> SEARCHABLE = Set.of("email", "age", "born", "seen", "token", "code", "big", "small");
    private static final Properties ARGUMENTS = new Properties();

    private Main() {}

    interface Act {
        /** @return JSON */
        String run() throws Exception;
    }

    static void step(String name, Act act) throws Exception {
        String seen;
        try {
            seen = act.run();
        } catch (SQLException e) {
            seen = Seen.error(e);
        }
        Seen.print(name, seen);
    }

    static Connection connect(String... options) throws SQLException {
        Properties p = new Properties();
        p.putAll(ARGUMENTS);
        p.setProperty("user", System.getenv("PGUSER"));
        p.setProperty("password", System.getenv("PGPASSWORD"));
        String database = System.getenv("PGDATABASE");
        for (String o : options) {
            String[] pair = o.split("=", 2);
            if (pair[0].equals("database")) {
                database = pair[1];
            } else {
                p.setProperty(pair[0], pair[1]);
            }
        }
        return DriverManager.getConnection("jdbc:postgresql://localhost:" + System.getenv("PGPORT") + "/" + database, p);
    }

    static String query(Connection c, String sql, Object... params) throws SQLException {
        try (PreparedStatement s = c.prepareStatement(sql)) {
            bind(s, params);
            return s.execute() ? Seen.rows(s.getResultSet()) : String.valueOf(s.getUpdateCount());
        }
    }

    static void bind(PreparedStatement s, Object... params) throws SQLException {
        for (int i = 0; i < params.length; i++) {
            s.setObject(i + 1, params[i]);
        }
    }

    static PGobject jsonb(String text) throws SQLException {
        PGobject o = new PGobject();
        o.setType("jsonb");
        o.setValue(text);
        return o;
    }

    static Object[] ada(String email) throws SQLException {
        return new Object[] {"Ada", email, "123-45-6789", 45, LocalDate.of(1979, 5, 4), new BigDecimal("-12.5"), new BigDecimal("1234.567800"), true,
            WHEN, TOKEN, new byte[] {0, 1, (byte) 0xc5, 0x7e, (byte) 0x91}, jsonb("{\"a\": [1, 2.50, null], \"bb\": \"x\\\"ü\"}"), "K-17", 1L << 60, (short) -7};
    }

    static void signIn() throws Exception {
        String ca = "sslrootcert=" + System.getenv("CA_FILE");
        String[][] ways = {{"defaults"}, {"require", "sslmode=require"}, {"verify-ca", "sslmode=verify-ca", ca}, {"verify-full", "sslmode=verify-full", ca},
            {"fewer round trips", "assumeMinServerVersion=15", "ApplicationName=books"}, {"replaced schema", "currentSchema=public,pg_catalog"}};
        for (String[] way : ways) {
            step("signs in: " + way[0], () -> {
                try (Connection c = connect(Arrays.copyOfRange(way, 1, way.length))) {
                    return Seen.json(List.of(query(c, "select current_user, email from people right join (select 1) x on email = ?", "none"), c.getMetaData().getDatabaseProductVersion()));
                }
            });
        }
        String[][] wrong = {{"wrong password", "password=wrong"}, {"unknown user", "user=stranger"}, {"unknown database", "database=nowhere"}};
        for (String[] way : wrong) {
            step(way[0], () -> {
                try (Connection c = connect(way[1])) {
                    return "\"signed in\"";
                } catch (SQLException e) {
                    return Seen.json(List.of(e.getSQLState(), e.getMessage()));
                }
            });
        }
        step("untrusted certificate", () -> {
            try (Connection c = connect("sslmode=verify-full", "sslrootcert=/nonexistent/ca.pem")) {
                return "\"signed in\"";
            }
        });
    }

    /** A statement is prepared by the server at its sixth use, and its results are binary from then on. */
    static void prepared(Connection c) throws Exception {
        try (PreparedStatement add = c.prepareStatement(INSERT + " returning *");
            PreparedStatement find = c.prepareStatement("select id, " + COLUMNS + " from people where email = ?")) {
            for (int i = 0; i < 8; i++) {
                String email = "ada" + i + "@jdbc.test";
                step("insert " + i, () -> {
                    bind(add, ada(email));
                    return Seen.rows(add.executeQuery());
                });
                step("select " + i, () -> {
                    find.setString(1, email);
                    return Seen.rows(find.executeQuery());
                });
            }
            step("insert nulls", () -> {
                int[] types = {Types.VARCHAR, Types.VARCHAR, Types.VARCHAR, Types.INTEGER, Types.DATE, Types.NUMERIC, Types.NUMERIC, Types.BOOLEAN,
                    Types.TIMESTAMP_WITH_TIMEZONE, Types.OTHER, Types.BINARY, Types.OTHER, Types.VARCHAR, Types.BIGINT, Types.SMALLINT};
                add.setString(1, "Nil");
                for (int i = 2; i <= types.length; i++) {
                    add.setNull(i, types[i - 1]);
                }
                return Seen.rows(add.executeQuery());
            });
            step("all", () -> query(c, "select * from people order by id"));
        }
    }

    /** How each column's value is read and sought. */
    static void lookups(Connection c) throws Exception {
        Map<String, Object> by = new LinkedHashMap<>();
        by.put("email", "ada3@jdbc.test");
        by.put("age", 45);
        by.put("born", LocalDate.of(1979, 5, 4));
        by.put("seen", WHEN);
        by.put("token", TOKEN);
        by.put("code", "K-17");
        by.put("big", 1L << 60);
        by.put("small", (short) -7);
        Map<String, String> types = Map.of("email", "text", "age", "int4", "born", "date", "seen", "timestamptz", "token", "uuid", "code", "varchar", "big", "int8", "small", "int2");
        for (Map.Entry<String, Object> e : by.entrySet()) {
            String column = e.getKey();
            step("= ? " + column, () -> query(c, "select id, " + column + " from people where " + column + " = ? order by id", e.getValue()));
            step("in " + column, () -> query(c, "select id from people where " + column + " in (?, ?) order by id", e.getValue(), e.getValue()));
            step("any " + column, () -> query(c, "select id from people where " + column + " = any(?) order by id",
                c.createArrayOf(types.get(column), new Object[] {e.getValue(), null})));
        }
        step("java.sql.Date", () -> query(c, "select id from people where born = ? order by id", Date.valueOf("1979-05-04")));
        step("java.sql.Timestamp", () -> query(c, "select id from people where seen = ? order by id", Timestamp.from(WHEN.toInstant())));
        step("long for int4", () -> query(c, "select id from people where age = ? order by id", 45L));
        step("short for int8", () -> query(c, "select id from people where big = ? order by id", (short) 3));
        step("null", () -> query(c, "select id from people where email = ?", (Object) null));
        step("is null", () -> query(c, "select name from people where email is null"));
        step("getters", () -> {
            try (PreparedStatement s = c.prepareStatement("select born, seen, token, balance, photo, extra, active, big from people where email = ?")) {
                s.setString(1, "ada3@jdbc.test");
                ResultSet r = s.executeQuery();
                r.next();
                return Seen.json(Arrays.asList(r.getObject(1, LocalDate.class), r.getObject(2, OffsetDateTime.class), r.getObject(3, UUID.class), r.getBigDecimal(4),
                    r.getBytes(5), r.getString(6), r.getBoolean(7), r.getLong(8), r.getTimestamp(2), r.getDate(1), r.getString(4)));
            }
        });
        step("parameter types", () -> {
            try (PreparedStatement s = c.prepareStatement("select id from people where email = ? and age = ? and born = ? and name = ?")) {
                List<Object> seen = new ArrayList<>();
                for (int i = 1; i <= s.getParameterMetaData().getParameterCount(); i++) {
                    seen.add(s.getParameterMetaData().getParameterTypeName(i));
                }
                return Seen.json(List.of(seen, s.getMetaData().getColumnCount()));
            }
        });
    }

    /** The setters that programs use besides setObject, for storing and for finding. */
    static void setters(Connection c) throws Exception {
        interface Setter {
            void set(PreparedStatement s) throws SQLException;
        }
        Calendar zone = Calendar.getInstance(TimeZone.getTimeZone("Asia/Kolkata"));
        Map<String, Setter> setters = new LinkedHashMap<>();
        setters.put("age int", s -> s.setInt(1, 12));
        setters.put("age long", s -> s.setLong(1, 12));
        setters.put("age BigDecimal", s -> s.setBigDecimal(1, new BigDecimal("12")));
        setters.put("age double", s -> s.setDouble(1, 12));
        setters.put("age as text", s -> s.setObject(1, "12", Types.INTEGER));
        setters.put("age untyped", s -> s.setObject(1, "12", Types.OTHER));
        setters.put("balance double", s -> s.setDouble(1, 12.345));
        setters.put("balance float", s -> s.setFloat(1, 1.5f));
        setters.put("balance int", s -> s.setInt(1, 7));
        setters.put("amount BigDecimal", s -> s.setBigDecimal(1, new BigDecimal("-0.00001234567890123456789")));
        setters.put("born Date", s -> s.setDate(1, Date.valueOf("2001-02-03")));
        setters.put("born as text", s -> s.setObject(1, "2001-02-03", Types.DATE));
        setters.put("born LocalDateTime", s -> s.setObject(1, LocalDateTime.of(2001, 2, 3, 4, 5)));
        setters.put("seen Timestamp", s -> s.setTimestamp(1, Timestamp.valueOf("2001-02-03 04:05:06.789")));
        setters.put("seen Timestamp in a zone", s -> s.setTimestamp(1, Timestamp.valueOf("2001-02-03 04:05:06.789"), zone));
        setters.put("seen LocalDateTime", s -> s.setObject(1, LocalDateTime.of(2001, 2, 3, 4, 5, 6)));
        setters.put("seen infinity", s -> s.setObject(1, OffsetDateTime.MAX));
        setters.put("email stream", s -> s.setCharacterStream(1, new StringReader("streamed")));
        setters.put("email NString", s -> s.setNString(1, "n"));
        setters.put("email char", s -> s.setObject(1, 'c'));
        setters.put("code text", s -> s.setObject(1, "K", Types.LONGVARCHAR));
        setters.put("photo stream", s -> s.setBinaryStream(1, new ByteArrayInputStream(new byte[] {1, 2, 3})));
        setters.put("photo null", s -> s.setBytes(1, null));
        setters.put("active boolean", s -> s.setBoolean(1, false));
        setters.put("active as bit", s -> s.setObject(1, 1, Types.BIT));
        setters.put("extra as text", s -> s.setObject(1, "{\"k\": 1e2}", Types.OTHER));
        setters.put("token as text", s -> s.setObject(1, "6F8A1E9C0F3A4C4B9D5E0123456789AB", Types.OTHER));
        setters.put("small short", s -> s.setShort(1, (short) 3));
        setters.put("small byte", s -> s.setByte(1, (byte) 3));
        setters.put("big BigInteger", s -> s.setObject(1, new BigInteger("-9223372036854775808")));
        query(c, "insert into people (id, name) values (8000, 'Setters') on conflict do nothing");
        for (Map.Entry<String, Setter> e : setters.entrySet()) {
            String column = e.getKey().split(" ")[0];
            step("store " + e.getKey(), () -> {
                try (PreparedStatement s = c.prepareStatement("update people set " + column + " = ? where id = 8000 returning " + column)) {
                    e.getValue().set(s);
                    return Seen.rows(s.executeQuery());
                }
            });
            if (SEARCHABLE.contains(column)) {
                step((e.getKey().equals("born LocalDateTime") ? "refused find " : "find ") + e.getKey(), () -> {
                    try (PreparedStatement s = c.prepareStatement("select id, " + column + " from people where " + column + " = ? order by id")) {
                        e.getValue().set(s);
                        return Seen.rows(s.executeQuery());
                    }
                });
            }
        }
        query(c, "delete from people where id = 8000");
    }

    static void updatable(Connection c) throws Exception {
        step("updatable result set", () -> {
            try (Statement s = c.createStatement(ResultSet.TYPE_SCROLL_INSENSITIVE, ResultSet.CONCUR_UPDATABLE)) {
                ResultSet r = s.executeQuery("select id, name, email, ssn, age, born from people where age = 45 order by id");
                r.next();
                r.updateString("ssn", "updated");
                r.updateInt("age", 46);
                r.updateDate("born", Date.valueOf("1999-09-09"));
                r.updateRow();
                r.moveToInsertRow();
                r.updateInt("id", 8001);
                r.updateString("name", "Inserted");
                r.updateString("email", "inserted@jdbc.test");
                r.insertRow();
                r.absolute(2);
                r.deleteRow();
                r.first();
                r.refreshRow();
                return Seen.json(List.of(r.getString("ssn"), r.getInt("age"), r.getDate("born")));
            }
        });
        step("after updates", () -> query(c, "select id, name, email, ssn, age, born from people where age in (45, 46) or email = 'inserted@jdbc.test' order by id"));
        query(c, "delete from people where id = 8001");
    }

    static void autosave() throws Exception {
        try (Connection c = connect("autosave=always")) {
            c.setAutoCommit(false);
            for (int i = 0; i < 8; i++) {
                int n = i;
                step("autosave " + i, () -> query(c, "insert into people (id, name, email) values (8100 + ?, 'Saved', ?)", n, n % 3 == 2 ? "saved0@jdbc.test" : "saved" + n + "@jdbc.test"));
            }
            step("autosaved", () -> query(c, "select id, email from people where name = 'Saved' order by id"));
            c.rollback();
        }
    }

    static void batches(String label, String... options) throws Exception {
        try (Connection c = connect(options)) {
            step("batch (" + label + ")", () -> {
                try (PreparedStatement s = c.prepareStatement("insert into people (name, email, ssn, age, born) values (?, ?, ?, ?, ?)", Statement.RETURN_GENERATED_KEYS)) {
                    for (int i = 0; i < 20; i++) {
                        bind(s, "Batch", "batch" + i + "@" + label + ".test", i % 3 == 0 ? null : "ssn", i, LocalDate.of(2000, 1, 1 + i));
                        s.addBatch();
                    }
                    String counts = Seen.json(s.executeBatch());
                    return Seen.json(List.of(counts, Seen.rows(s.getGeneratedKeys())));
                }
            });
            step("batch without keys (" + label + ")", () -> {
                try (PreparedStatement s = c.prepareStatement("insert into people (name, email, ssn) values (?, ?, ?)")) {
                    for (int i = 0; i < 20; i++) {
                        bind(s, "Batch", "more" + i + "@" + label + ".test", "ssn");
                        s.addBatch();
                    }
                    return Seen.json(s.executeBatch());
                }
            });
            step("batch of updates (" + label + ")", () -> {
                try (PreparedStatement s = c.prepareStatement("update people set ssn = ?, balance = ? where email = ?")) {
                    for (int i = 0; i < 20; i++) {
                        bind(s, "s" + i, new BigDecimal(i), "batch" + i + "@" + label + ".test");
                        s.addBatch();
                    }
                    return Seen.json(s.executeBatch());
                }
            });
            step("failing batch (" + label + ")", () -> {
                try (PreparedStatement s = c.prepareStatement("insert into people (id, name, email) values (?, ?, ?)")) {
                    for (int i = 0; i < 5; i++) {
                        bind(s, 9000 + i, "Batch", "batch" + (i == 3 ? i : 99 - i) + "@" + label + ".test");
                        s.addBatch();
                    }
                    try {
                        return Seen.json(s.executeBatch());
                    } catch (java.sql.BatchUpdateException e) {
                        return Seen.json(List.of(e.getUpdateCounts(), e.getSQLState()));
                    }
                }
            });
            step("after batches (" + label + ")", () -> query(c, "select * from people where name = 'Batch' order by id"));
            step("generated keys (" + label + ")", () -> {
                try (PreparedStatement s = c.prepareStatement("update people set ssn = ? where email = ?", new String[] {"id", "email", "ssn"})) {
                    bind(s, "new", "batch3@" + label + ".test");
                    int n = s.executeUpdate();
                    return Seen.json(List.of(n, Seen.rows(s.getGeneratedKeys())));
                }
            });
            step("generated keys, all (" + label + ")", () -> {
                try (Statement s = c.createStatement()) {
                    int n = s.executeUpdate("insert into people (name, email) values ('Keys', 'keys@" + label + ".test')", Statement.RETURN_GENERATED_KEYS);
                    return Seen.json(List.of(n, Seen.rows(s.getGeneratedKeys())));
                }
            });
        }
    }

    static void transactions(Connection c) throws Exception {
        c.setAutoCommit(false);
        step("in transaction", () -> query(c, "insert into people (name, email) values (?, ?) returning email", "T", "tx@jdbc.test"));
        Savepoint s = c.setSavepoint();
        step("fails", () -> query(c, "insert into people (id, name, email) values (9001, ?, ?)", "T", "tx@jdbc.test"));
        step("aborted", () -> query(c, "select email from people where email = ?", "tx@jdbc.test"));
        c.rollback(s);
        step("after savepoint", () -> query(c, "select email from people where email = ?", "tx@jdbc.test"));
        c.rollback();
        step("rolled back", () -> query(c, "select email from people where email = ?", "tx@jdbc.test"));
        for (int size : new int[] {1, 3, 7}) {
            step("fetch size " + size, () -> {
                try (PreparedStatement p = c.prepareStatement("select id, email, balance, extra from people where born is not distinct from ? order by id")) {
                    p.setFetchSize(size);
                    p.setObject(1, LocalDate.of(1979, 5, 4));
                    return Seen.rows(p.executeQuery());
                }
            });
        }
        step("two result sets at once", () -> {
            try (Statement a = c.createStatement(); PreparedStatement b = c.prepareStatement("select ssn from people where email = ?")) {
                a.setFetchSize(2);
                ResultSet outer = a.executeQuery("select email from people where age = 45 order by id");
                List<Object> seen = new ArrayList<>();
                while (outer.next()) {
                    b.setString(1, outer.getString(1));
                    seen.add(Seen.rows(b.executeQuery()));
                }
                return Seen.json(seen);
            }
        });
        c.commit();
        c.setAutoCommit(true);
        c.setReadOnly(true);
        step("read-only", () -> query(c, "insert into people (name, email) values (?, ?)", "T", "ro@jdbc.test"));
        c.setReadOnly(false);
    }

    static void errors(Connection c) throws Exception {
        Object[][] statements = {
            {"unique", "insert into people (id, name, email) values (9001, ?, ?)", "x", "ada3@jdbc.test"},
            {"not null", "insert into people (id, name, email) values (9001, ?, ?)", null, "z"},
            {"too long", "update people set code = ? where id = 1", "123456789"},
            {"numeric overflow", "update people set balance = ? where id = 1", new BigDecimal("99999999999.99")},
            {"integer overflow", "update people set small = ? where id = 1", 70000},
            {"wrong type", "select id from people where age = ?", "45"},
            {"date from text", "select id from people where born = ?", "1979-05-04"},
            {"bad json", "update people set extra = ? where id = 1", jsonb("{")},
            {"no column", "select emial from people where email = ?", "x"},
            {"no table", "select email from peple"},
            {"syntax", "select email from people where where"},
        };
        for (Object[] s : statements) {
            Object[] params = Arrays.copyOfRange(s, 2, s.length);
            step("error: " + s[0], () -> query(c, (String) s[1], params));
            step("alive", () -> query(c, "select id, email from people where email = ?", "ada3@jdbc.test"));
        }
        step("refused no function", () -> query(c, "select lower(email, 1) from people"));
        step("refused order", () -> query(c, "select id from people order by email"));
        step("refused function", () -> query(c, "select upper(email) from people where id = ?", 1));
        step("refused like", () -> query(c, "select id from people where email like ?", "ada%"));
        step("time-out", () -> {
            try (Statement s = c.createStatement()) {
                s.setQueryTimeout(1);
                return Seen.rows(s.executeQuery("select pg_sleep(20)"));
            }
        });
        step("alive", () -> query(c, "select email from people where email = ?", "ada3@jdbc.test"));
    }

    static void plain(Connection c) throws Exception {
        for (int i = 0; i < 7; i++) {
            step("plain insert " + i, () -> query(c, "insert into things (label, price, made, at, token, photo, extra, tags) values (?,?,?,?,?,?,?,?) returning *",
                "Thing", new BigDecimal("12.50"), LocalDate.of(2020, 1, 2), WHEN, TOKEN, new byte[] {0, -1}, jsonb("{}"), c.createArrayOf("text", new String[] {"a", null, "b\"c"})));
        }
        step("several statements", () -> {
            try (Statement s = c.createStatement()) {
                List<Object> seen = new ArrayList<>();
                boolean rows = s.execute("select 1; update people set ssn = 'z' where email = 'ada1@jdbc.test'; select email, ssn from people where email = 'ada1@jdbc.test'");
                for (int i = 0; i < 3; i++) {
                    seen.add(rows ? Seen.rows(s.getResultSet()) : s.getUpdateCount());
                    rows = s.getMoreResults();
                }
                return Seen.json(seen);
            }
        });
        step("copy", () -> {
            CopyManager copy = c.unwrap(PGConnection.class).getCopyAPI();
            copy.copyIn("copy things (label, price) from stdin", new StringReader("one\t1\ntwo\t\\N\n"));
            StringWriter out = new StringWriter();
            copy.copyOut("copy (select label, price from things where person is null order by id) to stdout", out);
            return Seen.json(out.toString());
        });
        step("tables", () -> {
            List<Object> names = new ArrayList<>();
            ResultSet r = c.getMetaData().getTables(null, "public", "%", new String[] {"TABLE"});
            while (r.next()) {
                names.add(r.getString("TABLE_NAME"));
            }
            return Seen.json(names);
        });
        step("primary key", () -> Seen.rows(c.getMetaData().getPrimaryKeys(null, "public", "people")));
        step("catalog columns", () -> Seen.rows(c.getMetaData().getColumns(null, "public", "people", "%")));
        step("nullable", () -> {
            try (PreparedStatement s = c.prepareStatement("select id, name, email from people")) {
                List<Object> seen = new ArrayList<>();
                for (int i = 1; i <= 3; i++) {
                    seen.add(List.of(s.getMetaData().isNullable(i), s.getMetaData().isAutoIncrement(i), s.getMetaData().getTableName(i)));
                }
                return Seen.json(seen);
            }
        });
    }

    public static void main(String[] arguments) throws Exception {
        for (String a : arguments) {
            String[] pair = a.split("=", 2);
            ARGUMENTS.setProperty(pair[0], pair[1]);
        }
        signIn();
        try (Connection c = connect("sslmode=verify-full", "sslrootcert=" + System.getenv("CA_FILE"))) {
            prepared(c);
            lookups(c);
            transactions(c);
            errors(c);
            plain(c);
            setters(c);
            setters(c);
            updatable(c);
        }
        autosave();
        try (Connection c = connect("prepareThreshold=-1", "binaryTransferDisable=")) { // binary from the first use
            step("binary at once", () -> query(c, "select * from people order by id"));
            lookups(c);
        }
        try (Connection c = connect("stringtype=unspecified", "adaptiveFetch=true", "defaultRowFetchSize=5")) {
            step("text for any type", () -> query(c, "select id, age, born from people where age = ? and born = ? order by id", "45", "1979-05-04"));
            errors(c);
        }
        batches("single");
        batches("rewritten", "reWriteBatchedInserts=true");
    }
}
