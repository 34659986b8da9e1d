"""The commands of `python -m symbolic`, a file for each subject.

Each file has one public function, `add(command)`, which is handed the function that makes a sub-command. Heavy rooms
are imported by the command that needs them.
"""

import argparse
from collections.abc import Callable

# (name, action, help) -> the parser of the sub-command; an action takes the parsed words and returns the exit status.
AddCommand = Callable[[str, Callable[[argparse.Namespace], int], str], argparse.ArgumentParser]
