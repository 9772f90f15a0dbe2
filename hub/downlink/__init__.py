"""What goes down to the villages: runs of the hub's channels and of sibling nodes."""
