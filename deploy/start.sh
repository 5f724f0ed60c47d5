#!/bin/sh
# Starts turno beside this file; it opens your browser, signed in. Ctrl-C stops it.
cd "$(dirname "$0")" && exec ./turno up "$@"
