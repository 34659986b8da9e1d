"""A program `giac` with one answer to everything: no real system hangs or crashes on demand."""

import os
import stat


def fake_giac(folder, answer: str):
    """A PATH whose first folder holds this program; it writes its questions and its process number to files there.

    For the answer `CRASH` the program ends at once; for `HANG` it loops for ever.
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
