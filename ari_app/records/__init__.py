"""What remains of a call: pure facts, made of what changed, for whoever keeps or counts them."""
