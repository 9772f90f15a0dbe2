"""A whole kecamatan in one process, driven by one seed: real nodes, a real hub, a world that breaks."""
