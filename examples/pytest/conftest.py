"""Fixtures: an Asterisk with the configuration in `configs`, and a connection to its AMI."""

import json
import os
import pathlib
import socket
import subprocess
import time

import pytest


@pytest.fixture(scope="session")
def asterisk():
    """Boots one server for all tests. Returns where it is: `ami`, `logs`, and so on."""
    program = os.environ.get("INSTANCE", "instance")
    configs = pathlib.Path(__file__).parent / "configs"
    command = [program, "boot", "--json", "--until-input-ends", "--fail-on", "error", configs]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        booted = process.stdout.readline()
        assert booted, "the server did not boot, see the error output"
        yield json.loads(booted)["instances"][0]
        stopped, _ = process.communicate(timeout=60)  # closes its input
        assert process.returncode == 0, stopped.decode()


@pytest.fixture
def ami(asterisk):
    """Logs in for one test."""
    host, port = asterisk["ami"].split(":")
    with socket.create_connection((host, int(port)), timeout=10) as connection:
        ami = Ami(connection)
        ami.send(Action="Login", Username=asterisk["user"], Secret=asterisk["secret"])
        ami.wait_for(Response="Success")
        yield ami


class Ami:
    def __init__(self, connection):
        self.connection = connection
        self.lines = connection.makefile("r", encoding="utf-8", errors="replace")
        self.lines.readline()  # the greeting

    def send(self, **headers):
        lines = [f"{key}: {value}\r\n" for key, value in headers.items()]
        self.connection.sendall("".join([*lines, "\r\n"]).encode())

    def wait_for(self, timeout=10, **headers):
        """Returns the next message with these headers, or fails with those that came instead."""
        seen, end = [], time.monotonic() + timeout
        while (left := end - time.monotonic()) > 0:
            self.connection.settimeout(left)
            try:
                message = self.read()
            except socket.timeout:
                break
            if headers.items() <= message.items():
                return message
            seen.append(message)
        raise AssertionError(f"no message with {headers} within {timeout} s, but: {seen}")

    def read(self):
        message = {}
        for line in self.lines:
            if line == "\n":
                return message
            key, _, value = line.rstrip("\n").partition(":")
            message[key] = value.strip()
        raise ConnectionError("the server closed the connection")
