package config

import (
	"fmt"
	"strconv"
	"strings"
)

// What run_as can be, beside an account's name.
const (
	RunAsAuto      = "auto"
	RunAsPool      = "pool"
	RunAsSubmitter = "submitter"
)

// ParsePool reads pool_users: 60578-61183.
func (c Config) ParsePool() (first, last uint32, err error) {
	low, high, ok := strings.Cut(c.PoolUsers, "-")
	a, err := strconv.ParseUint(low, 10, 32)
	b, err2 := strconv.ParseUint(high, 10, 32)
	// 65535 is no user in what has 16 bits for one, 4294967295 none at all.
	if !ok || err != nil || err2 != nil || a < 1000 || b < a || b-a > 1_000_000 || b == 1<<32-1 || a <= 65535 && b >= 65535 {
		return 0, 0, fmt.Errorf("%q: use two user ids of 1000 or more, such as 60578-61183, a million apart at most", c.PoolUsers)
	}
	return uint32(a), uint32(b), nil
}

// ParseUserMap reads user_map: accounts by submitter.
func (c Config) ParseUserMap() (map[string]string, error) {
	accounts := map[string]string{}
	for _, entry := range c.UserMap {
		name, account, ok := strings.Cut(entry, "=")
		switch {
		case !ok || name == "" || account == "":
			return nil, fmt.Errorf("%q: use NAME=ACCOUNT", entry)
		case accounts[name] != "":
			return nil, fmt.Errorf("%q: %s is there twice", entry, name)
		}
		accounts[name] = account
	}
	return accounts, nil
}
