package proxy

import (
	"unsafe"

	"github.com/pgveil/pgveil/policy"
)

// maxSkeleton bounds the texts whose constants are lifted, in bytes.
const maxSkeleton = 8 << 10

// hasSkeleton makes the skeleton of a text, by which it has a plan in common with texts of other constants. What sideEffects tells from
// words within constants must not hang on one that is lifted: it looks at none for a single statement, but for set_config.
func (s *session) hasSkeleton(text []byte) bool {
	return len(text) <= maxSkeleton && single(text) && !setsConfig(text) && s.skeleton.Make(unsafe.String(unsafe.SliceData(text), len(text)))
}

// skeletonPlan is the plan of a text from that of another one with the skeleton that hasSkeleton has just made.
func (s *session) skeletonPlan(key policy.CacheKey, text []byte) (*policy.Plan, bool) {
	key.Skeleton = true
	p, ok := s.server.plans.Get(key, s.skeleton.Text)
	if !ok {
		return nil, false
	}
	return p.With(&s.skeleton, unsafe.String(unsafe.SliceData(text), len(text))), true
}

// keepSkeleton keeps p, the plan of a text, for all texts with its skeleton. False: it is the plan of this text only.
func (s *session) keepSkeleton(key policy.CacheKey, text []byte, p *policy.Plan) bool {
	template, ok := p.Template(&s.skeleton, string(text))
	if ok {
		key.Skeleton = true
		s.server.plans.Put(key, string(s.skeleton.Text), template)
	}
	return ok
}
