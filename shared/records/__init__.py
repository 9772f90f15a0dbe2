"""The kinds of records: their fields, the rules of single values, and the catalogue of all kinds."""
