"""The road without internet: files on a stick from a desa, and the answers to them."""
