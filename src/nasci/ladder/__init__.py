"""The ladder: contestants under one clock, a leaderboard, and a verdict in words."""
