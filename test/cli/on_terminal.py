"""Runs a command on a terminal of its own, presses keys, and says what the terminal showed and whether it is as before.

Usage: on_terminal.py KEYS COMMAND...; KEYS may be TERM, for the signal.
"""
import json
import os
import pty
import select
import signal
import subprocess
import sys
import termios

keys, command = sys.argv[1], sys.argv[2:]
master, slave = pty.openpty()
termios.tcsetwinsize(slave, (30, 90))
before = termios.tcgetattr(slave)
env = dict(os.environ, TERM="xterm")
child = subprocess.Popen(command, stdin=slave, stdout=slave, stderr=subprocess.DEVNULL, env=env)
shown = b""


def read_until(found):
    """Reads until the text has come, or nothing comes any more."""
    global shown
    start = len(shown)
    while found not in shown[start:]:
        ready, _, _ = select.select([master], [], [], 60)
        if not ready:
            raise SystemExit(f"not shown: {found!r}")
        shown += os.read(master, 65536)


try:
    read_until(b"q quit")
    if keys == "TERM":
        child.send_signal(signal.SIGTERM)
    else:
        # Each key is followed by a drawing, except the last, which ends the command.
        for key in keys[:-1]:
            os.write(master, key.encode())
            read_until(b"q quit")
        os.write(master, keys[-1].encode())
    read_until(b"\x1b[?1049l")
    code = child.wait(60)
finally:
    child.kill()
    child.wait()
while select.select([master], [], [], 0)[0]:
    shown += os.read(master, 65536)
restored = termios.tcgetattr(slave) == before
print(json.dumps({"text": shown.decode(), "restored": restored, "code": code}))
