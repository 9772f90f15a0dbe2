"""The web shell of both apps: set-up, guards, accounts, sessions, forms, local commands, serving.

It knows Flask and the store; it knows no record kind by name and neither app.
"""
