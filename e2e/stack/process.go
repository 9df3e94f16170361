package stack

import (
	"fmt"
	"os"
	"strconv"
	"strings"
)

// Memory is a figure of a process's memory, in KiB: VmRSS is what is resident now, VmHWM the most that was since ForgetPeak (proc(5)). It is 0
// where there is no such process.
func Memory(pid int, which string) int {
	b, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	for line := range strings.Lines(string(b)) {
		if rest, ok := strings.CutPrefix(line, which+":"); ok {
			n, _ := strconv.Atoi(strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(rest), "kB")))
			return n
		}
	}
	return 0
}

// ForgetPeak sets a process's VmHWM back to what it uses now (proc(5), clear_refs).
func ForgetPeak(pid int) {
	if pid != 0 {
		os.WriteFile(fmt.Sprintf("/proc/%d/clear_refs", pid), []byte("5"), 0)
	}
}

// CPU is a process's user and system time in seconds: fields 14 and 15 of /proc/PID/stat, in ticks of 10 ms. It is 0 where there is no
// such process.
func CPU(pid int) float64 {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if pid == 0 || err != nil {
		return 0
	}
	fields := strings.Fields(string(b[strings.LastIndexByte(string(b), ')')+1:]))
	user, _ := strconv.ParseFloat(fields[11], 64)
	system, _ := strconv.ParseFloat(fields[12], 64)
	return (user + system) / 100
}
