"""The first start on an empty data folder: which desa, which computer, whose first account."""
