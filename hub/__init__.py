"""The hub: the application of a kecamatan, which merges what its villages write and shows it whole."""
