#!/bin/sh
# Makes the passwords of compose.yaml and the token of the dashboard, once, in secrets/ beside this file (or in the folder named). Nothing that is there is changed.
set -eu
folder=${1:-$(dirname "$0")/secrets}
# Containers read these files as users of their own: the files are readable, the folder is closed to everybody else on the host.
mkdir -p "$folder"
chmod 700 "$folder"

random() { od -An -N24 -tx1 /dev/urandom | tr -d ' \n'; }
keep() {
  [ -e "$folder/$1" ] || printf '%s' "$2" >"$folder/$1"
  chmod 444 "$folder/$1"
}

keep redis_password "$(random)"
keep postgres_password "$(random)"
keep millrace_token "$(random)"
keep postgres_url "postgresql://millrace:$(cat "$folder/postgres_password")@postgres:5432/ai_models"
