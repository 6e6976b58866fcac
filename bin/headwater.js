#!/usr/bin/env node
/** The command line for operators: `npx headwater --help`. */
const [major] = process.versions.node.split('.')
// Node 24 runs TypeScript; npm puts it first in the path of npx and of scripts.
if (Number(major) < 24) {
  process.stderr.write(
    'headwater: this needs Node 24, which npm ci installs: run npx headwater in its folder, or node_modules/node/bin/node bin/headwater.js\n',
  )
  process.exit(1)
}
await import('#src/cli/main.ts')
