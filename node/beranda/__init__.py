"""The front page, the accounts of this installation, and what the pages of one running node share."""
