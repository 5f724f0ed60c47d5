package files

import (
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"iter"

	"turno"
)

// A pack is small blobs one after the other: 32 bytes of hash, 4 of length
// (big-endian), the content. It has no paths, links or modes: there is nothing
// to unpack to.

const packHead = 32 + 4

// PackWriter writes a pack.
type PackWriter struct{ W io.Writer }

// Add writes a blob.
func (p PackWriter) Add(s Small) error {
	if !turno.ValidHash(s.Hash) || len(s.Data) > MaxSmall {
		return fmt.Errorf("a blob of %d bytes cannot be packed: %w", len(s.Data), ErrMismatch)
	}
	head, err := hex.AppendDecode(make([]byte, 0, packHead), []byte(s.Hash))
	if err != nil {
		return fmt.Errorf("pack a blob: %w", err)
	}
	if _, err := p.W.Write(binary.BigEndian.AppendUint32(head, uint32(len(s.Data)))); err != nil {
		return err
	}
	_, err = p.W.Write(s.Data)
	return err
}

// ReadPack gives the blobs of a pack, unchecked. Each one's Data is its own.
func ReadPack(r io.Reader) iter.Seq2[Small, error] {
	return func(yield func(Small, error) bool) {
		var head [packHead]byte
		for {
			_, err := io.ReadFull(r, head[:])
			if errors.Is(err, io.EOF) {
				return
			}
			size := binary.BigEndian.Uint32(head[32:])
			if err == nil && size > MaxSmall {
				err = turno.Errorf(turno.CodeTooLarge, "a blob in a pack has %d bytes; at most %d are allowed", size, MaxSmall)
			}
			s := Small{Hash: hex.EncodeToString(head[:32])}
			if err == nil {
				s.Data = make([]byte, size)
				_, err = io.ReadFull(r, s.Data)
			}
			if !yield(s, err) || err != nil {
				return
			}
		}
	}
}
