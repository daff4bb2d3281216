"""Events go to the webhooks of their owners: signed, tried again for days, every attempt noted."""
