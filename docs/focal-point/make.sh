#!/usr/bin/env bash
# Makes the pictures of this page anew, with a running Atpix: ATPIX_URL, ATPIX_API_KEY, and the photograph, which is
# scikit-image's astronaut.png (NASA, public domain).
set -euo pipefail
cd "$(dirname "$0")"
photograph=$1
key="X-API-Key: $ATPIX_API_KEY"

uploaded=$(curl -sS --fail-with-body -H "$key" -F "file=@$photograph" --form-string 'focalPoint={"x": 0.43, "y": 0.22}' \
    "$ATPIX_URL/api/v1/images/upload")
image=$(sed 's/.*"storageUrl":"\([^"]*\)".*/\1/' <<<"$uploaded")

curl -sS --fail-with-body -o photograph.webp "$image?w=512&format=webp"
while read -r w h; do
    curl -sS --fail-with-body -o "${w}x$h.webp" "$image?w=$w&h=$h&format=webp"
done <<'SIZES'
500 100
480 120
450 150
420 180
400 225
360 240
300 240
240 300
200 300
180 320
150 300
100 400
SIZES
