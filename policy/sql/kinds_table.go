package sql

// Hints of the table.
const (
	hintOrder   = "Set search: range for the column to compare it for order; pgveil check says what that gives away."
	hintSort    = "Set search: range for the column to sort by it, or sort by another column, or in the application."
	hintPattern = "Prefixes (LIKE 'abc%', starts_with) can be asked of a text column with search: range; otherwise compare with =."
	hintFold    = "Set normalize: [lower] beside search: equality for lower(column) = lower(value); compute anything else in the application."
	hintCompute = "Select the column as it is and compute in the application, or keep the computed value in a column of its own."
)

// operations is the table of what is defined on which kind. Its order is that of docs/sql.md.
var operations = []operation{
	{opNone, "reading", "SELECT C FROM t", yes(yieldsSealed), ""},
	{opNone, "reading", "SELECT C FROM t WHERE C IS NOT NULL", yes(yieldsSealed), ""},
	{opNone, "reading", "TABLE t", yes(yieldsSealed), ""},
	{opNone, "reading", "SELECT count(C) FROM t", yes(yieldsPlain), ""},
	{opNone, "reading", "SELECT (SELECT x.C FROM t x WHERE x.K = y.K) FROM t y", yes(yieldsSealed), ""},

	{opEqual, "equality", "SELECT K FROM t WHERE C = L", andCitext(equalKinds(yieldsPlain, codeNotSearchable)), ""},
	{opEqual, "equality", "SELECT K FROM t WHERE C <> L", andCitext(equalKinds(yieldsPlain, codeNotSearchable)), ""},
	{opEqual, "equality", "SELECT K FROM t WHERE C IN (L, L)", andCitext(equalKinds(yieldsPlain, codeNotSearchable)), ""},
	{opEqual, "equality", "SELECT K FROM t WHERE C = ANY (ARRAY[L])", with(equalKinds(yieldsPlain, codeNotSearchable), kindCitext, cell{yields: yieldsPlain}), ""},
	{opEqual, "equality", "SELECT K FROM t WHERE C IS DISTINCT FROM L", andCitext(equalKinds(yieldsPlain, codeNotSearchable)), ""},
	{opEqual, "equality", "SELECT K FROM t WHERE (C, K) = (L, 1)", andCitext(equalKinds(yieldsPlain, codeNotSearchable)), ""},
	{opEqual, "equality", "SELECT K FROM t WHERE C = D", andCitext(equalKinds(yieldsPlain, codeNotSearchable)), ""},
	{opEqual, "equality", "SELECT K FROM t WHERE C IN (SELECT D FROM t)", andCitext(equalKinds(yieldsPlain, codeNotSearchable)), ""},
	{opEqual, "equality", "SELECT a.K FROM t a JOIN t b USING (C)", equalKinds(yieldsPlain, codeNotSearchable), ""},
	{opEqual, "equality", "SELECT CASE C WHEN L THEN 1 ELSE 0 END FROM t", andCitext(equalKinds(yieldsPlain, codeNotSearchable)), ""},
	{opEqual, "equality", "SELECT nullif(C, L) FROM t", equalKinds(yieldsSealed, codeNotSearchable), ""},

	{opOrder, "order", "SELECT K FROM t WHERE C < L", orderedKinds(yieldsPlain, codeOrdered), hintOrder},
	{opOrder, "order", "SELECT K FROM t WHERE C >= L", orderedKinds(yieldsPlain, codeOrdered), hintOrder},
	{opOrder, "order", "SELECT K FROM t WHERE C BETWEEN L AND L", orderedKinds(yieldsPlain, codeOrdered), hintOrder},
	{opOrder, "order", "SELECT K FROM t WHERE C NOT BETWEEN SYMMETRIC L AND L", orderedKinds(yieldsPlain, codeOrdered), hintOrder},
	{opOrder, "order", "SELECT K FROM t WHERE (C, K) > (L, 1)", orderedKinds(yieldsPlain, codeOrdered), hintOrder},
	{opOrder, "order", "SELECT K FROM t WHERE C < ANY (ARRAY[L])", orderedKinds(yieldsPlain, codeOrdered), hintOrder},
	{opOrder, "order", "SELECT K FROM t WHERE C >= ALL (SELECT D FROM t)", orderedKinds(yieldsPlain, codeOrdered), hintOrder},
	{opGreatest, "order", "SELECT greatest(C, L) FROM t", orderedKinds(yieldsSealed, codeOrdered), hintOrder},
	{opMinMax, "order", "SELECT min(C), max(C) FROM t", orderedKinds(yieldsSealed, codeAggregate), hintSort},
	{opSort, "order", "SELECT K FROM t ORDER BY C DESC NULLS LAST, K", orderedKinds(yieldsPlain, codeOrder), hintSort},
	{opSort, "order", "SELECT C FROM t ORDER BY 1 USING >", orderedKinds(yieldsSealed, codeOrder), hintSort},
	{opSort, "order", "SELECT K, rank() OVER (ORDER BY C) FROM t", orderedKinds(yieldsPlain, codeOrder), hintSort},
	{opSort, "order", "SELECT DISTINCT ON (C) C, K FROM t ORDER BY C, K", with(orderedKinds(yieldsSealed, codeOrder), kindNone, cell{code: codeNotSearchable}), hintSort},
	{opOrdered, "order", "SELECT percentile_disc(0.5) WITHIN GROUP (ORDER BY C) FROM t", orderedKinds(yieldsSealed, codeOrder), hintSort},
	{opOrdered, "order", "SELECT rank(L) WITHIN GROUP (ORDER BY C) FROM t", orderedKinds(yieldsPlain, codeOrder), hintSort},

	{opLike, "text", "SELECT K FROM t WHERE C LIKE 'bar%'", only(yieldsPlain, codePattern, kindRangeText, kindMatch), hintPattern},
	{opLike, "text", "SELECT K FROM t WHERE C NOT LIKE 'b%'", with(only(yieldsPlain, codePattern, kindRangeText), kindMatch, cell{code: codeMatchPlace}), hintPattern},
	{opLike, "text", "SELECT K FROM t WHERE C LIKE 'b' ESCAPE '\\'", andCitext(only(yieldsPlain, codePattern, kindEquality, kindNormalized, kindRangeText, kindMatch)), hintPattern},
	{opPrefix, "text", "SELECT K FROM t WHERE starts_with(C, 'b')", only(yieldsPlain, codePattern, kindRangeText), hintPattern},
	{opPrefix, "text", "SELECT K FROM t WHERE C ^@ 'b'", only(yieldsPlain, codePattern, kindRangeText), hintPattern},
	{opMatch, "text", "SELECT K, C FROM t WHERE C LIKE '%bar%'", only(yieldsSealed, codePattern, kindMatch), hintPattern},
	{opMatch, "text", "SELECT K FROM t WHERE C ILIKE '%bar%' AND K > 1", only(yieldsPlain, codePattern, kindMatch), hintPattern},
	{opILike, "text", "SELECT K FROM t WHERE C ILIKE 'BAR'", with(only(yieldsIndex, codePattern, kindNormalized, kindCitext), kindMatch, cell{yields: yieldsPlain}), hintPattern},
	{opPattern, "text", "SELECT K FROM t WHERE C ~ '^b'", no(codePattern), hintPattern},
	{opPattern, "text", "SELECT K FROM t WHERE C SIMILAR TO 'b%'", no(codePattern), hintPattern},
	{opFold, "text", "SELECT K FROM t WHERE lower(C) = lower(L)", only(yieldsIndex, codeExpression, kindNormalized, kindCitext), hintFold},
	{opFold, "text", "SELECT K FROM t WHERE lower(C) = L", only(yieldsIndex, codeExpression, kindNormalized, kindCitext), hintFold},
	{opFold, "text", "SELECT count(*) FROM t GROUP BY lower(C)", only(yieldsIndex, codeExpression, kindNormalized, kindCitext), hintFold},
	{opFold, "text", "SELECT count(DISTINCT lower(C)) FROM t", only(yieldsIndex, codeExpression, kindNormalized, kindCitext), hintFold},

	{opGroup, "groups", "SELECT C, count(*) FROM t GROUP BY C", equalKinds(yieldsSealed, codeNotSearchable), ""},
	{opGroup, "groups", "SELECT C, count(*) FROM t GROUP BY ROLLUP (C)", equalKinds(yieldsSealed, codeNotSearchable), ""},
	{opGroup, "groups", "SELECT DISTINCT C FROM t", equalKinds(yieldsSealed, codeNotSearchable), ""},
	{opGroup, "groups", "SELECT count(DISTINCT C) FROM t", andCitext(equalKinds(yieldsPlain, codeNotSearchable)), ""},
	{opGroup, "groups", "SELECT C FROM t UNION SELECT D FROM t", equalKinds(yieldsSealed, codeNotSearchable), ""},
	{opGroup, "groups", "SELECT count(*) OVER (PARTITION BY C) FROM t", andCitext(equalKinds(yieldsPlain, codeNotSearchable)), ""},
	{opNone, "groups", "SELECT C FROM t UNION ALL SELECT D FROM t", yes(yieldsSealed), ""},

	{opCarry, "carrying", "SELECT coalesce(C, L) FROM t", yes(yieldsSealed), ""},
	{opCarry, "carrying", "SELECT CASE WHEN K = 1 THEN C ELSE D END FROM t", yes(yieldsSealed), ""},
	{opCarry, "carrying", "SELECT lag(C) OVER (ORDER BY K) FROM t", yes(yieldsSealed), ""},
	{opCarry, "carrying", "SELECT first_value(C) OVER (ORDER BY K) FROM t", yes(yieldsSealed), ""},
	{opRecursive, "carrying", "WITH RECURSIVE w AS (SELECT C, 1 AS n FROM t UNION ALL SELECT C, n + 1 FROM w WHERE n < 2) SELECT C FROM w", yes(yieldsSealed), ""},
	{opGroup, "carrying", "WITH RECURSIVE w AS (SELECT C FROM t UNION SELECT t.D FROM t JOIN w ON t.C = w.C) SELECT C FROM w", equalKinds(yieldsSealed, codeNotSearchable), ""},
	{opArray, "carrying", "SELECT (array_agg(C ORDER BY K))[1] FROM t", yes(yieldsSealed), ""},
	{opArray, "carrying", "SELECT array_agg(C ORDER BY K) FROM t", with(yes(yieldsArray), kindCitext, cell{code: codeHolder}), ""},
	{opArray, "carrying", "SELECT ARRAY(SELECT C FROM t ORDER BY K)", with(yes(yieldsArray), kindCitext, cell{code: codeHolder}), ""},
	{opArray, "carrying", "SELECT ARRAY[C, D] FROM t", with(yes(yieldsArray), kindCitext, cell{code: codeHolder}), ""},
	{opArray, "carrying", "SELECT u FROM unnest(ARRAY(SELECT C FROM t)) u", yes(yieldsSealed), ""},
	{opJSON, "carrying", "SELECT json_agg(C ORDER BY K) FROM t", with(yes(yieldsJSON), kindCitext, cell{code: codeHolder}), ""},
	{opJSON, "carrying", "SELECT jsonb_build_object('c', C, 'k', K) FROM t", with(yes(yieldsJSON), kindCitext, cell{code: codeHolder}), ""},
	{opJSON, "carrying", "SELECT row_to_json(t) FROM t", with(yes(yieldsJSON), kindCitext, cell{code: codeHolder}), ""},
	{opJSON, "carrying", "SELECT coalesce(json_agg(x), '[]') FROM (SELECT K, C FROM t ORDER BY K) x", with(yes(yieldsJSON), kindCitext, cell{code: codeHolder}), ""},

	{opNone, "writing", "INSERT INTO t (K, C) VALUES (1, L)", yes(yieldsSealed), ""},
	{opNone, "writing", "INSERT INTO t (K, C) SELECT K, D FROM t", yes(yieldsSealed), ""},
	{opNone, "writing", "UPDATE t SET C = D RETURNING C", yes(yieldsSealed), ""},
	{opNone, "writing", "UPDATE t SET (C, K) = (L, 2)", yes(yieldsSealed), ""},
	{opCopyOut, "writing", "UPDATE t SET n = C", no(codeCopyOut), ""},

	{opCompute, "computing", "SELECT length(C) FROM t", no(codeExpression), hintCompute},
	{opCompute, "computing", "SELECT upper(C) FROM t", no(codeExpression), hintCompute},
	{opConcat, "computing", "SELECT C || 'x' FROM t", no(codeExpression), hintCompute},
	{opStringAgg, "computing", "SELECT string_agg(C, ',') FROM t", no(codeAggregate), "Use array_agg and join the values in the application."},
	{opWholeRow, "computing", "SELECT t FROM t", no(codeWholeRow), ""},
}
