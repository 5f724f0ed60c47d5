// Package jobobject is a job object of Windows: what a process starts belongs to
// it too, so all of them end together. It is the one place outside of the CUDA
// driver where Windows wants a pointer as a number. Nothing of it was ever run on
// Windows: it compiles, and is written after Microsoft's description.
package jobobject
