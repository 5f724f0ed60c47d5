package purity

func concurrency() {
	c := make(chan int) // want "a channel; a core"
	go func() {         // want "a go statement"
		c <- 1 // want "a channel operation"
	}()
	select { // want "a channel operation"
	default:
	}
	for range c { // want "a channel operation"
	}
}
