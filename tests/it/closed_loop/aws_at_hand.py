"""The AWS CLI, kept at hand: a server that has it loaded, and a program `aws` that hands each call to it.

    aws_at_hand.py FOLDER

Starting the AWS CLI and reading its models takes most of a second, and a plan has a hundred calls. Here every call is a fork
of one process that has done both. What runs is the AWS CLI's own `main`, with the arguments, environment, folder and open
files of the caller. Ends when its standard input does.
"""

import functools
import json
import os
import socket
import stat
import sys
import threading
import traceback

SERVICES = (
    "iam sts s3 s3control sns kms cloudtrail cloudwatch logs events budgets account ec2 rds config guardduty securityhub macie2 organizations"
).split()

CALLER = """#!{python} -IS
import json, os, socket, sys
server = socket.socket(socket.AF_UNIX)
server.connect({path!r})
call = json.dumps([sys.argv[1:], dict(os.environ), os.getcwd()]).encode()
socket.send_fds(server, [len(call).to_bytes(4, "big")], [0, 1, 2])
server.sendall(call)
sys.exit((server.recv(1) or b"\\1")[0])
"""


def load():
    """Loads the AWS CLI and the models that plans need; returns its main function."""
    from awscli.clidriver import create_clidriver, main
    from botocore.loaders import JSONFileLoader

    read = functools.cache(functools.partial(JSONFileLoader.load_file, JSONFileLoader()))
    JSONFileLoader.load_file = lambda _, path: read(path)
    session = create_clidriver().session
    for service in SERVICES:
        session.get_service_model(service)
    session.get_component("endpoint_resolver")
    return main


def answer(connection, main):
    """Runs one call in a fork, and sends its exit code."""
    head, files, _, _ = socket.recv_fds(connection, 4, 3)
    length, call = int.from_bytes(head, "big"), b""
    while len(call) < length:
        call += connection.recv(length - len(call))
    arguments, environment, folder = json.loads(call)
    child = os.fork()
    if child == 0:
        code = 255
        try:
            for number, file in enumerate(files):
                os.dup2(file, number)
            # Where its models lie the AWS CLI tells itself in the environment, once.
            models = os.environ["AWS_DATA_PATH"]
            os.environ.clear()
            os.environ.update(environment, AWS_DATA_PATH=models)
            os.chdir(folder)
            # Said twice, because version 1 forgets the variable for RDS.
            sys.argv = ["aws", "--endpoint-url", environment["AWS_ENDPOINT_URL"], *arguments]
            code = main()
            sys.stdout.flush()
            sys.stderr.flush()
        except BaseException:
            traceback.print_exc()
        finally:
            os._exit(code)
    for file in files:
        os.close(file)
    _, status = os.waitpid(child, 0)
    connection.send(bytes([os.waitstatus_to_exitcode(status) & 255]))
    connection.close()


def main(folder):
    path = os.path.join(folder, "socket")
    aws = os.path.join(folder, "aws")
    with open(aws, "w") as program:
        program.write(CALLER.format(python=sys.executable, path=path))
    os.chmod(aws, os.stat(aws).st_mode | stat.S_IXUSR)
    run = load()
    server = socket.socket(socket.AF_UNIX)
    server.bind(path)
    server.listen()
    print("ready", flush=True)
    threading.Thread(target=lambda: (sys.stdin.read(), os._exit(0)), daemon=True).start()
    while True:
        connection, _ = server.accept()
        answer(connection, run)


main(sys.argv[1])
