"""Holds the code lists as csv files, `kode,nama` and where useful more columns; shared.codes reads them."""
