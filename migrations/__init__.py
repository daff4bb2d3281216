"""Schema changes: expand, deploy, contract; the file names say which."""
