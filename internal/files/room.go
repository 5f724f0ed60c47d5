package files

// What Room leaves alone: a twentieth of a disk, as file systems do for root,
// and of a large one no more than a database needs to end in order.
const (
	maxReserve  = 1 << 30
	reservePart = 20
)
