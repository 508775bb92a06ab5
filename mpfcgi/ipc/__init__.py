"""Between processes: connections handed over, the workers' scoreboard, control lines, mutexes."""
