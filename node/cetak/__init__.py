"""Printed letters: the page of a letter, the editor of templates, and the public page that checks a letter."""
