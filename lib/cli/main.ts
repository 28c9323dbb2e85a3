#!/usr/bin/env node
import { runCommandLine } from './program'

// The status is set, not exited with, so that everything written to a pipe arrives.
runCommandLine(process.argv.slice(2)).then((status) => {
  process.exitCode = status
})
