#!/bin/sh
# Installs what runchart needs to run from a checkout and is missing: Node packages, and the Debian packages
# conmon, runc and busybox-static. A second run finds nothing to do, and says nothing.
#
#   install.sh start    a program that is still missing is an error
#   install.sh test     a program that is still missing is told of; the tests that need it are skipped
#
# Everything is said on standard error.
set -eu
cd "$(dirname "$0")/../.."

purpose=${1:-start}
# runc is in /usr/sbin, which is not on everybody's PATH. (The variable is for the tests of this script.)
PATH="$PATH:${RUNCHART_SBIN-/usr/local/sbin:/usr/sbin:/sbin}"
# What npm ci installed the present node_modules from.
installed_lock=node_modules/.runchart-package-lock.json

say() {
  printf '%s\n' "$*" >&2
}

have() {
  command -v "$1" >/dev/null 2>&1
}

log=
trap '[ -z "$log" ] || rm -f "$log"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

# Runs a command whose output matters only when it fails.
quietly() {
  log=$(mktemp)
  status=0
  "$@" >"$log" 2>&1 </dev/null || status=$?
  if [ "$status" -ne 0 ]; then
    say "This failed with exit code $status: $*"
    tail -n 40 "$log" >&2
  fi
  rm -f "$log"
  log=
  return "$status"
}

# The Node that an npm script runs on: node_modules/.bin comes first on its PATH.
node_is_new_enough() {
  PATH="$PWD/node_modules/.bin:$PATH" node -e '
    const [major, minor] = process.versions.node.split(".").map(Number)
    process.exit(major > 22 || (major === 22 && minor >= 22) ? 0 : 1)
  ' >/dev/null 2>&1 </dev/null
}

install_node_packages() {
  if cmp -s package-lock.json "$installed_lock" && node_is_new_enough; then
    return
  fi
  if ! have npm; then
    say 'npm is missing, and it installs the Node packages. Install Node.js 20 or newer with npm.'
    exit 1
  fi
  say 'Installing the Node packages (npm ci) …'
  # --loglevel=error: a machine's own Node may be older than some packages ask for, and npm warns of each.
  # The package `node` among them brings the Node that everything then runs on.
  # --include=dev: also where NODE_ENV is production.
  quietly npm ci --include=dev --no-audit --no-fund --loglevel=error || exit 1
  if ! node_is_new_enough; then
    say 'Node.js 22.22 or newer is missing. The package `node` brings one, but its install script did not run.'
    say 'Run `npm rebuild node --ignore-scripts=false`, or install Node.js 22.22 or newer.'
    exit 1
  fi
  cp package-lock.json "$installed_lock"
}

# Containers of the tests hold nothing but busybox, so it must not need libraries.
have_static_busybox() {
  have busybox || return 1
  have ldd || return 0
  ! ldd "$(command -v busybox)" >/dev/null 2>&1
}

# The programs that are not there, by the names of Debian's packages.
missing_packages() {
  missing=
  have conmon || missing="$missing conmon"
  have runc || missing="$missing runc"
  have_static_busybox || missing="$missing busybox-static"
  printf '%s' "${missing# }"
}

# How this distribution installs packages, and what it calls these.
install_command() {
  if have apt-get; then
    printf 'apt-get install --no-install-recommends %s' "$1"
  elif have dnf; then
    printf 'dnf install %s' "$(printf '%s' "$1" | sed 's/busybox-static/busybox/')"
  elif have zypper; then
    printf 'zypper install %s' "$1"
  elif have pacman; then
    printf 'pacman -S %s' "$(printf '%s' "$1" | sed 's/busybox-static/busybox/')"
  elif have apk; then
    printf 'apk add %s' "$1"
  fi
}

# $1: packages, as one word
apt_install() {
  export DEBIAN_FRONTEND=noninteractive
  for package in $1; do
    # A fresh machine has no package lists, or ones without these packages.
    if ! apt-cache show "$package" >/dev/null 2>&1; then
      quietly apt-get update -qq || return 1
      break
    fi
  done
  # shellcheck disable=SC2086 # one argument for each package
  quietly apt-get install -y -qq --no-install-recommends $1 && return 0
  say 'Trying again with fresh package lists …'
  quietly apt-get update -qq || return 1
  # shellcheck disable=SC2086
  quietly apt-get install -y -qq --no-install-recommends $1
}

what_for() {
  case $1 in
    conmon) printf 'conmon watches over each container' ;;
    runc) printf 'runc makes the containers' ;;
    busybox-static) printf 'busybox, statically linked, is what the example containers and the tests run' ;;
  esac
}

# $1: packages   $2: why they were not installed
tell_of_missing() {
  say "Not installed, since $2:"
  for package in $1; do
    say "  $package: $(what_for "$package")"
  done
  command=$(install_command "$1")
  if [ -n "$command" ]; then
    say "Install them as root: $command"
  else
    say 'Install them with the means of your distribution; conmon is at https://github.com/containers/conmon and'
    say 'runc at https://github.com/opencontainers/runc.'
  fi
}

install_programs() {
  missing=$(missing_packages)
  [ -n "$missing" ] || return 0
  if [ "$(id -u)" -ne 0 ]; then
    tell_of_missing "$missing" 'only root can'
  elif ! have apt-get; then
    tell_of_missing "$missing" 'this is not Debian or Ubuntu: there is no apt-get'
  else
    say "Installing Debian packages: $missing …"
    apt_install "$missing" || true
    missing=$(missing_packages)
    [ -n "$missing" ] || return 0
    tell_of_missing "$missing" 'apt-get could not'
  fi
  return 1
}

install_node_packages
if ! install_programs; then
  if [ "$purpose" = start ]; then
    exit 1
  fi
  say 'Left out: the tests that run containers.'
fi
