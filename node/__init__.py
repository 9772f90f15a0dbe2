"""The village's side: a complete information system on one PC, whose log syncs to the kecamatan."""
