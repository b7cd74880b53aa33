"""How the detector learns: assignment, losses, schedules, and what is kept to go on."""
