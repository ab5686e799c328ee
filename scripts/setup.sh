#!/usr/bin/env bash
# Installs what is missing for the named groups of scripts/packages.txt, and LibTorch and the tests' Python
# packages in .venv. Prints nothing and does nothing where all is there.
#
#   scripts/setup.sh build|test|fuzz...
set -euo pipefail
cd "$(dirname "$0")/.."

say() { printf 'setup: %s\n' "$*" >&2; }

packages_of() { # group...
  for group in "$@"; do
    sed -n "s/^$group //p" scripts/packages.txt
  done
}

missing_packages() { # package...
  for package in "$@"; do
    [ "$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null)" = installed ] || echo "$package"
  done
}

install_packages() { # package...
  local as_root=()
  if [ "$(id -u)" != 0 ]; then as_root=(sudo -n); fi
  say "installing $*"
  "${as_root[@]}" apt-get update -qq
  DEBIAN_FRONTEND=noninteractive "${as_root[@]}" apt-get install -y -qq --no-install-recommends "$@" >/dev/null
}

can_install() { command -v apt-get >/dev/null && { [ "$(id -u)" = 0 ] || sudo -n true 2>/dev/null; }; }

debian_packages() { # group...
  command -v dpkg-query >/dev/null || { say "this is no Debian: see scripts/packages.txt for what has to be there"; return; }
  local missing
  mapfile -t missing < <(missing_packages $(packages_of want "$@"))
  [ ${#missing[@]} -gt 0 ] || return 0
  if can_install; then
    install_packages "${missing[@]}"
  else
    say "these packages are missing, and neither root nor sudo is at hand to install them:"
    say "  apt-get install ${missing[*]}"
  fi
}

# Whether the environment names a LibTorch of its own.
has_own_torch() {
  local prefix
  [ -n "${Torch_DIR:-}" ] && [ -f "$Torch_DIR/TorchConfig.cmake" ] && return 0
  while IFS= read -r -d ':' prefix; do
    [ -n "$prefix" ] && [ -f "$prefix/share/cmake/Torch/TorchConfig.cmake" ] && return 0
  done <<<"${CMAKE_PREFIX_PATH:-}:"
  return 1
}

# Installs a requirements file unless it is the one that was installed last.
python_packages() { # name
  local file="scripts/requirements-$1.txt" stamp=".venv/installed-$1.txt"
  cmp -s "$file" "$stamp" && return 0
  [ -x .venv/bin/python ] || { say "making .venv"; python3 -m venv .venv; }
  say "installing $(grep -v '^#' "$file" | paste -sd ' ') in .venv"
  .venv/bin/python -m pip install --quiet --disable-pip-version-check -r "$file"
  cp "$file" "$stamp"
}

debian_packages "$@"
has_own_torch || python_packages torch
case " $* " in *" test "*) python_packages test ;; esac
