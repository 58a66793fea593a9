"""Records to frozen figure data: pure functions that know nothing of pixels."""
