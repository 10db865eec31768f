# How to run a command on a host of the lab that this process is in.
# SPDX-License-Identifier: MIT
import os


def on(host):
    return [os.environ["HYALITE_BIN"], "lab", "exec", host, "--"]
