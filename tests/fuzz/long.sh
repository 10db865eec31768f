#!/usr/bin/env bash
# Fuzzes until every target has had so many minutes of processor time without a finding: tests/fuzz/long.sh MINUTES [TARGET...].
# It can be stopped and called again: build/asan/learnt keeps what was learnt, TARGET.account there what was spent (seconds of processor, executions, version;
# a line a slice), so that hours add up in the idle time of a machine; a finding (build/asan/findings) sets its target's account back to nothing.
# JOBS targets at once, else as many as there are processors; SECONDS_PER_INPUT (by the clock) for busy machines. The table is for docs/security.md.
# SPDX-License-Identifier: MIT
set -euo pipefail
cd "$(dirname "$0")/../.."

minutes=${1:?how many minutes of processor time for each target?}
shift
cmake --preset asan >/dev/null
cmake --build --preset asan --target fuzz_targets -- --quiet
version=$(git describe --always --dirty 2>/dev/null || echo unknown)
cd build/asan
targets=("$@")
if [ ${#targets[@]} -eq 0 ]; then
  for program in bin/fuzz_*; do targets+=("${program#bin/fuzz_}"); done
fi
mkdir -p findings learnt

# sum TARGET COLUMN: of its account.
sum() { awk -v column="$2" '{ sum += $column } END { printf "%.0f", sum }' "learnt/$1.account"; }
spent() { [ "$(sum "$1" 1)" -ge $((minutes * 60)) ]; }

# One slice, five minutes by the clock; false when it found something, or was interrupted.
slice() {
  local target=$1 sources=../../tests/fuzz inputs=() inputs_of executions
  for inputs_of in "tests/fuzz/seeds/$target" "$sources/seeds/$target" "$sources/found/$target"; do
    if [ -d "$inputs_of" ]; then inputs+=("$inputs_of"); fi
  done
  local dictionary=$sources/http.dict
  if [ -f "$sources/$target.dict" ]; then dictionary=$sources/$target.dict; fi
  # A nested shell's trap would hide the status: libFuzzer's own log tells how it ended.
  local TIMEFORMAT='%U %S'
  {
    time "bin/fuzz_$target" -max_total_time=300 -timeout="${SECONDS_PER_INPUT:-20}" -rss_limit_mb=2048 -max_len=4096 -dict="$dictionary" \
      -artifact_prefix="findings/$target-" -print_final_stats=1 "learnt/$target" "${inputs[@]}" >"learnt/$target.log" 2>&1 || true
  } 2>"learnt/$target.processor"
  if ! grep -aq '^Done ' "learnt/$target.log"; then
    if grep -aqE 'Test unit written to .*-(crash|leak|timeout|oom)-' "learnt/$target.log"; then : >"learnt/$target.account"; fi
    return 1
  fi
  executions=$(grep -a 'stat::number_of_executed_units:' "learnt/$target.log" | tail -n 1 | tr -dc '0-9')
  awk -v executions="$executions" -v version="$version" '{ print $1 + $2, executions, version }' "learnt/$target.processor" >>"learnt/$target.account"
}

run() {
  mkdir -p "learnt/$1"
  touch "learnt/$1.account"
  while ! spent "$1"; do slice "$1" || break; done
}
export -f run slice spent sum
export minutes version

printf '%s\n' "${targets[@]}" | xargs -P "${JOBS:-$(nproc)}" -I{} bash -c 'run {}'

status=0
printf '| target | processor, min | executions | versions | result |\n| --- | --- | --- | --- | --- |\n'
for target in "${targets[@]}"; do
  result=clean
  if ! spent "$target"; then
    result="not so long yet, or found something: build/asan/learnt/$target.log"
    status=1
  fi
  versions=$(awk 'NR == 1 { first = $3 } END { if (NR) print first == $3 ? first : first " to " $3 }' "learnt/$target.account")
  printf '| `%s` | %s | %s | %s | %s |\n' "$target" "$(($(sum "$target" 1) / 60))" "$(sum "$target" 2)" "$versions" "$result"
done
exit $status
