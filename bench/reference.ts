/** Installs the reference PDS into `.bench/`: for the benchmark, the comparison, or as `node bench/reference.ts`. */
import { execFileSync } from 'node:child_process'
import { cpSync, existsSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'

const source = join(import.meta.dirname, 'reference')
const folder = resolve(import.meta.dirname, '../.bench')

export const referenceMain = join(folder, 'start.js')

/** Whether the version in our reference/package.json is installed, with all that it needs. */
export function isReferenceInstalled(): boolean {
  const there = join(folder, 'node_modules/@atproto/pds/package.json')
  // npm writes it when everything is in place.
  const end = join(folder, 'node_modules/.package-lock.json')
  return existsSync(end) && existsSync(there) && read(there).version === wanted()
}

export function installReference(): void {
  cpSync(source, folder, { recursive: true })
  if (isReferenceInstalled()) return
  console.error(`installing @atproto/pds ${wanted()} into .bench/ …`)
  const quiet = ['--no-audit', '--no-fund', '--no-package-lock', '--loglevel=error']
  execFileSync('npm', ['install', ...quiet], { cwd: folder, stdio: 'inherit' })
}

function wanted(): string {
  return read(join(source, 'package.json')).dependencies['@atproto/pds']
}

function read(path: string) {
  return JSON.parse(readFileSync(path, 'utf8'))
}

if (import.meta.main) installReference()
