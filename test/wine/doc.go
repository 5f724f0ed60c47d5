// Package wine runs the Windows program, built for it, in wine: what a first user
// of turno does on Windows. Windows itself was never at hand.
//
//	make test-wine     this, and the tests of packages that have Windows code
package wine
