"""What speaks against a transcript. Pure: figures and texts in, flags out.

docs/quality.md has the definitions; each file here holds one of them.
"""
