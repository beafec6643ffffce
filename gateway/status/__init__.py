"""How the gateway is, for whoever runs it: alive, ready, and in figures. Only service builds it; it sees all rooms."""
