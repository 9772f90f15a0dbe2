"""The monthly LAMPID report and the population books of Permendagri 47/2016."""
