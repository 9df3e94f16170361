import java.math.BigDecimal;
import java.nio.charset.StandardCharsets;
import java.sql.Array;
import java.sql.ResultSet;
import java.sql.ResultSetMetaData;
import java.sql.SQLException;
import java.util.Collection;
import java.util.HexFormat;
import java.util.Map;
import java.util.Set;
import java.util.StringJoiner;
import org.postgresql.util.PSQLException;
import org.postgresql.util.ServerErrorMessage;

/** What the driver lets a program see, as JSON. */
final class Seen {
    /** Errors that must point into the text as the program wrote it. */
    private static final Set<String> ABOUT_THE_TEXT = Set.of("42601", "42703", "42P01");

    private Seen() {}

    static String json(Object v) throws SQLException {
        if (v == null || v instanceof Boolean || v instanceof Integer) {
            return String.valueOf(v);
        }
        if (v instanceof Collection<?> c) {
            return list(c.toArray());
        }
        if (v instanceof Map<?, ?> m) {
            StringJoiner j = new StringJoiner(",", "{", "}");
            for (Map.Entry<?, ?> e : m.entrySet()) {
                j.add(quote(String.valueOf(e.getKey())) + ":" + json(e.getValue()));
            }
            return j.toString();
        }
        if (v instanceof Object[] a) {
            return list(a);
        }
        if (v instanceof int[] a) {
            return quote(java.util.Arrays.toString(a));
        }
        if (v instanceof byte[] b) {
            return "{\"bytes\":" + quote(HexFormat.of().formatHex(b)) + "}";
        }
        if (v instanceof Array a) {
            return "{\"array of " + a.getBaseTypeName() + "\":" + list((Object[]) a.getArray()) + "}";
        }
        if (v instanceof String s) {
            return quote(s);
        }
        String text = v instanceof BigDecimal d ? d.toPlainString() : v.toString();
        return "{" + quote(v.getClass().getSimpleName()) + ":" + quote(text) + "}";
    }

    private static String list(Object[] values) throws SQLException {
        StringJoiner j = new StringJoiner(",", "[", "]");
        for (Object e : values) {
            j.add(json(e));
        }
        return j.toString();
    }

    /** The columns' names and types, and all rows. */
    static String rows(ResultSet r) throws SQLException {
        ResultSetMetaData m = r.getMetaData();
        StringJoiner j = new StringJoiner(",", "[", "]");
        StringJoiner columns = new StringJoiner(",", "[", "]");
        for (int i = 1; i <= m.getColumnCount(); i++) {
            columns.add(quote(String.join(" ", m.getColumnLabel(i), m.getColumnTypeName(i), String.valueOf(m.getColumnType(i)),
                m.getColumnClassName(i), m.getPrecision(i) + "," + m.getScale(i), String.valueOf(m.getColumnDisplaySize(i)))));
        }
        j.add(columns.toString());
        while (r.next()) {
            StringJoiner row = new StringJoiner(",", "[", "]");
            for (int i = 1; i <= m.getColumnCount(); i++) {
                row.add(json(r.getObject(i)));
            }
            j.add(row.toString());
        }
        return j.toString();
    }

    /** SQLSTATE and what programs decide by; messages may name the server's own types. */
    static String error(SQLException e) {
        StringJoiner j = new StringJoiner(",", "{", "}");
        j.add("\"error\":" + quote(e.getSQLState()));
        ServerErrorMessage m = e instanceof PSQLException p ? p.getServerErrorMessage() : null;
        if (m != null) {
            j.add("\"severity\":" + quote(m.getSeverity())).add("\"constraint\":" + quote(m.getConstraint()));
            j.add("\"table\":" + quote(m.getTable()));
            if (ABOUT_THE_TEXT.contains(e.getSQLState())) {
                j.add("\"position\":" + m.getPosition());
            }
        }
        return j.toString();
    }

    static String quote(String s) {
        if (s == null) {
            return "null";
        }
        StringBuilder b = new StringBuilder("\"");
        for (char c : s.toCharArray()) {
            if (c == '"' || c == '\\') {
                b.append('\\').append(c);
            } else if (c < ' ') {
                b.append(String.format("\\u%04x", (int) c));
            } else {
                b.append(c);
            }
        }
        return b.append('"').toString();
    }

    static void print(String name, String json) {
        byte[] line = ("[" + quote(name) + "," + json + "]\n").getBytes(StandardCharsets.UTF_8);
        System.out.write(line, 0, line.length);
        System.out.flush();
    }
}
