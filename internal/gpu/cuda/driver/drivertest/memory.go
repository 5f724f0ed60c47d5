package drivertest

import (
	"turno/internal/gpu/cuda/driver"
)

func (f *Fake) alloc(p *driver.Ptr, n uint64) driver.Result {
	if n == 0 {
		return driver.InvalidValue
	}
	if f.used+n > f.o.Memory {
		return driver.OutOfMemory
	}
	m := f.start()
	r := m.alloc(p, n)
	if r == driver.Success {
		f.memory[*p] = n
		f.used += n
	}
	return r
}

func (f *Fake) free(p driver.Ptr) driver.Result {
	n, ok := f.memory[p]
	if !ok {
		f.t.Errorf("drivertest: freed memory that is not allocated: %#x", p)
		return driver.InvalidValue
	}
	delete(f.memory, p)
	f.used -= n
	return f.result(f.start().free(p))
}

func (f *Fake) memories(c *driver.CUDA) {
	c.MemAlloc = func(p *driver.Ptr, n uint64) driver.Result {
		defer f.mu.Unlock()
		if r := f.within("MemAlloc"); r != driver.Success {
			return r
		}
		return f.alloc(p, n)
	}
	c.MemFree = func(p driver.Ptr) driver.Result {
		defer f.mu.Unlock()
		r := f.within("MemFree")
		if r == driver.Success {
			r = f.runAll() // it waits for the device
		}
		if r != driver.Success {
			return r
		}
		return f.free(p)
	}
	c.MemGetInfo = func(free, total *uint64) driver.Result {
		defer f.mu.Unlock()
		r := f.within("MemGetInfo")
		*free, *total = f.o.Memory-f.used, f.o.Memory
		return r
	}
	c.HostAlloc = func(n uint64) ([]byte, driver.Result) {
		defer f.mu.Unlock()
		r := f.within("HostAlloc")
		if r != driver.Success {
			return nil, r
		}
		memory := make([]byte, n)
		f.host[&memory[n-1]] = memory
		return memory, r
	}
	c.HostFree = func(memory []byte) driver.Result {
		defer f.mu.Unlock()
		r := f.within("HostFree")
		delete(f.host, &memory[len(memory)-1])
		return r
	}
}

// locked tells whether memory is HostAlloc's: a slice and what it is part of
// end at the same byte.
func (f *Fake) locked(memory []byte) bool {
	whole := memory[:cap(memory)]
	return len(whole) > 0 && f.host[&whole[len(whole)-1]] != nil
}

func (f *Fake) copies(c *driver.CUDA) {
	c.MemcpyHtoD = func(to driver.Ptr, from []byte, n uint64) driver.Result {
		defer f.mu.Unlock()
		if r := f.within("MemcpyHtoD"); r != driver.Success {
			return r
		}
		return f.start().write(to, from[:n])
	}
	c.MemcpyDtoH = func(to []byte, from driver.Ptr, n uint64) driver.Result {
		defer f.mu.Unlock()
		r := f.within("MemcpyDtoH")
		if r == driver.Success {
			r = f.runAll()
		}
		if r != driver.Success {
			return r
		}
		return f.start().read(to[:n], from)
	}
	c.MemcpyHtoDAsync = func(to driver.Ptr, from []byte, n uint64, s driver.Stream) driver.Result {
		return f.submit("MemcpyHtoDAsync", s, func() driver.Result { return f.start().write(to, from[:n]) }, func() {
			if !f.locked(from) {
				f.t.Error("drivertest: an asynchronous copy from memory that is not page-locked")
			}
		})
	}
	c.MemcpyDtoHAsync = func(to []byte, from driver.Ptr, n uint64, s driver.Stream) driver.Result {
		return f.submit("MemcpyDtoHAsync", s, func() driver.Result { return f.start().read(to[:n], from) }, func() {
			if !f.locked(to) {
				f.t.Error("drivertest: an asynchronous copy to memory that is not page-locked")
			}
		})
	}
	c.MemcpyDtoDAsync = func(to, from driver.Ptr, n uint64, s driver.Stream) driver.Result {
		return f.submit("MemcpyDtoDAsync", s, func() driver.Result { return f.start().ask(opCopy, words{uint64(to), uint64(from), n}) })
	}
	c.MemsetD8Async = func(to driver.Ptr, v uint8, n uint64, s driver.Stream) driver.Result {
		return f.submit("MemsetD8Async", s, func() driver.Result { return f.start().ask(opSet8, words{uint64(to), uint64(v), n}) })
	}
	c.MemsetD32Async = func(to driver.Ptr, v uint32, n uint64, s driver.Stream) driver.Result {
		return f.submit("MemsetD32Async", s, func() driver.Result { return f.start().ask(opSet32, words{uint64(to), uint64(v), n}) })
	}
}

func (f *Fake) pools(c *driver.CUDA) {
	c.DefaultMemPool = func(p *driver.MemPool, _ driver.Device) driver.Result { *p = 1; return driver.Success }
	c.MemPoolSetAttribute = func(driver.MemPool, int32, *uint64) driver.Result { return driver.Success }
	c.MemPoolTrimTo = func(driver.MemPool, uint64) driver.Result { return driver.Success }
	c.MemAllocAsync = func(p *driver.Ptr, n uint64, s driver.Stream) driver.Result {
		defer f.mu.Unlock()
		r := f.within("MemAllocAsync")
		if r == driver.Success && f.streams[s].capturing {
			return 900
		}
		if r != driver.Success {
			return r
		}
		return f.alloc(p, n)
	}
	c.MemFreeAsync = func(p driver.Ptr, s driver.Stream) driver.Result {
		return f.submit("MemFreeAsync", s, func() driver.Result { return f.free(p) })
	}
}
