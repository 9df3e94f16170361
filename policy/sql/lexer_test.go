package sql

import (
	"math/rand/v2"
	"strings"
	"testing"
	"unicode/utf8"

	pg_query "github.com/pganalyze/pg_query_go/v6"
)

// lexerCorpus are texts in which the scanner's rules show.
var lexerCorpus = []string{
	`SELECT a, "B""c" FROM t WHERE x = 'it''s' AND y <> E'a\'b' -- end`,
	"SELECT 'a'\n'b', 'c' \n\t 'e'", "SELECT 'a' /* x */ 'b'", `SELECT U&'d\0061t\+000061' UESCAPE '!', U&"d!0061" UESCAPE '!'`,
	`SELECT $$a'b$$, $x$ $y$ $x$, $1, $22::int`, "SELECT B'01', X'1F', b'1'\n'0', N'abc', n'x'",
	`SELECT 1, 1.5, .5, 1., 1e10, 1.5E-3, 0x1F, 0o17, 0b101, 1_000, 0x_ff`, `SELECT 1..10, a[1:2], a.b.c, a::int, x := 1, f(a => 2)`,
	`SELECT a<=b, a>=b, a<>b, a!=b, a->>'x', a@>b, a*-1, a+-b, a@-b, a-+-+b, a <-> b, a ~* b`,
	`SELECT /* a /* b */ c */ 1 /*+ hint */`, "SELECT a--b\n, 1", `SELECT a*/**/b, 4-/*x*/3, a<--c
	d`, `INSERT INTO "t" VALUES (-1, - 2, +3, 'é', 'naïve', tést)`, `COPY t (a) FROM STDIN WITH (FORMAT csv)`,
	`SELECT a FROM t WHERE b = $1 OR c = ANY($2::text[]) LIMIT 5 OFFSET 2;;`, `DO $body$ BEGIN EXECUTE 'x'; END $body$`,
	`SELECT '\', 'a\'`, `SELECT E'\\', e'\x41\u00e9'`, `SELECT a$b, _c$1, $a$b$a$, $`, `SELECT OPERATOR(pg_catalog.+)`,
	`SELECT @ -1, |/ 4, !!3, a || 'b' ^@ c, a ?| b, a ?& b, #> `, `select 1e5x`, `select 1_`, `select "`, `select 'a`, `select $q$ a`, `/* x`, `""`,
}

// lexAll returns all tokens, false when the text does not lex.
func lexAll(text string) ([]Token, bool) {
	var all []Token
	for at := 0; ; {
		t, ok := nextToken(text, at)
		if !ok {
			return all, t.Start >= len(text)
		}
		all = append(all, t)
		at = t.End
	}
}

// checkLexer compares with PostgreSQL's own scanner.
func checkLexer(t *testing.T, text string) {
	t.Helper()
	if strings.IndexByte(text, 0) >= 0 || !utf8.ValidString(text) {
		return
	}
	ours, ok := lexAll(text)
	scan, err := pg_query.Scan(text)
	if err != nil {
		return // the server refuses what its scanner refuses; we may be laxer only where no token can be misread
	}
	if !ok {
		// Stricter: these the grammar refuses anyway.
		return
	}
	for _, o := range ours {
		// libpg_query keeps comments as tokens, and so does not continue a string constant across one; the server does.
		if o.Kind >= KindString && o.Kind <= KindHexString && strings.Contains(text[o.Start:o.End], "--") {
			return
		}
	}
	i := 0
	for _, tok := range scan.Tokens {
		if tok.Token == pg_query.Token_SQL_COMMENT || tok.Token == pg_query.Token_C_COMMENT {
			continue
		}
		if i >= len(ours) {
			t.Fatalf("%q: missing token at %d", text, tok.Start)
		}
		if ours[i].Start != int(tok.Start) || ours[i].End != int(tok.End) {
			t.Fatalf("%q: token %d is [%d,%d), the scanner's is [%d,%d)", text, i, ours[i].Start, ours[i].End, tok.Start, tok.End)
		}
		i++
	}
	if i != len(ours) {
		t.Fatalf("%q: %d tokens, the scanner has %d", text, len(ours), i)
	}
}

func TestLexerAgreesWithPostgreSQL(t *testing.T) {
	lexed := 0
	for _, text := range lexerCorpus {
		checkLexer(t, text)
		_, err := pg_query.Scan(text)
		if _, ok := lexAll(text); ok && err == nil {
			lexed++
		}
	}
	if lexed < 20 {
		t.Errorf("only %d texts of the corpus lex in both", lexed)
	}
}

func TestLexerMutations(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	const pieces = "'\"$\\/*-+.:_0123eExXbBuUnN&@!<>=()[];, \n\tqa"
	for range 30000 {
		b := []byte(lexerCorpus[rng.IntN(len(lexerCorpus))])
		for range 1 + rng.IntN(4) {
			i := rng.IntN(len(b) + 1)
			switch rng.IntN(3) {
			case 0:
				b = append(b[:i:i], append([]byte{pieces[rng.IntN(len(pieces))]}, b[i:]...)...)
			case 1:
				b = b[:i]
			case 2:
				other := lexerCorpus[rng.IntN(len(lexerCorpus))]
				b = append(b[:i:i], other[rng.IntN(len(other)):]...)
			}
		}
		checkLexer(t, string(b))
	}
}

func FuzzLexer(f *testing.F) {
	for _, text := range lexerCorpus {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if len(text) < 4096 && strings.Count(text, "/*") < 50 {
			checkLexer(t, text)
		}
	})
}

func TestLexerAllocatesNothing(t *testing.T) {
	n := testing.AllocsPerRun(100, func() {
		for at := 0; ; {
			tok, ok := nextToken(lexerCorpus[0], at)
			if !ok {
				break
			}
			at = tok.End
		}
	})
	if n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func TestLiteralEnd(t *testing.T) {
	for _, c := range []struct{ in, want string }{
		{`'a' x`, `'a'`}, {`- /* c */ 5.5)`, `- /* c */ 5.5`}, {"'a'\n  'b' 'c'", "'a'\n  'b'"}, {`U&'a!0061' UESCAPE '!' x`, `U&'a!0061' UESCAPE '!'`},
		{`$q$a$q$;`, `$q$a$q$`}, {`TRUE)`, `TRUE`}, {`NULL,`, `NULL`}, {`E'a\'b'::text`, `E'a\'b'`}, {`x`, ``}, {`(1)`, ``}, {` 1`, ``}, {`+1`, ``},
		{`0x1F;`, `0x1F`}, {`- 'a'`, ``}, {`-(5), 6`, `-(5)`}, {`- -5`, `- -5`}, {`-((-(5))) x`, `-((-(5)))`}, {`-(5 + 1)`, ``}, {`-(5::int)`, ``}, {`-((5)`, ``},
	} {
		end := literalEnd(c.in, 0)
		got := ""
		if end >= 0 {
			got = c.in[:end]
		}
		if got != c.want {
			t.Errorf("literalEnd(%q) = %q, want %q", c.in, got, c.want)
		}
	}
}

func TestTypeNameEnd(t *testing.T) {
	for _, c := range []struct{ in, want string }{
		{`int4)`, `int4`}, {`public.citext = 1`, `public.citext`}, {`"My"."T"(3,4)[][3] x`, `"My"."T"(3,4)[][3]`},
		{`character varying ( 10 ) COLLATE x`, `character varying ( 10 )`}, {`char varying,`, `char varying`}, {`national character(3)`, `national character(3)`},
		{`timestamp(3) with time zone)`, `timestamp(3) with time zone`}, {`timestamp with ordinality`, `timestamp`}, {`time without time zone`, `time without time zone`},
		{`double precision[]`, `double precision[]`}, {`double`, `double`}, {`bit varying(3)`, `bit varying(3)`}, {`text ARRAY[4]`, `text ARRAY[4]`}, {`text array and`, `text array`},
		{`interval day to second(3) x`, `interval day to second(3)`}, {`interval(2)`, `interval(2)`}, {`interval year`, `interval year`}, {`numeric(10,2)`, `numeric(10,2)`},
		{`t.c%TYPE`, ``}, {`setof int`, ``}, {`U&"a!b" UESCAPE '!' x`, `U&"a!b" UESCAPE '!'`}, {`'x'`, ``}, {`text /* c */ [] y`, `text /* c */ []`},
		{`bytea NOT NULL`, `bytea`}, {`varchar /* n */ (5)`, `varchar /* n */ (5)`},
	} {
		end := typeNameEnd(c.in, 0)
		got := ""
		if end >= 0 {
			got = c.in[:end]
		}
		if got != c.want {
			t.Errorf("typeNameEnd(%q) = %q, want %q", c.in, got, c.want)
		}
	}
}
