"""Simulated stand-ins for the data sets of the 2019 study: small, seeded, never the real ones."""
