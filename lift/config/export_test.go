package config

import "time"

// Within sets what fetching the secret again may take: 300 ms go by on a machine that is busy.
func (r Rotating) Within(limit time.Duration) { r.state.within = limit }
