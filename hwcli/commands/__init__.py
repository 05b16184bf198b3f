"""The subcommands of ``hw``, a module each: they parse, call and write, and do no mathematics."""
