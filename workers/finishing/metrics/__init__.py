"""What can be known of a call from who speaks when. Pure: integers and texts in, figures out.

docs/metrics.md has the definitions; each file here holds one of them.
"""
