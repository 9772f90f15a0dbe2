"""The road without internet: files on a stick to the kecamatan and back."""
