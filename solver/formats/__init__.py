"""Documents of others, to and from the domain: ECS, tables, plans."""
