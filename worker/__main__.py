"""`python -m mocap_worker` is `mocap`."""

from .cli import main

main()
