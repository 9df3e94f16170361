package sql

import "testing"

func TestFetchesUnseen(t *testing.T) {
	for body, want := range map[string]bool{
		"begin return 1; end": false,
		"declare c cursor for select 1; r int; begin open c; fetch c into r; close c; return r; end":                                                                     false,
		"DECLARE r record; C NO SCROLL CURSOR (k int) FOR SELECT k; BEGIN r := 1; OPEN c(3); LOOP FETCH NEXT FROM c INTO r; EXIT WHEN NOT FOUND; END LOOP; CLOSE c; END": false,
		"declare c refcursor; r int; begin open c for select 1; fetch relative -2 from c into r; move forward 3 in c; return c; end":                                     false,
		"declare c cursor for select 1 fetch first 1 rows only; r int; begin open c; fetch c into r; end":                                                                false,
		"begin return (select x from y fetch next 3 rows only); end":                                                                                                     false,
		"declare c cursor for select 1; r int; begin open c; fetch c into r; exception when others then raise exception 'x'; end":                                        false,
		"declare c cursor for select 1; begin open c; if true then fetch c into r; update t set a = 1 where current of c; end if; end":                                   false,
		"declare c cursor for select 1; begin open c; /* c := 'd' */ fetch c into r; -- c := 'd'\n end":                                                                  false,

		"declare r int; begin fetch $1 into r; end":                                                                               true,
		"begin fetch c into r; end":                                                                                               true,
		"declare c refcursor := 'c'; r int; begin fetch c into r; end":                                                            true,
		"declare c refcursor := 'c'; r int; begin open c for select 1; fetch c into r; end":                                       true,
		"declare c cursor for select 1; r int; begin fetch c into r; end":                                                         true,
		"declare c cursor for select 1; r int; begin fetch c into r; open c; end":                                                 true,
		"declare c cursor for select 1; r int; begin if false then open c; end if; fetch c into r; end":                           true,
		"declare c cursor for select 1; r int; begin while false loop open c; end loop; fetch c into r; end":                      true,
		"declare c cursor for select 1; r int; begin <<l>> begin exit l; open c; end; fetch c into r; end":                        true,
		"declare c cursor for select 1; r int; begin r := 1/0; open c; exception when others then fetch c into r; end":            true,
		"declare c cursor for select 1; r int; begin open c; c := 'd'; fetch c into r; end":                                       true,
		"declare c refcursor; r int; begin open c for select 1; select 'd' into c; fetch c into r; end":                           true,
		"declare c refcursor; d refcursor; begin open c for select 1; open d for select 'x'; fetch d into c; fetch c into r; end": true,
		"declare c refcursor; r int; begin open c for select 1; for c in select 'd' loop fetch c into r; end loop; end":           true,
		"declare c refcursor; d alias for c; begin open c for select 1; d := 'x'; fetch c into r; end":                            true,
		`declare c refcursor; begin open c for select 1; "c" := 'x'; fetch c into r; end`:                                         true,
		"<<b>> declare c refcursor; begin open c for select 1; b.c := 'x'; fetch c into r; end":                                   true,
		"declare c refcursor; begin open c for select 1; call p(c); fetch c into r; end":                                          true,
		"begin declare c cursor for select 1; begin open c; end; fetch c into r; end":                                             true,
		"declare c cursor for select 1; begin open c; declare c refcursor; begin fetch c into r; end; end":                        true,
		"declare c cursor for select 1; begin open c; declare c text; begin fetch c into r; end; end":                             true,
		"declare c cursor for select 1; begin open c; fetch x.c into r; end":                                                      true,
		`declare c cursor for select '\'; begin open c; fetch c into r; end`:                                                      true,
		"declare c cursor for select 1; begin open c; fetch c":                                                                    true,
		"declare c cursor for select 'x; begin open c; fetch c into r; end":                                                       true,
		"fetch 1 from c": true,
	} {
		if got := fetchesUnseen(body); got != want {
			t.Errorf("%s: %v", body, got)
		}
	}
}
