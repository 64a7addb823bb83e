"""The subcommands of ``lastmile``, one module each."""
