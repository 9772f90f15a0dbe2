"""What comes in from the villages: verified, stored, folded, receipted."""
