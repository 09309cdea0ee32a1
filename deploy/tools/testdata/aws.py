"""Writes the options of AWS CLI commands into aws.json, as the AWS CLI itself has them.

    python3 testdata/aws.py 'dynamodb delete-table' 's3 cp' ...

It needs the package awscli (pip install awscli) and no credentials. Commands that
aws.json has already are read again.
"""

import json
import os
import sys

import awscli
import awscli.clidriver
import botocore

FILE = os.path.join(os.path.dirname(__file__), "aws.json")


def below(command):
    """Returns the commands below one, which the AWS CLI keeps in two ways."""
    if hasattr(command, "subcommand_table"):
        return command.subcommand_table
    return command._get_command_table()


def options(driver, name):
    """Returns the required and the optional options of a command such as 's3 cp'."""
    command = driver
    for word in name.split():
        command = below(command)[word]
    required, optional = [], []
    for option, argument in command.arg_table.items():
        if not argument.positional_arg:
            (required if argument.required else optional).append("--" + option)
    return {"required": sorted(required), "optional": sorted(optional)}


def main():
    known = {"commands": {}}
    if os.path.exists(FILE):
        with open(FILE) as file:
            known = json.load(file)
    driver = awscli.clidriver.create_clidriver()
    names = sorted({*known["commands"], *sys.argv[1:]})
    result = {
        "source": f"awscli {awscli.__version__}, botocore {botocore.__version__}",
        "global": sorted("--" + option for option in driver._get_argument_table()),
        "commands": {name: options(driver, name) for name in names},
    }
    with open(FILE, "w") as file:
        json.dump(result, file, indent=1)
        file.write("\n")


main()
