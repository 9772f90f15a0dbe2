"""The access audit of a desa: who saw, printed or exported whose data."""
