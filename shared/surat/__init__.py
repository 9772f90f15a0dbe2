"""Letters, as far as node, hub and checker see them alike; knows no database, clock or page."""
