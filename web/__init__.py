"""Pages and webhooks: wristband, staff console, health."""
