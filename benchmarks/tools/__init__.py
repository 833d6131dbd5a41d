"""One file for each tool: exactly what is timed, and how its full-data path is read off."""
