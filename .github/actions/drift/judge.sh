#!/usr/bin/env bash
# Fails where what was found is to fail the job.
set -euo pipefail

for end in $FAIL_ON; do
    case $end in
    diverged | incomplete) ;;
    *)
        echo "::error::the input fail-on has $end, which is none of diverged and incomplete"
        exit 1
        ;;
    esac
done
case " $FAIL_ON " in
*" $RESULT "*)
    echo "::error::The result is $RESULT: see the job's summary."
    exit 1
    ;;
esac
