"""Families: functions that draw random problems with their solutions, and what they have in common."""
