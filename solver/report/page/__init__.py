"""What HTML pages have in common: the style, how templates are read, tables and bars. Nothing in a page is fetched."""
