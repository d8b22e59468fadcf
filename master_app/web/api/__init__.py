"""One module a subject. Each view: decode, one service call, encode."""
