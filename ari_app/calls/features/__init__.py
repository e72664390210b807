"""What changes in a call: offers, holds, leaving, consultations. Knows no stimuli, and asks for no media."""
