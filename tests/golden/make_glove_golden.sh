#!/bin/sh
# Makes the files of tests/golden/glove with Stanford GloVe (commit 52f7dbc), so that parity is
# tested without it:  sh tests/golden/make_glove_golden.sh FOLDER_OF_ITS_PROGRAMS
# -max-product: where all pairs fit the dense table, cooccur counts the first one twice.
# text.txt is the beginning of data/kjv.txt.xz in lower case without punctuation, and odd lines.
set -e
cd "$(dirname "$0")/glove"
"$1/vocab_count" -min-count 2 -verbose 0 <text.txt >vocab.txt
count() {
    "$1/cooccur" -memory 0.1 -max-product 50 -vocab-file vocab.txt -verbose 0 -window-size 4 -symmetric "$3" \
        -distance-weighting "$4" -overflow-file "$2.overflow" <text.txt >"$2.bin"
}
count "$1" symmetric 1 1
count "$1" left 0 1
count "$1" flat 1 0
