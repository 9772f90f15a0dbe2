"""The demo: a kecamatan of five nodes and a hub, played through HTTP and commands only."""
