"""Let ``breakpoint()`` in a Python function open pdb on a socket, and let no function time out.

The socket is a file in a folder of the user. A port of this machine could be reached by web pages, whose text
pdb would execute.

The emulator's interpreter loads this module beside its start script, so it uses only ministack and the
standard library.
"""

from typing import Any

DEBUG_SECONDS = 3600
"""The time limit of each function while functions are debugged."""

_START = "    _local_aws_set_up_logging()\n"

_ADDITIONS = '''
import pdb, socket

class _LocalAwsDebugger(pdb.Pdb):
    """pdb for one connection; the function continues when the connection ends."""

    def __init__(self, connection):
        # One file for both would lose what it has read in advance when it writes.
        commands = connection.makefile("r", encoding="utf-8")
        answers = connection.makefile("w", encoding="utf-8")
        self._closables = (commands, answers, connection)
        super().__init__(stdin=commands, stdout=answers)
        self.use_rawinput = False

    def set_continue(self):
        super().set_continue()
        if not self.breaks:
            self._disconnect()

    def set_quit(self):
        self.clear_all_breaks()
        self.set_continue()

    def do_quit(self, _):
        self.set_quit()
        return 1

    do_q = do_exit = do_EOF = do_quit

    def _disconnect(self):
        for closable in self._closables:
            try:
                closable.close()
            except OSError:
                pass

def _local_aws_stop(*_arguments, **_options):
    frame = sys._getframe(1)
    path = os.path.join(_LOCAL_AWS_DEBUG_FOLDER, f"{os.getpid()}.sock")
    name = os.environ.get("AWS_LAMBDA_FUNCTION_NAME", "")
    sys.stderr.write(f"{name} has stopped at a breakpoint. Run: pulumi-localaws attach\\\\n")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(f"{path}.new")
        server.listen(1)
        os.rename(f"{path}.new", path)  # before it listens, attach must not find it
        try:
            connection, _ = server.accept()
        finally:
            os.unlink(path)
    connection.sendall(f"{name} has stopped. Commands: those of pdb; c continues the function.\\\\n".encode())
    _LocalAwsDebugger(connection).set_trace(frame)

def _local_aws_allow_breakpoints():
    import logging
    logging.getLogger().setLevel(logging.INFO)
    sys.breakpointhook = _local_aws_stop
'''.replace("\\\\n", "\\n")


def change_worker_script(script: str, folder: str) -> str:
    """Return the script for Python functions with a breakpoint hook.

    Args:
        script: The script, after the changes of `python_runtime`.
        folder: The folder of the sockets.

    Raises:
        RuntimeError: A place to change does not occur exactly once.
    """
    run = "\ndef run():\n"
    for place in (run, _START):
        if script.count(place) != 1:
            raise RuntimeError(f"the script for Python functions has changed near {place!r}")
    definitions = f"{_ADDITIONS}\n_LOCAL_AWS_DEBUG_FOLDER = {folder!r}\n"
    return script.replace(run, f"{definitions}{run}").replace(
        _START, f"{_START}    _local_aws_allow_breakpoints()\n"
    )


def debug_functions(folder: str) -> None:
    """Let Python functions stop at breakpoints, and let no function time out.

    Args:
        folder: The folder of the sockets.
    """
    from ministack.core import lambda_runtime  # noqa: PLC0415 - the module is loaded before ministack

    lambda_runtime._PYTHON_WORKER_SCRIPT = change_worker_script(  # noqa: SLF001 - the version is pinned
        lambda_runtime._PYTHON_WORKER_SCRIPT,  # noqa: SLF001 - as above
        folder,
    )
    spawn = lambda_runtime.Worker._spawn  # noqa: SLF001 - as above

    def spawn_with_time(worker: Any) -> None:
        worker.config = {**worker.config, "Timeout": DEBUG_SECONDS}
        spawn(worker)

    lambda_runtime.Worker._spawn = spawn_with_time  # noqa: SLF001 - as above
