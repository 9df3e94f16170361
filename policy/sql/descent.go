package sql

import "google.golang.org/protobuf/reflect/protoreflect"

// children calls f for each message directly below m, with the field that holds it. The parser's messages have no maps.
func children(m protoreflect.Message, f func(protoreflect.FieldDescriptor, protoreflect.Message)) {
	m.Range(func(d protoreflect.FieldDescriptor, v protoreflect.Value) bool {
		switch {
		case d.Message() == nil:
		case d.IsList():
			for i := range v.List().Len() {
				f(d, v.List().Get(i).Message())
			}
		default:
			f(d, v.Message())
		}
		return true
	})
}

// descend calls f for m and every message below it, but for what is below those for which f returns false.
func descend(m protoreflect.Message, f func(protoreflect.Message) (into bool)) {
	if !f(m) {
		return
	}
	children(m, func(_ protoreflect.FieldDescriptor, child protoreflect.Message) { descend(child, f) })
}

// has reports whether f finds something in m or in a message below it.
func has(m protoreflect.Message, f func(protoreflect.Message) bool) (found bool) {
	descend(m, func(m protoreflect.Message) bool {
		found = found || f(m)
		return !found
	})
	return found
}
