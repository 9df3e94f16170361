package proxy

import (
	"reflect"
)

// revalidate gives the plan for another execution of a prepared statement: the one it was prepared with, or a new one of the
// same shape if policy, schema or search path have changed since.
func (s *session) revalidate(name []byte, st *statement) (planned, error) {
	w := s.server.world.Load()
	s.enter(w)
	if st.kept == nil && st.plan.Plain && st.plan.world == w && (control([]byte(st.text)) || s.inBatch && begins([]byte(st.text))) {
		return st.plan, nil
	}
	cat, err := s.catalog(w)
	if err != nil {
		return planned{}, err
	}
	old := st.plan
	if st.kept != nil || !old.Plain {
		if cat, err = s.catchUp(w, cat, false); err != nil {
			return planned{}, err
		}
	}
	if (st.kept != nil || !old.Plain) && s.unsure() {
		if err := s.makeSure(); err != nil {
			return planned{}, err
		}
	}
	if st.kept != nil {
		return s.revalidateKept(st, w, cat)
	}
	if old.world == w && old.catalog == cat && !pathDependent(old.Plan) && !(s.naming && old.byName()) && (old.Plain || old.path == s.pathID && !s.pathVolatile) {
		return old, nil
	}
	p, err := s.planAgain(st)
	if err != nil {
		return planned{}, err
	}
	if old.plain(0) && p.plain(0) && !reflect.DeepEqual(old.Edits, p.Edits) {
		if s.transaction() == 'E' {
			return old, nil // the server will refuse whatever it is
		}
		return p, s.prepareAgain(name, st, p)
	}
	if !sameShape(old, p) {
		return planned{}, refusalReplan
	}
	st.plan = p
	return p, nil
}

// sameShape reports whether the text that the server has prepared under a is also what b asks for. What a text runs by name may have come to
// touch something sensitive, or ceased to: that alone changes no text.
func sameShape(a, b planned) bool {
	return a.Plan == b.Plan || (a.Plain == b.Plain || a.byName()) && reflect.DeepEqual(a.Edits, b.Edits) &&
		reflect.DeepEqual(a.Params, b.Params) && reflect.DeepEqual(a.Literals, b.Literals)
}
