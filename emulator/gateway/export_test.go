package gateway

// Open counts the connections that the gateway remembers.
func (g *Gateway) Open() int { return len(g.open()) }
