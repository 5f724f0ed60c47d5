package purity

import (
	"fmt"
	"time"
)

func clock(deadline time.Time) time.Duration {
	time.Sleep(1)             // want "uses time.Sleep; take now as a parameter"
	began := time.Now         // want "uses time.Now"
	_ = began().Local()       // want "uses time.Time.Local"
	<-time.After(time.Second) // want "a channel operation" "uses time.After"
	fmt.Println("no")         // want "uses fmt.Println"
	_ = fmt.Sprint("yes")
	_ = deadline.Add(time.Second).After(deadline) // a method of that name is none of the clock's
	return time.Until(deadline)                   // want "uses time.Until"
}
