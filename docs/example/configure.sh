#!/bin/sh
# Stands here so that the example can be checked: a definition whose engine is shell has one.
set -eu
echo "nothing to configure on $HOSTNAME"
