//go:build !amd64

package chaos

// clocks are none: what stands in the place of the kernel's clock is written for one kind of machine.
func clocks() []Fault { return nil }
