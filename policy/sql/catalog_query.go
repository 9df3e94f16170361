package sql

// CatalogQuery reads what NewCatalog needs, but for what Definitions asks then, as one row with one text column: JSON in base64, so that
// neither client_encoding nor DateStyle and the like can change it. It works for any role on PostgreSQL 14 to 18. Every function, operator,
// type and table in it is schema-qualified: the session's search_path, which a client may have set to a schema of its own, has no say in what
// it reads. It calls nothing that opens a table of the user's, so it takes no lock on one and no concurrent DROP makes it fail.
//
// While it runs it sets search_path to pg_catalog, and back: pg_get_viewdef asks the server's own tables with unqualified operators, so an
// operator in a schema of the path could make it tell another view's body, and it leaves out the schema of names that the path makes
// visible. The setting is local to the transaction and restored in the same statement; CASE and MATERIALIZED keep the order.
// It sets standard_conforming_strings, bytea_output and quote_all_identifiers in the same way, by which the server writes the constants and names of a
// definition (simple_quote_literal and quote_identifier in src/backend/utils/adt/ruleutils.c): guards and sealed constants are known by their texts.
// What is looked for in the trees of expressions ("running") is looked for in each tree once, by the first digits of the functions' OIDs: without
// MATERIALIZED the planner, which thinks that few trees pass, reads all of them once for each function.
//
// "path" records the path that was in force, so that names in view bodies resolve to what they mean.
const CatalogQuery = readingBegins + `'database', pg_catalog.current_database(),
'encoding', pg_catalog.current_setting('server_encoding'),
'ctype', (SELECT d.datctype FROM pg_catalog.pg_database d WHERE d.datname OPERATOR(pg_catalog.=) pg_catalog.current_database()),
'path', pg_catalog.to_json(pg_catalog.current_schemas(true)),
'relations', (SELECT pg_catalog.json_agg(pg_catalog.json_build_object(
	'oid', c.oid::pg_catalog.int8, 'schema', n.nspname, 'name', c.relname, 'kind', c.relkind,
	'partition', c.relispartition,
	'key', k.partattrs::pg_catalog.int2[], 'rls', c.relrowsecurity,
	'columns', (SELECT pg_catalog.json_agg(pg_catalog.json_build_array(a.attnum, a.attname, a.atttypid::pg_catalog.int8, a.atttypmod,
			a.attnotnull, a.atthasdef, a.attgenerated, a.attidentity) ORDER BY a.attnum)
		FROM pg_catalog.pg_attribute a
		WHERE a.attrelid OPERATOR(pg_catalog.=) c.oid AND a.attnum OPERATOR(pg_catalog.>) 0 AND NOT a.attisdropped)))
	FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid OPERATOR(pg_catalog.=) c.relnamespace
	LEFT JOIN pg_catalog.pg_partitioned_table k ON k.partrelid OPERATOR(pg_catalog.=) c.oid
	WHERE c.relkind OPERATOR(pg_catalog.=) ANY (ARRAY['r','p','v','m','f','S','c']::pg_catalog."char"[])
	AND n.nspname OPERATOR(pg_catalog.<>) ALL (ARRAY['pg_catalog','information_schema']::pg_catalog.name[])
	AND n.nspname OPERATOR(pg_catalog.!~) '^pg_toast' AND NOT pg_catalog.pg_is_other_temp_schema(n.oid)),
'system', (SELECT pg_catalog.json_agg(pg_catalog.json_build_array(n.nspname, c.relname,
		(SELECT pg_catalog.json_agg(a.attname ORDER BY a.attnum) FROM pg_catalog.pg_attribute a
		WHERE a.attrelid OPERATOR(pg_catalog.=) c.oid AND a.attnum OPERATOR(pg_catalog.>) 0 AND NOT a.attisdropped)))
	FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid OPERATOR(pg_catalog.=) c.relnamespace
	WHERE n.nspname OPERATOR(pg_catalog.=) 'pg_catalog' AND c.relname OPERATOR(pg_catalog.=) ANY (ARRAY['pg_attribute','pg_class','pg_constraint','pg_attrdef','pg_index',
		'pg_stats','pg_statistic','pg_statistic_ext_data','pg_stats_ext','pg_stats_ext_exprs']::pg_catalog.name[])
	OR n.nspname OPERATOR(pg_catalog.=) 'information_schema'
		AND c.relname OPERATOR(pg_catalog.=) ANY (ARRAY['columns','check_constraints','table_constraints','constraint_column_usage']::pg_catalog.name[])),
'inherits', (SELECT pg_catalog.json_agg(pg_catalog.json_build_array(i.inhrelid::pg_catalog.int8, i.inhparent::pg_catalog.int8))
	FROM pg_catalog.pg_inherits i JOIN pg_catalog.pg_class c ON c.oid OPERATOR(pg_catalog.=) i.inhrelid
	WHERE c.relkind OPERATOR(pg_catalog.=) ANY (ARRAY['r','p','f']::pg_catalog."char"[])),
'depends', (SELECT pg_catalog.json_agg(DISTINCT pg_catalog.jsonb_build_array(r.ev_class::pg_catalog.int8,
		CASE WHEN d.refclassid OPERATOR(pg_catalog.=) 'pg_catalog.pg_proc'::pg_catalog.regclass THEN 'f' ELSE 'r' END, d.refobjid::pg_catalog.int8))
	FROM pg_catalog.pg_rewrite r JOIN pg_catalog.pg_depend d ON d.objid OPERATOR(pg_catalog.=) r.oid
		AND d.classid OPERATOR(pg_catalog.=) 'pg_catalog.pg_rewrite'::pg_catalog.regclass
		AND d.refobjid OPERATOR(pg_catalog.<>) r.ev_class
	WHERE r.ev_class OPERATOR(pg_catalog.>=) 16384::pg_catalog.oid AND d.refclassid OPERATOR(pg_catalog.=) ANY (ARRAY['pg_catalog.pg_class'::pg_catalog.regclass, 'pg_catalog.pg_proc'::pg_catalog.regclass]::pg_catalog.oid[])),
'rules', (SELECT pg_catalog.json_agg(DISTINCT r.ev_class::pg_catalog.int8) FROM pg_catalog.pg_rewrite r
	WHERE r.ev_class OPERATOR(pg_catalog.>=) 16384::pg_catalog.oid AND r.rulename OPERATOR(pg_catalog.<>) '_RETURN'),
'statistics', (SELECT pg_catalog.json_agg(DISTINCT r.ev_class::pg_catalog.int8) FROM pg_catalog.pg_rewrite r
	WHERE r.ev_class OPERATOR(pg_catalog.>=) 16384::pg_catalog.oid AND (r.ev_action::pg_catalog.text OPERATOR(pg_catalog.~~) '%:relid 2619 %'
		OR r.ev_action::pg_catalog.text OPERATOR(pg_catalog.~~) '%:relid 3429 %' OR EXISTS (SELECT FROM pg_catalog.pg_depend d
			WHERE d.classid OPERATOR(pg_catalog.=) 'pg_catalog.pg_rewrite'::pg_catalog.regclass AND d.objid OPERATOR(pg_catalog.=) r.oid
			AND d.refclassid OPERATOR(pg_catalog.=) 'pg_catalog.pg_class'::pg_catalog.regclass AND d.refobjid OPERATOR(pg_catalog.=) ANY (ARRAY[
				'pg_catalog.pg_stats'::pg_catalog.regclass, 'pg_catalog.pg_stats_ext'::pg_catalog.regclass, 'pg_catalog.pg_stats_ext_exprs'::pg_catalog.regclass]::pg_catalog.oid[])))),
'runners', (SELECT pg_catalog.json_agg(pg_catalog.json_build_array(p.oid::pg_catalog.int8, p.proname)) FROM pg_catalog.pg_proc p WHERE ` + builtinRunner + `),
'running', (WITH runner AS MATERIALIZED (SELECT p.oid FROM pg_catalog.pg_proc p WHERE ` + builtinRunner + `),
	domain AS MATERIALIZED (SELECT t.oid, pg_catalog.concat(t.typdefaultbin::pg_catalog.text, k.conbin::pg_catalog.text) AS tree FROM pg_catalog.pg_type t
		LEFT JOIN pg_catalog.pg_constraint k ON k.contypid OPERATOR(pg_catalog.=) t.oid
		WHERE t.typtype OPERATOR(pg_catalog.=) 'd'::pg_catalog."char" AND t.oid OPERATOR(pg_catalog.>=) 16384::pg_catalog.oid),
	calling AS MATERIALIZED (SELECT x.relation, x.tree FROM (
		SELECT r.ev_class, pg_catalog.concat(r.ev_action::pg_catalog.text, r.ev_qual::pg_catalog.text) FROM pg_catalog.pg_rewrite r WHERE r.ev_class OPERATOR(pg_catalog.>=) 16384::pg_catalog.oid
		UNION ALL SELECT d.adrelid, d.adbin::pg_catalog.text FROM pg_catalog.pg_attrdef d
		UNION ALL SELECT k.conrelid, k.conbin::pg_catalog.text FROM pg_catalog.pg_constraint k WHERE k.contype OPERATOR(pg_catalog.=) 'c'::pg_catalog."char" AND k.conrelid OPERATOR(pg_catalog.>=) 16384::pg_catalog.oid
		UNION ALL SELECT o.polrelid, pg_catalog.concat(o.polqual::pg_catalog.text, o.polwithcheck::pg_catalog.text) FROM pg_catalog.pg_policy o
		UNION ALL SELECT t.tgrelid, t.tgqual::pg_catalog.text FROM pg_catalog.pg_trigger t WHERE t.tgqual IS NOT NULL
		UNION ALL SELECT a.attrelid, y.tree FROM domain y JOIN pg_catalog.pg_attribute a ON a.atttypid OPERATOR(pg_catalog.=) y.oid
		) x(relation, tree) WHERE x.tree OPERATOR(pg_catalog.~~) ANY (ARRAY(SELECT DISTINCT pg_catalog.concat('%funcid ', pg_catalog."left"(p.oid::pg_catalog.text, 3), '%') FROM runner p)))
	SELECT pg_catalog.json_agg(DISTINCT pg_catalog.jsonb_build_array(x.relation::pg_catalog.int8, p.oid::pg_catalog.int8))
	FROM calling x JOIN runner p ON x.tree OPERATOR(pg_catalog.~~) pg_catalog.concat('%funcid ', p.oid, ' %')),
'triggers', (SELECT pg_catalog.json_agg(pg_catalog.json_build_array(t.tgrelid::pg_catalog.int8, t.tgname, t.tgfoid::pg_catalog.int8))
	FROM pg_catalog.pg_trigger t WHERE NOT t.tgisinternal),
'constraints', (SELECT pg_catalog.json_agg(pg_catalog.json_build_object('oid', k.oid::pg_catalog.int8, 'relation', k.conrelid::pg_catalog.int8, 'kind', k.contype, 'name', k.conname,
		'columns', k.conkey, 'target', k.confrelid::pg_catalog.int8, 'others', k.confkey,
		'guardlike', k.contype OPERATOR(pg_catalog.=) 'c' AND k.conbin::pg_catalog.text OPERATOR(pg_catalog.~~) (SELECT pg_catalog.concat('%:funcid ',
			'pg_catalog.substr(pg_catalog.bytea,pg_catalog.int4)'::pg_catalog.regprocedure::pg_catalog.oid, ' %'))))
	FROM pg_catalog.pg_constraint k
	WHERE k.contype OPERATOR(pg_catalog.=) ANY (ARRAY['c','f','x']::pg_catalog."char"[])
	AND k.conrelid OPERATOR(pg_catalog.<>) 0::pg_catalog.oid AND k.connamespace OPERATOR(pg_catalog.<>) ALL (
		ARRAY['pg_catalog'::pg_catalog.regnamespace, 'information_schema'::pg_catalog.regnamespace]::pg_catalog.oid[])),
'indexes', (SELECT pg_catalog.json_agg(pg_catalog.json_build_object('relation', i.indrelid::pg_catalog.int8, 'oid', i.indexrelid::pg_catalog.int8,
		'schema', n.nspname, 'name', c.relname, 'unique', i.indisunique, 'primary', i.indisprimary,
		'columns', i.indkey::pg_catalog.int2[], 'keys', i.indnkeyatts, 'partial', i.indpred IS NOT NULL, 'method', m.amname))
	FROM pg_catalog.pg_index i JOIN pg_catalog.pg_class c ON c.oid OPERATOR(pg_catalog.=) i.indexrelid
	JOIN pg_catalog.pg_namespace n ON n.oid OPERATOR(pg_catalog.=) c.relnamespace
	JOIN pg_catalog.pg_am m ON m.oid OPERATOR(pg_catalog.=) c.relam
	WHERE n.nspname OPERATOR(pg_catalog.<>) ALL (ARRAY['pg_catalog','information_schema']::pg_catalog.name[])
	AND n.nspname OPERATOR(pg_catalog.!~) '^pg_toast' AND NOT pg_catalog.pg_is_other_temp_schema(n.oid)),
'functions', (SELECT pg_catalog.json_agg(pg_catalog.json_build_object('oid', p.oid::pg_catalog.int8, 'schema', n.nspname, 'name', p.proname,
		'kind', p.prokind, 'language', l.lanname, 'trigger', p.prorettype OPERATOR(pg_catalog.=) 'pg_catalog.trigger'::pg_catalog.regtype::pg_catalog.oid,
		'field', p.pronargs OPERATOR(pg_catalog.>) 0 AND p.pronargs OPERATOR(pg_catalog.<=) (p.pronargdefaults OPERATOR(pg_catalog.+) 1)
			AND EXISTS (SELECT 1 FROM pg_catalog.pg_type t WHERE t.oid OPERATOR(pg_catalog.=) p.proargtypes[0]
				AND t.typtype OPERATOR(pg_catalog.=) ANY (ARRAY['c','p']::pg_catalog."char"[])),
		'source', p.prosrc, 'parsed', p.prosqlbody IS NOT NULL,
		'calls', CASE WHEN p.prokind OPERATOR(pg_catalog.=) 'a' THEN pg_catalog.json_build_array(g.aggtransfn::pg_catalog.oid::pg_catalog.int8,
			g.aggfinalfn::pg_catalog.oid::pg_catalog.int8, g.aggmtransfn::pg_catalog.oid::pg_catalog.int8, g.aggmfinalfn::pg_catalog.oid::pg_catalog.int8) END,
		'extension', EXISTS (SELECT 1 FROM pg_catalog.pg_depend e WHERE e.classid OPERATOR(pg_catalog.=) 'pg_catalog.pg_proc'::pg_catalog.regclass
			AND e.objid OPERATOR(pg_catalog.=) p.oid AND e.deptype OPERATOR(pg_catalog.=) 'e')))
	FROM pg_catalog.pg_proc p JOIN pg_catalog.pg_namespace n ON n.oid OPERATOR(pg_catalog.=) p.pronamespace
	JOIN pg_catalog.pg_language l ON l.oid OPERATOR(pg_catalog.=) p.prolang
	LEFT JOIN pg_catalog.pg_aggregate g ON g.aggfnoid::pg_catalog.oid OPERATOR(pg_catalog.=) p.oid
	WHERE p.oid OPERATOR(pg_catalog.>=) 16384::pg_catalog.oid),
'operators', (SELECT pg_catalog.json_agg(pg_catalog.json_build_array(n.nspname, o.oprname, o.oprcode::pg_catalog.oid::pg_catalog.int8))
	FROM pg_catalog.pg_operator o JOIN pg_catalog.pg_namespace n ON n.oid OPERATOR(pg_catalog.=) o.oprnamespace
	JOIN pg_catalog.pg_proc p ON p.oid OPERATOR(pg_catalog.=) o.oprcode::pg_catalog.oid
	JOIN pg_catalog.pg_language l ON l.oid OPERATOR(pg_catalog.=) p.prolang
	WHERE o.oid OPERATOR(pg_catalog.>=) 16384::pg_catalog.oid AND (l.lanname OPERATOR(pg_catalog.<>) ALL (ARRAY['c','internal']::pg_catalog.name[]) OR ` + builtinRunner + `)),
'types', (SELECT pg_catalog.json_agg(pg_catalog.json_build_object('oid', t.oid::pg_catalog.int8, 'array', t.typarray::pg_catalog.int8,
		'schema', n.nspname, 'name', t.typname, 'kind', t.typtype, 'base', t.typbasetype::pg_catalog.int8, 'mod', t.typtypmod, 'notnull', t.typnotnull,
		'default', t.typdefault IS NOT NULL,
		'labels', CASE WHEN t.typtype OPERATOR(pg_catalog.=) 'e' THEN (SELECT pg_catalog.json_agg(e.enumlabel ORDER BY e.enumsortorder)
			FROM pg_catalog.pg_enum e WHERE e.enumtypid OPERATOR(pg_catalog.=) t.oid) END))
	FROM pg_catalog.pg_type t JOIN pg_catalog.pg_namespace n ON n.oid OPERATOR(pg_catalog.=) t.typnamespace
	WHERE t.oid OPERATOR(pg_catalog.>=) 16384::pg_catalog.oid AND t.typtype OPERATOR(pg_catalog.<>) 'c' AND t.typcategory OPERATOR(pg_catalog.<>) 'A'
	AND n.nspname OPERATOR(pg_catalog.<>) ALL (ARRAY['pg_catalog','information_schema']::pg_catalog.name[]))
` + readingEnds

// builtinRunner is the condition that p, of pg_proc, is one of the server's own functions that run SQL given as text, or read what a text names
// (see givenText). PostgreSQL records no dependency on such functions, so where they are called is found in the trees of expressions.
const builtinRunner = `(p.oid OPERATOR(pg_catalog.<) 16384::pg_catalog.oid AND p.pronamespace OPERATOR(pg_catalog.=) 'pg_catalog'::pg_catalog.regnamespace::pg_catalog.oid
	AND p.proname OPERATOR(pg_catalog.=) ANY (ARRAY['query_to_xml','query_to_xmlschema','query_to_xml_and_xmlschema','table_to_xml','table_to_xmlschema','table_to_xml_and_xmlschema',
		'schema_to_xml','schema_to_xmlschema','schema_to_xml_and_xmlschema','database_to_xml','database_to_xmlschema','database_to_xml_and_xmlschema',
		'cursor_to_xml','cursor_to_xmlschema','cursor_to_xml_and_xmlschema','ts_stat','ts_rewrite',
		'pg_logical_slot_get_changes','pg_logical_slot_get_binary_changes','pg_logical_slot_peek_changes','pg_logical_slot_peek_binary_changes']::pg_catalog.name[])
	AND (p.proname OPERATOR(pg_catalog.<>) 'ts_rewrite'::pg_catalog.name OR p.pronargs OPERATOR(pg_catalog.=) 2))`

// readingBegins and readingEnds stand around the keys and values of the JSON that is read.
const (
	readingBegins = `WITH saved AS MATERIALIZED (SELECT pg_catalog.current_setting('search_path') AS setting, pg_catalog.current_setting('standard_conforming_strings') AS strings,
	pg_catalog.current_setting('bytea_output') AS bytes, pg_catalog.current_setting('quote_all_identifiers') AS quotes),
taken AS MATERIALIZED (SELECT saved.setting, saved.strings, saved.bytes, saved.quotes, CASE WHEN pg_catalog.set_config('search_path', CASE WHEN saved.setting IS NOT NULL THEN 'pg_catalog' END, true) IS NOT NULL
AND pg_catalog.set_config('standard_conforming_strings', CASE WHEN saved.strings IS NOT NULL THEN 'on' END, true) IS NOT NULL
AND pg_catalog.set_config('bytea_output', CASE WHEN saved.bytes IS NOT NULL THEN 'hex' END, true) IS NOT NULL
AND pg_catalog.set_config('quote_all_identifiers', CASE WHEN saved.quotes IS NOT NULL THEN 'off' END, true) IS NOT NULL
THEN (SELECT pg_catalog.encode(pg_catalog.convert_to((pg_catalog.json_build_object(
`
	readingEnds = `))::pg_catalog.text, 'UTF8'), 'base64')) END AS snapshot FROM saved)
SELECT taken.snapshot FROM taken WHERE pg_catalog.set_config('search_path', taken.setting, true) IS NOT NULL
AND pg_catalog.set_config('standard_conforming_strings', taken.strings, true) IS NOT NULL
AND pg_catalog.set_config('bytea_output', taken.bytes, true) IS NOT NULL
AND pg_catalog.set_config('quote_all_identifiers', taken.quotes, true) IS NOT NULL`
)

// PathQuery reads what names mean in a session right now: one row, the effective search path as a JSON array (see ParsePath) and
// the current role. pg_temp stands in front of the path where relations are made in the session's temporary schema, because search_path
// names it first; current_schemas(true) alone has that schema in front also where it is only searched.
const PathQuery = `SELECT pg_catalog.to_json(CASE WHEN pg_catalog.starts_with((pg_catalog.current_schemas(false))[1]::pg_catalog.text, 'pg_temp_')
THEN pg_catalog.array_prepend('pg_temp'::pg_catalog.name, pg_catalog.current_schemas(true)) ELSE pg_catalog.current_schemas(true) END)::pg_catalog.text, CURRENT_USER::pg_catalog.text`
