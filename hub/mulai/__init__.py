"""The first start of a hub: a new one, one out of a backup, one in the place of another that is gone."""
