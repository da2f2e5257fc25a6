# Steps, their outcome and a closing line, for the scripts beside this file. Sourced, not run.

log=$(mktemp)
step_log=$(mktemp)
failed_steps=0
skipped_steps=0
started=$SECONDS
# One line for each step, for the list at the end.
outcomes=()

# heading TITLE: says what comes, and how long it took to get there.
heading() {
    printf '\n=== [%4d s] %s\n' "$((SECONDS - started))" "$1"
}

# step TITLE COMMAND...: runs a command. A failure is remembered, and the other steps still run.
step() {
    local title=$1 begun=$SECONDS outcome=passed
    shift
    heading "$title"
    printf '    %s\n' "$*"
    if ! "$@" 2>&1 | tee "$step_log"; then
        outcome=FAILED
        printf '!!! failed: %s\n' "$title"
        # Failed tests count themselves; anything else that failed counts as one.
        grep -q '^test result: FAILED' "$step_log" || failed_steps=$((failed_steps + 1))
    fi
    grep '^test result:' "$step_log" >>"$log" || true
    outcomes+=("$(printf '%-7s %5d s  %s' "$outcome" "$((SECONDS - begun))" "$title")")
}

# skip TITLE REASON: says plainly what is not run.
skip() {
    heading "$1"
    printf 'skipped: %s\n' "$2"
    skipped_steps=$((skipped_steps + 1))
    outcomes+=("$(printf 'skipped          %s: %s' "$1" "$2")")
}

# finish: the list of steps and the closing line, also after an interruption, and the exit status.
finish() {
    local status=$?
    local passed failed
    passed=$(awk '{ sum += $4 } END { print sum + 0 }' "$log")
    failed=$(awk '{ sum += $6 } END { print sum + 0 }' "$log")
    failed=$((failed + failed_steps))
    rm -f "$log" "$step_log"
    # A script that ended before its last step has not passed.
    if [ "$status" -ne 0 ] && [ "$failed" -eq 0 ]; then
        failed=1
    fi
    printf '\n=== [%4d s] done\n' "$((SECONDS - started))"
    if [ "${#outcomes[@]}" -ne 0 ]; then
        printf '%s\n' "${outcomes[@]}"
    fi
    if [ "$skipped_steps" -ne 0 ]; then
        printf '%d steps skipped\n' "$skipped_steps"
    fi
    printf '%d passed, %d failed\n' "$passed" "$failed"
    if [ "$failed" -ne 0 ]; then
        exit 1
    fi
}
trap finish EXIT
