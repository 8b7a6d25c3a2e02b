"""The admin frontend: health, readiness, metrics and a page that a person can look at."""
