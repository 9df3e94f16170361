package proxy

import "testing"

// A text passes only if the server takes it for a command of replication by its first word.
func TestReplicationCommand(t *testing.T) {
	for text, want := range map[string]string{
		"IDENTIFY_SYSTEM": "IDENTIFY_SYSTEM", " \n\tidentify_system ;": "IDENTIFY_SYSTEM",
		`START_REPLICATION SLOT "s" LOGICAL 0/0 ("proto_version" '1')`: "START_REPLICATION",
		"SHOW wal_segment_size": "SHOW", "show wal_segment_size;": "SHOW",
		secureSearchPath: "SET SEARCH_PATH",
		"BASE_BACKUP":    "BASE_BACKUP", "BASE_BACKUP(x)": "BASE_BACKUP",

		"": "", " ": "", "select 1": "", "insert into people values ('x')": "", "IDENTIFY_SYSTEMS": "", "IDENTIFY_SYSTEM2": "",
		"IDENTIFY_SYSTEM$": "", "IDENTIFY_SYSTEMé": "", "/**/ IDENTIFY_SYSTEM": "", "-- \nIDENTIFY_SYSTEM": "", "\vIDENTIFY_SYSTEM": "",
		`"IDENTIFY_SYSTEM"`: "", "SHOW x; insert into people values (1)": "", "COPY people TO STDOUT": "", "BEGIN": "",
		"select pg_catalog.set_config('search_path', '', false);": "", secureSearchPath + " select 1": "", "SET search_path = x": "",
	} {
		if got := replicationCommand(text); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}
