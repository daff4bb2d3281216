"""Every figure of the README, one command each; `results` has them with the machine they were measured on."""
