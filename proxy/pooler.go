package proxy

import (
	"strconv"

	"github.com/pgveil/pgveil/policy/sql"
)

// refusalPooler: the server that answers is not the one that the login named. A server names itself by its process number, in
// BackendKeyData and pg_backend_pid(); a pooler answers the login itself and makes the number up.
var refusalPooler = &sql.Refusal{Code: "PV235", SQLSTATE: "0A000", At: -1,
	Message: "there is a connection pooler between the proxy and the server, and this statement may touch a protected table",
	Hint: "What a statement means depends on its session, which must be one session of the server's. Connect the proxy to the server itself; " +
		"or let the pooler pool sessions, and tell the proxy by pooler: session for the upstream."}

// codeMoved is the code with which a session ends that a pooler has put on another server session.
const codeMoved = "PV236"

var errMoved = &fatal{sqlstate: "08006", message: "the connection pooler has put this session on another server session [" + codeMoved + "]",
	hint: "The upstream says pooler: session, but the pooler lends server sessions for a transaction or a statement. Set its pool_mode to session."}

// stays holds pg_backend_pid(), as it is read with the rest of the session's state, to the process that the login named. Where the
// configuration knows of a pooler, it must be the same as at the first time: whoever lends server sessions for less than a client's
// session gives settings, and names of statements, of one client to another.
func (s *session) stays(pid []byte) error {
	switch {
	case !s.host.Pooled():
		if string(pid) != strconv.FormatUint(uint64(s.running.PID), 10) {
			return refusalPooler
		}
	case s.serverPID == "":
		s.serverPID = string(pid)
	case s.serverPID != string(pid):
		return errMoved
	}
	return nil
}
