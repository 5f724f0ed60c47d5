package s3

// Prefix is where it keeps what it has.
func (s *Store) Prefix() string { return s.prefix }

// SetPart makes parts smaller.
func (s *Store) SetPart(bytes int64) { s.part = bytes }
