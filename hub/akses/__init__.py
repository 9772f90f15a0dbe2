"""The access audit as the admin reads it: who opened or exported whose data, when and for what."""
