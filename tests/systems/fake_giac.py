"""A program `giac` with one answer to everything, for what no real system can be made to do on demand."""

import os
import stat


def fake_giac(folder, answer: str):
    """A folder for the PATH with such a program, which writes down what it is asked and its process number.

    The answer `CRASH` ends the program at once, `HANG` never comes.
    """
    script = f"""#!/bin/sh
echo $$ >> '{folder}/processes'
while read -r line; do
    case "$line" in
        *integrate*|*desolve*)
            echo "$line" >> '{folder}/questions'
            case '{answer}' in
                CRASH) exit 3;;
                HANG) while :; do :; done;;
                *) echo '"BEGIN{answer}"';;
            esac;;
        *EN*) echo '"END"';;
    esac
done
"""
    folder.mkdir(exist_ok=True)
    program = folder / "giac"
    program.write_text(script)
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    return f"{folder}{os.pathsep}{os.environ['PATH']}"
