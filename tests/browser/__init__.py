"""Journeys of people at their screens, in Debian's Chromium, against hub and nodes that run as real processes."""
