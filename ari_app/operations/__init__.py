"""What whoever runs a call centre asks of it at a terminal: `ari-app doctor`, `ari-app calls`, `ari-app story`."""
