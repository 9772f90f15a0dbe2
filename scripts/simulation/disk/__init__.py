"""Real processes on a disk that fails: killed at any operation, cut off from power, out of room, with read errors."""
