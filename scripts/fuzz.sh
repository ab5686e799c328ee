#!/usr/bin/env bash
# Fuzzes each parser, as many at once as there are processors, and fails on any finding.
#
#   scripts/fuzz.sh <build folder> <seconds for each>
#
# Each program fuzz_<stem> in the build folder (from a <stem>_fuzz.cpp below hadal/) starts from the inputs
# in testdata/<stem> beside its source, or else testdata/corpus. New inputs stay in the build
# folder (fuzz-corpus/<stem>), as do the log (fuzz-<stem>.log) and what made it fail (fuzz-findings/).
set -uo pipefail
if [ $# != 2 ]; then
  echo "usage: scripts/fuzz.sh <build folder> <seconds for each>" >&2
  exit 2
fi
build=$(realpath "$1")
cd "$(dirname "$0")/.."

corpus_of() { # stem
  local source folder
  source=$(find hadal -name "$1_fuzz.cpp" -print -quit)
  for folder in "$1" corpus; do
    folder="${source%/*}/testdata/$folder"
    if [ -d "$folder" ]; then
      echo "$folder"
      return
    fi
  done
}

fuzz() { # program build seconds
  local stem=${1##*/fuzz_} build=$2 seconds=$3 corpus status=0
  local log="$build/fuzz-$stem.log" findings="$build/fuzz-findings/$stem-" found="$build/fuzz-corpus/$stem"
  mkdir -p "$found" "${findings%/*}"
  rm -f "$findings"*
  corpus=$(corpus_of "$stem")
  if [ -z "$corpus" ]; then
    echo "$stem: has no testdata/$stem or testdata/corpus beside ${stem}_fuzz.cpp"
    return 1
  fi
    "$1" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048 -malloc_limit_mb=256 \
    -print_final_stats=1 -artifact_prefix="$findings" "$found" "$corpus" >"$log" 2>&1 || status=$?
  local runs coverage inputs
  runs=$(sed -n 's/^stat::number_of_executed_units: *//p' "$log")
  coverage=$(grep -o 'cov: [0-9]*' "$log" | tail -1 | cut -d' ' -f2)
  inputs=$(find "$findings"* -maxdepth 0 2>/dev/null)
  printf '%-20s %10s runs %7s coverage %5s s  %s\n' "$stem" "${runs:-?}" "${coverage:-?}" "$seconds" \
    "$([ $status = 0 ] && echo 'no finding' || echo "FAILED: ${inputs:-no input was kept}, see $log")"
  return $status
}
export -f fuzz corpus_of

mapfile -t programs < <(find "$build" -type f -name 'fuzz_*' -perm -u+x | sort)
if [ ${#programs[@]} = 0 ]; then
  echo "fuzz.sh: no fuzz_* program in $build; build it with: cmake --preset fuzz && cmake --build build/fuzz" >&2
  exit 2
fi
printf '%s\n' "${programs[@]}" | xargs -P "$(nproc)" -I PROGRAM bash -c 'fuzz "$@" || exit 1' fuzz PROGRAM "$build" "$2"
