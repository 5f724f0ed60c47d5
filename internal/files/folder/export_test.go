package folder

// Dir is where it lies.
func (s *Store) Dir() string { return s.dir }

// SetFault is asked before each write, with its length.
func (s *Store) SetFault(f func(int64) error) { s.fault = f }
