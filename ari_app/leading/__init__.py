"""Which controller leads its Asterisk: `machine` decides, `leading` asks the store and says who leads."""
