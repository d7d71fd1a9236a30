"""From a finding to a person who goes and looks: policy, messages, watch, outbox, channels."""
