"""Ways to reach a person; a channel is one method."""
