#!/usr/bin/env bash
# Fuzzes for as long as you like: tests/fuzz/long.sh MINUTES [TARGET...]. JOBS targets at once, else as many as there are processors.
# What is learnt stays in build/asan/learnt/TARGET, what is found in build/asan/findings; the table is for docs/security.md.
# SPDX-License-Identifier: MIT
set -euo pipefail
cd "$(dirname "$0")/../.."

minutes=${1:?how many minutes for each target?}
shift
cmake --preset asan >/dev/null
cmake --build --preset asan --target fuzz_targets -- --quiet
cd build/asan
targets=("$@")
if [ ${#targets[@]} -eq 0 ]; then
  for program in bin/fuzz_*; do targets+=("${program#bin/fuzz_}"); done
fi
mkdir -p findings

run() {
  local target=$1 sources=../../tests/fuzz inputs=()
  mkdir -p "learnt/$target"
  for inputs_of in "tests/fuzz/seeds/$target" "$sources/seeds/$target" "$sources/found/$target"; do
    if [ -d "$inputs_of" ]; then inputs+=("$inputs_of"); fi
  done
  local dictionary=$sources/http.dict
  if [ -f "$sources/$target.dict" ]; then dictionary=$sources/$target.dict; fi
  # A nested shell's trap would hide the status: libFuzzer's own log tells how it ended.
  local TIMEFORMAT='%U %S'
  {
    time "bin/fuzz_$target" -max_total_time=$((minutes * 60)) -timeout="${SECONDS_PER_INPUT:-20}" -rss_limit_mb=2048 -max_len=4096 -dict="$dictionary" \
      -artifact_prefix="findings/$target-" -print_final_stats=1 "learnt/$target" "${inputs[@]}" >"learnt/$target.log" 2>&1 || true
  } 2>"learnt/$target.processor"
}
export -f run
export minutes

printf '%s\n' "${targets[@]}" | xargs -P "${JOBS:-$(nproc)}" -I{} bash -c 'run {}'

number() { grep -a "stat::$2:" "learnt/$1.log" | tail -n 1 | tr -dc '0-9'; }
status=0
processor() { awk '{ printf "%.1f", ($1 + $2) / 60 }' "learnt/$1.processor"; }
printf '| target | clock, min | processor, min | executions | result |\n| --- | --- | --- | --- | --- |\n'
for target in "${targets[@]}"; do
  result=clean
  if ! grep -aq '^Done ' "learnt/$target.log"; then
    result="found something: build/asan/learnt/$target.log"
    status=1
  fi
  printf '| `%s` | %s | %s | %s | %s |\n' "$target" "$minutes" "$(processor "$target")" "$(number "$target" number_of_executed_units)" "$result"
done
exit $status
