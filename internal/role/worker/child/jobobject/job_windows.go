package jobobject

import (
	"errors"
	"fmt"
	"os"
	"sync"
	"unsafe"

	"golang.org/x/sys/windows"
)

// Suspended is the creation flag of a process that a Job is to adopt: it must not
// start others before it is in the job.
const Suspended = windows.CREATE_SUSPENDED

// killed is the exit code of what a Job kills, as elsewhere of what is killed.
const killed = 137

// Job is one job object. Its methods are safe for concurrent use.
type Job struct {
	mu     sync.Mutex
	handle windows.Handle // 0 once closed: the number may be another's then
}

// New makes a job whose processes end with the last handle to it, and so with
// this process, however that ends.
func New() (*Job, error) {
	handle, err := windows.CreateJobObject(nil, nil)
	if err != nil {
		return nil, fmt.Errorf("make a job object: %w", err)
	}
	info := windows.JOBOBJECT_EXTENDED_LIMIT_INFORMATION{
		BasicLimitInformation: windows.JOBOBJECT_BASIC_LIMIT_INFORMATION{LimitFlags: windows.JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE},
	}
	if _, err := windows.SetInformationJobObject(handle, windows.JobObjectExtendedLimitInformation, uintptr(unsafe.Pointer(&info)), uint32(unsafe.Sizeof(info))); err != nil {
		return nil, errors.Join(fmt.Errorf("set up a job object: %w", err), windows.CloseHandle(handle))
	}
	return &Job{handle: handle}, nil
}

// Adopt takes in a process that was created suspended and not waited for, and lets
// it run.
func (j *Job) Adopt(p *os.Process) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	process, err := windows.OpenProcess(windows.PROCESS_SET_QUOTA|windows.PROCESS_TERMINATE, false, uint32(p.Pid))
	if err != nil {
		return fmt.Errorf("open process %d: %w", p.Pid, err)
	}
	defer windows.CloseHandle(process)
	if err := windows.AssignProcessToJobObject(j.handle, process); err != nil {
		return fmt.Errorf("put process %d into its job object: %w", p.Pid, err)
	}
	return resume(uint32(p.Pid))
}

// resume lets the threads of a process run: one, of a process that is new.
func resume(pid uint32) error {
	snapshot, err := windows.CreateToolhelp32Snapshot(windows.TH32CS_SNAPTHREAD, 0)
	if err != nil {
		return fmt.Errorf("list threads: %w", err)
	}
	defer windows.CloseHandle(snapshot)
	entry, found := windows.ThreadEntry32{}, false
	entry.Size = uint32(unsafe.Sizeof(entry))
	for err = windows.Thread32First(snapshot, &entry); err == nil; err = windows.Thread32Next(snapshot, &entry) {
		if entry.OwnerProcessID != pid {
			continue
		}
		thread, err := windows.OpenThread(windows.THREAD_SUSPEND_RESUME, false, entry.ThreadID)
		if err != nil {
			return fmt.Errorf("open a thread of process %d: %w", pid, err)
		}
		_, err = windows.ResumeThread(thread)
		if err := errors.Join(err, windows.CloseHandle(thread)); err != nil {
			return fmt.Errorf("let process %d run: %w", pid, err)
		}
		found = true
	}
	if !found {
		return fmt.Errorf("process %d has no thread", pid)
	}
	return nil
}

// Kill ends every process of the job.
func (j *Job) Kill() error {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.handle == 0 {
		return nil
	}
	return windows.TerminateJobObject(j.handle, killed)
}

// Close ends what is left of the job.
func (j *Job) Close() error {
	j.mu.Lock()
	defer j.mu.Unlock()
	handle := j.handle
	j.handle = 0
	if handle == 0 {
		return nil
	}
	return windows.CloseHandle(handle)
}
