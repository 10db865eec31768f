#!/usr/bin/python3
# Shows the http-logger's records in short: `records.py FILE`.
# SPDX-License-Identifier: MIT
import json
import sys

with open(sys.argv[1]) as file:
    for record in map(json.loads, file):
        if record["kind"] == "exchange":
            what = f'{record["method"]} {record["scheme"]}://{record["host"]}{record["target"]} -> {record["status"]}'
        elif record["kind"] == "tunnel":
            what = f'not inspected: {record["uninspected"]}'
        else:
            what = f'{record["end"]}: {record.get("reason")}'
        if "tls" not in record and "server_name" in record:
            what += f' ({record["server_name"]})'
        who = f', {record["end"]} by {record["decided_by"]}' if "decided_by" in record else ""
        print(f'   {record["client"]:>11} -> {record["destination"]:<11} {what}, {record["to_client"]} bytes back{who}')
