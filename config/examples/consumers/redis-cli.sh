#!/bin/sh
# Prints the events of Sightline, a line of JSON each, as one consumer of a group, with nothing but redis-cli 7 and awk.
#
#   config/examples/consumers/redis-cli.sh                        # goes on until Ctrl-C
#   REDIS_URL=redis://10.0.0.2:6379 CONSUMER=print-2 config/examples/consumers/redis-cli.sh | grep zone.entered
#
# Environment: REDIS_URL (redis://127.0.0.1:6379), NAMESPACE (sightline), GROUP (print), CONSUMER (print-1; each its own, the same
# after a restart), CLAIM_AFTER_MS (30000: a consumer that is idle for so long is dead), ONCE=1 (end when nothing is left to
# read). A password belongs into REDISCLI_AUTH: others on this machine see the arguments of a program.
#
# An event that was printed twice bears the same id. It needs no code of Sightline: all that it relies on stands in
# models/contract/README.md.
set -eu

namespace=${NAMESPACE:-sightline} group=${GROUP:-print} consumer=${CONSUMER:-print-1}

redis() { redis-cli -e --raw -u "${REDIS_URL:-redis://127.0.0.1:6379}" "$@"; }

# redis-cli prints the id of each entry, then its fields, name and value in turn. Makes of it a line each: id, tab, event. Of an
# entry that was trimmed while it was pending there is the id alone.
entries() {
  awk '
    function tell() { if (id != "") print id "\t" event }
    isValue { if (name == "data") event = $0; isValue = 0; next }
    /^[0-9]+-[0-9]+$/ { tell(); id = $0; event = ""; next }
    id != "" && $0 != "" { name = $0; isValue = 1 }
    END { tell() }'
}

# Prints the events of an answer, then acknowledges them: who dies in between is given them again. Fails when there are none.
handle() { # stream, answer
  lines=$(printf '%s\n' "$2" | entries)
  [ -n "$lines" ] || return 1
  printf '%s\n' "$lines" | awk -F '\t' '$2 != "" { print $2 }' || exit 1
  # Ids are digits and "-": each is a word of its own.
  redis XACK "$1" "$group" $(printf '%s\n' "$lines" | cut -f 1) > /dev/null || exit 1
}

# Own pending entries (after 0), or new ones (>) for which it waits a second.
take() { # stream, after
  answer=$(redis XREADGROUP GROUP "$group" "$consumer" COUNT 100 BLOCK 1000 STREAMS "$1" "$2") || exit 1
  handle "$1" "$answer"
}

# What consumers that died were given. The first line of the answer is where to go on; the next round does.
claim() { # stream
  answer=$(redis XAUTOCLAIM "$1" "$group" "$consumer" "${CLAIM_AFTER_MS:-30000}" 0 COUNT 100) || exit 1
  handle "$1" "$(printf '%s\n' "$answer" | sed 1d)"
}

streams='' shard=0

# Begins to read shards that are new: a log can get more, and tells how many there are only once somebody writes to it.
find_streams() {
  shards=$(redis HGET "$namespace:events" shards) || exit 1
  while [ "$shard" -lt "${shards:-1}" ]; do
    stream="$namespace:events:$shard"
    if ! told=$(redis XGROUP CREATE "$stream" "$group" 0 MKSTREAM 2>&1); then
      case $told in *BUSYGROUP*) ;; *) printf '%s\n' "$told" >&2; exit 1 ;; esac
    fi
    while take "$stream" 0; do :; done
    streams="$streams $stream"
    shard=$((shard + 1))
  done
}

while :; do
  found=''
  find_streams
  for stream in $streams; do
    if claim "$stream"; then found=1; fi
    if take "$stream" '>'; then found=1; fi
  done
  if [ -z "$found" ] && [ -n "${ONCE:-}" ]; then exit 0; fi
done
