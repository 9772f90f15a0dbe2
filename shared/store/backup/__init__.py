"""Backups of one side: one sealed file a run, proven by a trial restore, put back on the same or another computer.

::

    kode      the code on paper that opens them        sealing   the bytes of a sealed file
    archive   what is inside                           snapshot  one moment of the database
    trial     the proof of a file                      pictures  attachments, sealed once, beside the files
    make      one run                                  state     how it stands, what is due
    restore   a file becomes a data folder again       placing   … in the place of the present one, whole or not at all
"""
