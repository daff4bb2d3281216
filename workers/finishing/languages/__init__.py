"""In which language something was said. Pure: texts in, codes out; docs/languages.md has the rules."""
