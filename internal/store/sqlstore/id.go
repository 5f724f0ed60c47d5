package sqlstore

import (
	"bytes"
	"encoding/hex"
	"strconv"
	"strings"

	"turno"
)

// An id is stored as 16 bytes when it is a UUID, and as the 16 bytes of the
// array's with the index beside it when it is a task's: half the size, and the
// tasks of an array stand together in the index. Other ids are kept as their
// text behind a zero byte, or two where one would make 16 bytes of it.

// packID appends an id's stored form to buf and gives its index, -1 for none.
func packID(buf []byte, id string) ([]byte, int64) {
	if len(id) > 37 && id[36] == '_' && turno.ValidID(id[:36]) {
		digits := id[37:]
		n, err := strconv.ParseInt(digits, 10, 64)
		if err == nil && n >= 0 && strconv.FormatInt(n, 10) == digits {
			buf, _ = packID(buf, id[:36])
			return buf, n
		}
	}
	if !turno.ValidID(id) {
		buf = append(buf, 0)
		if len(id) == 15 {
			buf = append(buf, 0)
		}
		return append(buf, id...), -1
	}
	var hexed [32]byte
	copy(hexed[:], id[:8])
	copy(hexed[8:], id[9:13])
	copy(hexed[12:], id[14:18])
	copy(hexed[16:], id[19:23])
	copy(hexed[20:], id[24:])
	buf, _ = hex.AppendDecode(buf, hexed[:])
	return buf, -1
}

func unpackID(b []byte, index int64) string {
	if len(b) != 16 {
		return string(bytes.TrimLeft(b, "\x00"))
	}
	var text [36]byte
	hex.Encode(text[:8], b[:4])
	hex.Encode(text[9:], b[4:6])
	hex.Encode(text[14:], b[6:8])
	hex.Encode(text[19:], b[8:10])
	hex.Encode(text[24:], b[10:])
	text[8], text[13], text[18], text[23] = '-', '-', '-', '-'
	if index < 0 {
		return string(text[:])
	}
	return string(strconv.AppendInt(append(text[:], '_'), index, 10))
}

// text is a string that every database takes: no zero byte, valid UTF-8. The
// columns it is for are only searched, never read back.
func text(s string) string {
	return strings.ReplaceAll(strings.ToValidUTF8(s, "\ufffd"), "\x00", "\ufffd")
}
