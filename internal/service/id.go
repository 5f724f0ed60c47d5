package service

import (
	"crypto/rand"
	"encoding/binary"
	"encoding/hex"
	"time"
)

// ids makes UUIDv7s for one batch: they sort in the order they were made. The
// random bytes are bought for many at a time. Not safe for concurrent use.
type ids struct {
	stamp  uint64 // milliseconds, then 12 bits of what is left of them
	random []byte
}

// idRandom is the random bytes of one id; bought for this many at a time.
const (
	idRandom = 8
	idBuy    = 128
)

// next makes one id.
func (s *ids) next(now time.Time) string {
	ns := now.UnixNano()
	ms := ns / 1e6
	stamp := uint64(ms)<<12 | uint64(ns-ms*1e6)<<12/1e6
	s.stamp = max(stamp, s.stamp+1)
	if len(s.random) < idRandom {
		s.random = make([]byte, idRandom*idBuy)
		_, _ = rand.Read(s.random) // never fails: it ends the process instead
	}
	var raw [16]byte
	binary.BigEndian.PutUint64(raw[:], s.stamp>>12<<16|7<<12|s.stamp&0xfff)
	copy(raw[8:], s.random[:idRandom])
	s.random = s.random[idRandom:]
	raw[8] = raw[8]&0x3f | 0x80
	var text [36]byte
	hex.Encode(text[:], raw[:4])
	hex.Encode(text[9:], raw[4:6])
	hex.Encode(text[14:], raw[6:8])
	hex.Encode(text[19:], raw[8:10])
	hex.Encode(text[24:], raw[10:])
	text[8], text[13], text[18], text[23] = '-', '-', '-', '-'
	return string(text[:])
}
