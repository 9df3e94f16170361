package chaos

import (
	"bytes"
	"debug/elf"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// wallClock takes the place of __vdso_clock_gettime in one process: it asks the kernel (system call 228, clock_gettime(2)) and adds a number of
// seconds to what CLOCK_REALTIME says. The number stands at wallOffset.
var wallClock = []byte{
	0xb8, 228, 0, 0, 0, // mov eax, 228
	0x0f, 0x05, // syscall: rdi and rsi are the caller's
	0x85, 0xff, // test edi, edi: CLOCK_REALTIME is 0
	0x75, 0x0d, // jnz to ret
	0x48, 0xb9, 0, 0, 0, 0, 0, 0, 0, 0, // mov rcx, the number
	0x48, 0x01, 0x0e, // add [rsi], rcx: timespec.tv_sec
	0xc3, // ret
}

const wallOffset = 13

// moveClock makes the wall clock of one process, a child of ours, differ from the machine's. The monotonic clock goes on as it did, as it does
// where an administrator or NTP sets the time. It needs no privileges: programs read the clock by a function that the kernel maps into
// each process (vdso(7)), and a process's copy of that page can be written by its parent (proc(5), /proc/pid/mem).
func moveClock(pid int, by time.Duration) error {
	start, end, err := vdso(pid)
	if err != nil {
		return err
	}
	mem, err := os.OpenFile(fmt.Sprintf("/proc/%d/mem", pid), os.O_RDWR, 0)
	if err != nil {
		return err
	}
	defer mem.Close()
	image := make([]byte, end-start)
	if _, err := mem.ReadAt(image, start); err != nil {
		return err
	}
	at, err := clockFunction(image)
	if err != nil {
		return err
	}
	code := bytes.Clone(wallClock)
	binary.LittleEndian.PutUint64(code[wallOffset:], uint64(int64(by/time.Second)))
	if err := stopOutside(pid, start, end); err != nil {
		return err
	}
	_, err = mem.WriteAt(code, start+at)
	return errors.Join(err, syscall.Kill(pid, syscall.SIGCONT))
}

// vdso is where the kernel has mapped its functions.
func vdso(pid int) (start, end int64, err error) {
	maps, err := os.ReadFile(fmt.Sprintf("/proc/%d/maps", pid))
	if err != nil {
		return 0, 0, err
	}
	for line := range strings.Lines(string(maps)) {
		if strings.HasSuffix(strings.TrimSpace(line), "[vdso]") {
			_, err := fmt.Sscanf(line, "%x-%x", &start, &end)
			return start, end, err
		}
	}
	return 0, 0, errors.New("the process has no vdso")
}

// clockFunction is where __vdso_clock_gettime begins in the image, which must have room for wallClock.
func clockFunction(image []byte) (int64, error) {
	f, err := elf.NewFile(bytes.NewReader(image))
	if err != nil {
		return 0, err
	}
	all, err := f.DynamicSymbols()
	if err != nil {
		return 0, err
	}
	for _, s := range all {
		if s.Name == "__vdso_clock_gettime" {
			if s.Size < uint64(len(wallClock)) {
				return 0, fmt.Errorf("%s has %d bytes", s.Name, s.Size)
			}
			return int64(s.Value), nil
		}
	}
	return 0, errors.New("the vdso has no __vdso_clock_gettime")
}

// stopOutside stops a process while none of its threads is in the code between start and end.
func stopOutside(pid int, start, end int64) error {
	for deadline := time.Now().Add(5 * time.Second); time.Now().Before(deadline); time.Sleep(time.Millisecond) {
		if err := syscall.Kill(pid, syscall.SIGSTOP); err != nil {
			return err
		}
		for time.Now().Before(deadline) {
			stopped, inside := threads(pid, start, end)
			if stopped && !inside {
				return nil
			}
			if inside {
				break
			}
			time.Sleep(time.Millisecond)
		}
		if err := syscall.Kill(pid, syscall.SIGCONT); err != nil {
			return err
		}
	}
	return errors.New("the process could not be stopped outside of its clock")
}

// threads reports whether all threads of a process stand still, and whether one that does is between start and end.
func threads(pid int, start, end int64) (stopped, inside bool) {
	names, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*", pid))
	stopped = len(names) > 0
	for _, name := range names {
		stat, err := os.ReadFile(filepath.Join(name, "stat"))
		if err != nil {
			continue // a thread that has ended
		}
		_, state, _ := strings.Cut(string(stat), ") ")
		call, err := os.ReadFile(filepath.Join(name, "syscall"))
		if err != nil {
			continue
		}
		// The last word is the program counter: proc(5).
		fields := strings.Fields(string(call))
		var at int64
		if !strings.HasPrefix(state, "T") || len(fields) < 3 {
			stopped = false
		} else if _, err := fmt.Sscanf(fields[len(fields)-1], "0x%x", &at); err != nil || at >= start && at < end {
			inside = true
		}
	}
	return stopped, inside
}

// clocks are the faults of a proxy's clock.
func clocks() []Fault {
	return []Fault{{"clock moved", false, false, func(x *Hit) error {
		x.Proxy.mu.Lock()
		defer x.Proxy.mu.Unlock()
		pid := x.Proxy.run.Process.Pid
		var err error
		for range 3 {
			by := []time.Duration{time.Second, time.Minute, time.Hour, 400 * 24 * time.Hour, 20 * 365 * 24 * time.Hour}[x.Random.IntN(5)]
			if x.Random.IntN(2) == 0 {
				by = -by
			}
			err = errors.Join(err, moveClock(pid, by))
			x.pause(200, 800)
		}
		return errors.Join(err, moveClock(pid, 0))
	}}}
}
