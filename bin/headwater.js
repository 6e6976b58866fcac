#!/usr/bin/env node
/** The command line of an operator: `npx headwater --help`. */
import '#src/cli/main.ts'
