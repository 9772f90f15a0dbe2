"""The kabupaten's side: pulls signed exports from hubs and keeps them.

Nothing here imports the hub's server modules, so that it runs on a machine that has no hub. The server
imports the form of the manifest from here, never the other way round.
"""
