-- What psql does, in the order of its versions: a line "-- since N" begins what psql N is the first to know.
-- since 15
\pset null '(null)'
SET client_min_messages = warning;
CREATE SCHEMA crm;
CREATE TABLE crm.clients (id int PRIMARY KEY, email text UNIQUE, phone text, born date);
CREATE TABLE crm.plain (id serial PRIMARY KEY, client int REFERENCES crm.clients, note text DEFAULT 'none', at date);
CREATE INDEX plain_note ON crm.plain (lower(note));
CREATE VIEW crm.grown AS SELECT id, email FROM crm.clients WHERE id > 0;
COMMENT ON COLUMN crm.clients.email IS 'where letters go';
INSERT INTO crm.clients VALUES (1, 'ada@example.org', '555-0100', '1815-12-10'), (2, 'otto@example.org', NULL, '1832-06-14');
INSERT INTO crm.plain (client, note, at) SELECT 1 + i % 2, 'note ' || i, date '2020-01-01' + i FROM generate_series(1, 20) i;
\d
\d crm.*
\d+ crm.clients
\d+ crm.plain
\d+ crm.grown
\dt crm.*
\dt+ crm.plain
\di crm.*
\dv crm.*
\ds crm.*
\dn
\dp crm.*
\du postgres
\df crm.*
\dT crm.*
\sv crm.grown
\d nosuch
SELECT * FROM crm.clients ORDER BY id \gx
SELECT * FROM crm.clients WHERE email = 'ada@example.org' \gx (format=unaligned)
SELECT id, email AS found FROM crm.clients WHERE born = '1832-06-14' \gset
\echo :found
SELECT :'found' = 'otto@example.org' AS same;
UPDATE crm.clients SET phone = '555-0101' WHERE email = :'found' RETURNING *;
SELECT id, phone FROM crm.clients ORDER BY id \g (format=csv)
SELECT 'SELECT count(*) FROM crm.clients', 'SELECT email FROM crm.clients WHERE id = 1' \gexec
SELECT * FROM crm.clients WHERE email = 'ada@example.org' \gdesc
SELECT id, note, at FROM crm.plain WHERE at < '2020-01-04' ORDER BY 1, 2 \crosstabview id at note
\copy crm.clients (id, email, phone, born) TO FILE
\copy (SELECT * FROM crm.clients WHERE email = 'ada@example.org') TO STDOUT CSV HEADER
BEGIN;
DELETE FROM crm.plain;
DELETE FROM crm.clients;
\copy crm.clients FROM FILE
SELECT count(*), max(id) FROM crm.clients;
ROLLBACK;
\copy crm.clients (id, email) FROM STDIN
3	eve@example.org
4	\N
\.
SELECT id, email, phone FROM crm.clients ORDER BY id;
\copy crm.clients (id, email) FROM STDIN CSV
5,"ada@example.org"
\.
BEGIN;
SAVEPOINT s;
INSERT INTO crm.clients (id, email) VALUES (6, 'ada@example.org');
ROLLBACK TO s;
SELECT id FROM crm.clients WHERE email = 'eve@example.org';
COMMIT;
\set ON_ERROR_ROLLBACK on
BEGIN;
INSERT INTO crm.clients (id, email) VALUES (1, 'x@example.org');
SELECT count(*) FROM crm.clients;
COMMIT;
\set ON_ERROR_ROLLBACK off
SELECT email FROM crm.clients WHERE id = 1 \; SELECT id FROM crm.clients WHERE email = 'eve@example.org' \; SELECT 3;
\set SINGLELINE off
\set FETCH_COUNT 2
SELECT id, email FROM crm.clients ORDER BY id;
\unset FETCH_COUNT
\set SHOW_ALL_RESULTS off
SELECT 1 \; SELECT email FROM crm.clients WHERE id = 2;
\set SHOW_ALL_RESULTS on
CREATE SEQUENCE crm.ticks;
SELECT email, 1 / (3 - nextval('crm.ticks')) AS tick FROM crm.clients WHERE id = 1 \watch 0.01
PREPARE found (text) AS SELECT id FROM crm.clients WHERE email = $1;
EXECUTE found ('eve@example.org');
DEALLOCATE found;
SELECT * FROM crm.clients WHERE nosuch = 1;
\errverbose
SELECT email FROM crm.clients WHERE email = 1;
\if :{?found}
SELECT 'found' AS state;
\endif
-- since 16
SELECT id, email FROM crm.clients WHERE email = $1 \bind 'ada@example.org' \g
SELECT id FROM crm.clients WHERE email = $1 AND id = $2 \bind 'ada@example.org' 1 \gx
INSERT INTO crm.clients (id, email, born) VALUES ($1, $2, $3) \bind 7 'bea@example.org' '1900-01-02' \g
SELECT email, born FROM crm.clients WHERE born = $1 \bind '1900-01-02' \g
SELECT email FROM crm.clients WHERE id = $1 \bind 'no number' \g
SELECT email FROM crm.clients WHERE id = 7 \watch i=0.01 c=2
\dp+ crm.plain
-- since 17
SELECT email FROM crm.clients WHERE id = 7 \watch i=0.01 c=3 m=1
\drg
-- since 18
SELECT id, email FROM crm.clients WHERE email = $1 \parse by_email
\bind_named by_email 'bea@example.org' \g
\bind_named by_email 'ada@example.org' \gx
\bind_named by_email 'nobody@example.org' \g
\close_prepared by_email
\bind_named by_email 'ada@example.org' \g
\startpipeline
SELECT id, email FROM crm.clients WHERE email = $1 \bind 'ada@example.org' \sendpipeline
INSERT INTO crm.clients (id, email) VALUES ($1, $2) \bind 8 'kim@example.org' \sendpipeline
SELECT email FROM crm.clients WHERE id = $1 \bind 8 \sendpipeline
\syncpipeline
\flushrequest
\getresults
SELECT email, born FROM crm.clients WHERE email = $1 \bind 'kim@example.org' \sendpipeline
SELECT 1 / $1 \bind 0 \sendpipeline
SELECT email FROM crm.clients WHERE id = $1 \bind 1 \sendpipeline
\endpipeline
\startpipeline
SELECT email FROM crm.clients WHERE id = $1 \parse in_pipeline
\bind_named in_pipeline 8 \sendpipeline
\flush
\close_prepared in_pipeline
\echo :PIPELINE_COMMAND_COUNT :PIPELINE_RESULT_COUNT
\endpipeline
\startpipeline
BEGIN \bind \sendpipeline
UPDATE crm.clients SET email = $1 WHERE email = $2 RETURNING id, email \bind 'kay@example.org' 'kim@example.org' \sendpipeline
COMMIT \bind \sendpipeline
\syncpipeline
\endpipeline
SELECT id, email FROM crm.clients WHERE id > $1 ORDER BY id \bind 6 \g
\dx
\dAo+ btree integer_ops
-- since 15
DROP SEQUENCE crm.ticks;
ANALYZE;
