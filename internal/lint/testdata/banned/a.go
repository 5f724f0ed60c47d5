package a

import "fmt"

func init() { // want "an init function; use an explicit list"
	fmt.Println("loaded") // want "prints to standard output"
	println("debug")      // want "the print builtin"
}

type t struct{}

func (t) init() {}

func say() string { return fmt.Sprint("fine") }
