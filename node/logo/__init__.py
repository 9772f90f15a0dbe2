"""The logo of the desa on the pages and prints of this computer; not part of the log."""
