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

const (
	kindSession = 'S'
	// sessionVersion is its own: the packets have theirs.
	sessionVersion = 3
)

// EncodeSession makes the bytes of a packet's way.
func EncodeSession(s Session) []byte {
	b := append(make([]byte, 0, 2+16+20+len(s.Packet)), kindSession, sessionVersion)
	b = append(b, s.ID[:]...)
	b = binary.AppendVarint(b, s.Job)
	b = binary.AppendVarint(b, int64(s.Attempt))
	return append(b, s.Packet...)
}

// DecodeSession reads it; Packet is part of b.
func DecodeSession(b []byte) (Session, error) {
	var s Session
	if len(b) < 2+len(s.ID) || b[0] != kindSession || b[1] != sessionVersion {
		return s, ErrMalformed
	}
	copy(s.ID[:], b[2:])
	r := reader{b: b[2+len(s.ID):]}
	s.AttemptKey = r.key()
	s.Packet = r.b
	return s, r.err
}
