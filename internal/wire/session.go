package wire

import (
	"encoding/binary"

	"turno"
)

// Session is a packet of a client's session on its way to a worker. Who hands
// it in has checked that the client may speak to that attempt.
type Session struct {
	turno.AttemptKey
	ID     [16]byte
	Packet []byte
}

const kindSession = 'S'

// EncodeSession makes the bytes of a packet's way.
func EncodeSession(s Session) []byte {
	b := append(make([]byte, 0, 2+16+20+len(s.Packet)), kindSession, version)
	b = append(b, s.ID[:]...)
	b = binary.AppendVarint(b, s.Job)
	b = binary.AppendVarint(b, int64(s.Attempt))
	return append(b, s.Packet...)
}

// DecodeSession reads it; Packet is part of b.
func DecodeSession(b []byte) (Session, error) {
	var s Session
	r, err := open(b, kindSession)
	if err != nil {
		return s, err
	}
	if len(r.b) < len(s.ID) {
		return s, ErrMalformed
	}
	copy(s.ID[:], r.b)
	r.b = r.b[len(s.ID):]
	s.AttemptKey = r.key()
	s.Packet = r.b
	return s, r.err
}
