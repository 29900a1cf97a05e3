"""The subcommands of ``python -m mmpose_ssn``, one module each."""
