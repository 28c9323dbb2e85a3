#!/bin/sh
# A python3 whose pip has the wheels in $FAKE_WHEELS, by requirement, and which imports torch from $FAKE_TORCH.
# Everything else is the real one's.
echo "$*" >>"$FAKE_LOG"
for last; do :; done

case "$*" in
*find_spec*)
  echo "$FAKE_TORCH"
  ;;
"-m pip --version")
  [ -n "$FAKE_WHEELS" ]
  ;;
"-m pip download "*)
  while [ "$1" != --dest ]; do shift; done
  if [ ! -f "$FAKE_WHEELS/$last.whl" ]; then
    echo "WARNING: Retrying" >&2
    echo "ERROR: No matching distribution found for $last" >&2
    exit 1
  fi
  cp "$FAKE_WHEELS/$last.whl" "$2/torch.whl"
  ;;
"-m pip install --target "*)
  # The CUDA libraries: what the wheel of the tests lacks is beside it as libtorch.later.
  mv "$5/torch/lib/libtorch.later" "$5/torch/lib/libtorch.so"
  ;;
*)
  exec "$REAL_PYTHON" "$@"
  ;;
esac
