"""The first page of the hub: what is there, what waits, who was heard from."""
