"""Spreadsheets in the wild become clean rows and a list of problems; nothing here writes a record.

``guard`` and ``extent`` judge a file before anything opens it, ``reader`` and ``header`` hand out its rows,
``columns`` declares the 43 columns, ``clean`` and ``dates`` read one cell, ``check`` looks at the whole file,
``rejects`` gives back what was refused, ``messages`` holds what the operator reads, and ``penduduk`` ties
them together.
"""
