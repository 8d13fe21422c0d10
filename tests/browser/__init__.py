"""Tests that drive exported pages in a real browser, as a person would."""
