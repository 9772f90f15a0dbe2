"""Pictures at the desa: the photo of a resident, and what its pages need of attachments."""
