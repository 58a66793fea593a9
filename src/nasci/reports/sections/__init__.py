"""The sections of the report, top down: figure data and charts put into words and blocks."""
