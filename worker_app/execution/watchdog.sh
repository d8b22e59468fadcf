# Process 1 of a sandbox whose image has no Python: runs ONE attempt, counts its lease and its time limit down, and
# ends with it. POSIX sh; of other programs it uses only `du`, `rm` to start anew and, in a shell whose `read` knows no time limit (dash),
# `mkfifo` and `sleep`. Orders come as lines on standard input; what the attempt writes goes straight to the
# container's output. The verdict is the last line of /work/log/verdict.
#
#   lease S | cancel G | hold | away S | empty FOLDERS | exit | run TIMEOUT GRACE LEASE DISK_KIB WORKDIR
#   after `run`: "a:WORD" for each word, "e:NAME=VALUE" for each variable, then "go"; both written for printf %b
#
# Weaker than the runner: the attempt has the same user and may disturb this process. The agent watches from outside.

set -f
umask 022
PATH=${PATH:-/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin}
pid='' timeout_at='' kill_at='' held_at='' due=0 timed_out=0 cancelled=0 disk=0 du_at=0 disk_kib=0 over=0

clock() {
    # Counts the host's sleep too, and cannot be set.
    IFS=' .' read -r now _ </proc/uptime
}

clock
lease_at=$((now + 600))

# A signal ends a wait for orders early; without a trap it would not.
trap 'over=1' CHLD

read -t 1 _ </dev/null 2>/dev/null
if [ $? -le 1 ]; then
    exec 3<&0
    # Where the end of a child does not interrupt the wait (bash), the wait is short.
    tick=1
    if [ -n "$BASH_VERSION" ]; then tick=0.1; fi
    next() { IFS= read -r -t $tick line <&3; }
elif [ -x /bin/bash ] && [ -z "$BASH_VERSION" ]; then
    exec /bin/bash --posix "$0"
else
    pipe=/work/log/orders
    if [ -p "$pipe" ]; then rm -f "$pipe"; fi
    mkfifo "$pipe" || exit 64
    exec 3<>"$pipe" 5<&0
    (
        trap '' TERM HUP INT
        while IFS= read -r line <&5; do printf '%s\n' "$line" >&3; done
    ) &
    (
        trap '' TERM HUP INT
        while sleep 1; do printf 'tick\n' >&3; done
    ) 5<&- &
    over=0
    next() { IFS= read -r line <&3 && [ "$line" != tick ]; }
fi

fetch() {
    # The next line of an order that has begun, however long it takes to come.
    until IFS= read -r line <&3 && [ "$line" != tick ]; do :; done
}

plain() {
    # The dot keeps line ends at the end of a value.
    word=$(printf '%b.' "$1")
    word=${word%.}
}

verdict() {
    # Exit code, or "none"; signal, 0 for none.
    printf 'exit=%s signal=%s timed_out=%s cancelled=%s disk=%s\n' "$1" "$2" $timed_out $cancelled $disk >&4
    times >&4
    # The end of process 1 is the end of everything here.
    exit 0
}

stop_at() {
    # SIGTERM to everything but this process now, the end of everything after the grace.
    if [ -z "$kill_at" ] || [ $((now + $1)) -lt "$kill_at" ]; then kill_at=$((now + $1)); fi
    kill -TERM -1 2>/dev/null
}

start() {
    timeout=$1 grace=$2 lease_at=$((now + $3)) disk_kib=$4 workdir=$5
    set --
    while :; do
        fetch
        case $line in
            a:*) plain "${line#a:}" && set -- "$@" "$word" ;;
            e:*) plain "${line#e:}" && export "${word%%=*}=${word#*=}" ;;
            go) break ;;
        esac
    done
    exec 4>/work/log/verdict
    if ! command -v "$1" >/dev/null 2>&1; then
        echo "$1: not found" >&4
        verdict none 0
    fi
    (
        exec 3<&- 4>&- </dev/null
        trap - CHLD
        echo 1000 2>/dev/null >/proc/self/oom_score_adj
        cd "$workdir" || exit 126
        exec "$@"
    ) &
    pid=$!
    clock
    # The clock shows whole seconds: without one more it could end up to a second early.
    if [ "$timeout" -gt 0 ]; then timeout_at=$((now + timeout + 1)); fi
    du_at=$((now + 2))
}

back() {
    # It was frozen for $1 s: that was no running time, though the lease went on. An agent that died meanwhile does
    # not know how long it was and says 0; what was seen from here is at most a moment less.
    away=$1
    if [ -z "$held_at" ]; then return; fi
    if [ $((now - held_at)) -gt "$away" ]; then away=$((now - held_at)); fi
    [ -z "$timeout_at" ] || timeout_at=$((timeout_at + away))
    [ -z "$kill_at" ] || kill_at=$((kill_at + away))
    held_at='' due=0
}

time_is_up() {
    [ -n "$1" ] && [ "$now" -ge "$1" ]
}

ended() {
    # A child that has ended is gone, or waits as a zombie for this very question.
    state=
    read -r state 2>/dev/null </proc/$pid/stat || return 0
    state=${state##*') '}
    case $state in Z*) return 0 ;; esac
    return 1
}

judge() {
    # A shell says 128+N for signal N; a program that exits with such a code is taken for one that a signal ended.
    wait "$pid"
    code=$? signal=0
    if [ $code -gt 128 ] && [ $code -le 192 ]; then
        signal=$((code - 128)) code=none
    fi
    verdict $code $signal
}

measure() {
    # Beside us: counting a million files must not hold the countdown up. The answer is read the next time.
    if [ -s /work/log/du ]; then
        read -r used _ </work/log/du
        case $used in '' | *[!0-9]*) used=0 ;; esac
        if [ "$disk_kib" -gt 0 ] && [ "$used" -gt "$disk_kib" ]; then
            disk=1 kill_at=$now
        fi
    fi
    (du -sk /work/run /work/out /work/checkpoint 2>/dev/null | {
        total=0
        while read -r part _; do total=$((total + part)); done
        echo $total >/work/log/du
    }) &
    du_at=$((now + 3))
}

printf 'HIVEMIND-WATCHDOG 1\n'
while :; do
    if next; then
        clock
        # shellcheck disable=SC2086 # the parts of an order are words
        set -- $line
        case $1 in
            lease) lease_at=$((now + $2)) ;;
            run) [ -n "$pid" ] || start "$2" "$3" "$4" "$5" "$6" ;;
            cancel) if [ -n "$pid" ]; then
                [ $timed_out = 1 ] || cancelled=1
                stop_at "$2"
            fi ;;
            hold) held_at=$now ;;
            away) back "$2" ;;
            empty)
                shift
                set +f
                for name; do rm -rf "/work/$name"/* "/work/$name"/.[!.]* "/work/$name"/..?* || exit 65; done
                set -f
                printf 'emptied\n'
                ;;
            exit) exit 0 ;;
        esac
    fi
    clock
    if [ "$now" -ge "$lease_at" ]; then exit 3; fi
    if [ -z "$pid" ]; then continue; fi
    if ended; then judge; fi
    if [ -n "$held_at" ]; then continue; fi
    if [ "$now" -ge "$du_at" ]; then measure; fi
    if ! time_is_up "$timeout_at" && ! time_is_up "$kill_at"; then due=0; continue; fi
    # It may have been frozen in the middle of this round, with the order that says so unread: look for it once.
    if [ $due = 0 ]; then due=1; continue; fi
    if time_is_up "$timeout_at"; then
        timeout_at=
        [ $cancelled = 1 ] || timed_out=1
        stop_at "$grace"
    fi
    if time_is_up "$kill_at"; then verdict none 9; fi
done
