package function

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"syscall"
	"time"
)

// Lambda gives a function CPU by its memory, a whole one at 1,769 MB:
// https://docs.aws.amazon.com/lambda/latest/dg/configuration-memory.html
const wholeCPU = 1769

// period is that in which the quota is given out. AWS does not say what Lambda's
// is.
const period = 20 * time.Millisecond

// A Quota is a group of processes that share so much CPU as Lambda gives a
// function. Close it when its processes have ended. The nil Quota is none.
type Quota struct {
	folder  string
	version int
}

// NewQuota makes a group for functions of so many MB. It needs the right to make
// control groups: of version 2 with the controller cpu, or else of version 1.
func NewQuota(memory int) (*Quota, error) {
	share := int(period.Microseconds()) * memory / wholeCPU
	name := fmt.Sprintf("streamer-bench-%d-%d", os.Getpid(), memory)
	v2 := &Quota{folder: filepath.Join("/sys/fs/cgroup", name), version: 2}
	v1 := &Quota{folder: filepath.Join("/sys/fs/cgroup/cpu", name), version: 1}
	err2 := v2.make("cpu.max", fmt.Sprintf("%d %d", share, period.Microseconds()))
	if err2 == nil {
		return v2, nil
	}
	err1 := v1.make("cpu.cfs_period_us", strconv.FormatInt(period.Microseconds(), 10))
	if err1 == nil {
		err1 = v1.write("cpu.cfs_quota_us", strconv.Itoa(share))
	}
	if err1 != nil {
		return nil, fmt.Errorf("limit the CPU: %w", errors.Join(err2, err1, v1.Close()))
	}
	return v1, nil
}

// String says how the CPU is limited.
func (q *Quota) String() string {
	return fmt.Sprintf("control group of version %d, given out every %v", q.version, period)
}

func (q *Quota) make(setting, value string) error {
	if err := os.Mkdir(q.folder, 0o755); err != nil && !errors.Is(err, os.ErrExist) {
		return err
	}
	if err := q.write(setting, value); err != nil {
		return errors.Join(err, os.Remove(q.folder))
	}
	return nil
}

// write sets a setting that exists; a plain folder has none.
func (q *Quota) write(setting, value string) error {
	file, err := os.OpenFile(filepath.Join(q.folder, setting), os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	_, err = file.WriteString(value)
	return errors.Join(err, file.Close())
}

// start starts the command in the group and returns when it began to.
func (q *Quota) start(cmd *exec.Cmd) (time.Time, error) {
	if q == nil {
		began := time.Now()
		return began, cmd.Start()
	}
	if q.version == 2 {
		folder, err := os.Open(q.folder)
		if err != nil {
			return time.Time{}, err
		}
		defer folder.Close()
		cmd.SysProcAttr = &syscall.SysProcAttr{UseCgroupFD: true, CgroupFD: int(folder.Fd())}
		began := time.Now()
		return began, cmd.Start()
	}
	// A child begins in the group of the thread that made it.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	thread := strconv.Itoa(syscall.Gettid())
	if err := q.write("tasks", thread); err != nil {
		return time.Time{}, err
	}
	began := time.Now()
	err := cmd.Start()
	outside := &Quota{folder: filepath.Dir(q.folder)}
	return began, errors.Join(err, outside.write("tasks", thread))
}

// Close removes the group, whose processes must have ended.
func (q *Quota) Close() error {
	if q == nil {
		return nil
	}
	err := os.Remove(q.folder)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	return err
}
