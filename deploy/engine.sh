#!/bin/sh
# Starts the installed engine alone, with the settings in rivet.json, for a server of several machines.
# Options of the engine, such as --config, are passed on. Needs RIVET__AUTH__ADMIN_TOKEN, and RIVET__POSTGRES__URL or RIVET__FILE_SYSTEM__PATH.
set -eu
cd "$(dirname "$0")/.."
: "${RIVET__AUTH__ADMIN_TOKEN:?is the RIVET_TOKEN of the other processes (openssl rand -hex 32)}"
: "${RIVET__POSTGRES__URL:-${RIVET__FILE_SYSTEM__PATH:?or RIVET__POSTGRES__URL says where the engine stores its data}}"
settings=$(node -p "Object.entries(require('./rivet.json').engine.env).map((pair) => pair.join('=')).join(' ')")
engine=$(node -p "require('@rivetkit/engine-cli').getEnginePath()")
# shellcheck disable=SC2086 # The settings have no spaces.
exec env $settings "$engine" "$@" start
