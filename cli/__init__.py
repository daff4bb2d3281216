"""The command line: one program for users and for every process of the system."""
