"""Seeded households and incidents, and recordings played as a gateway would."""
