// Package jobobject is a job object of Windows: what a process starts belongs to
// it too, so all of them end together. It is the one place outside of the CUDA
// driver where Windows wants a pointer as a number. It is
// tried under wine (make test-wine), and was never run on Windows itself.
package jobobject
