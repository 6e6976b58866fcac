/** `npm run pack-realtime [-- FOLDER]`: builds packages/realtime, and packs it into a tarball in the folder (default: this one). */
import { execFileSync } from 'node:child_process'
import { globSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'

const root = join(import.meta.dirname, '..')
const source = join(root, 'packages/realtime')
const folder = resolve(process.argv[2] ?? '.')

rmSync(join(source, 'dist'), { recursive: true, force: true })
execFileSync(join(root, 'node_modules/.bin/tsc'), ['-p', source], { stdio: 'inherit' })
// The compiler rewrites the extensions of imports in code only.
for (const file of globSync(join(source, 'dist/*.d.ts'))) {
  writeFileSync(file, readFileSync(file, 'utf8').replaceAll(/(from '\.\/[\w-]+)\.ts'/g, "$1.js'"))
}
mkdirSync(folder, { recursive: true })
execFileSync('npm', ['pack', source, '--pack-destination', folder, '--silent'], {
  stdio: 'inherit',
})
