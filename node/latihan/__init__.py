"""A practice village: invented people in a data folder of its own, which never syncs."""
