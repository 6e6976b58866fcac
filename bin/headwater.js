#!/usr/bin/env node
/** The command line for operators: `npx headwater --help`. */
import '#src/cli/main.ts'
