#!/usr/bin/env node
/** The command line for operators: `npx headwater --help`. */
import module from 'node:module'
import { join } from 'node:path'

const [major] = process.versions.node.split('.')
// Node 24 runs TypeScript; npm puts it first in the path of npx and of scripts.
if (Number(major) < 24) {
  process.stderr.write(
    'headwater: this needs Node 24, which npm ci installs: run npx headwater in its folder, or node_modules/node/bin/node bin/headwater.js\n',
  )
  process.exit(1)
}
// Commands start in half the time from the second on. Not in the folder for temporary files, where other users can write.
module.enableCompileCache(join(import.meta.dirname, '../node_modules/.cache/compile'))
await import('#src/cli/main.ts')
