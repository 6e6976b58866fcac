/** Fills in the integrity that package-lock.json lacks. Run it after `npm install` if the manifest's unit test says so. */
import { execFileSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

// npm writes what it read from node_modules, and loses the hashes of packages for other platforms, which are not there.

interface Entry {
  name?: string
  version?: string
  resolved?: string
  integrity?: string
  link?: boolean
}

const file = join(import.meta.dirname, '../package-lock.json')
const lock = JSON.parse(readFileSync(file, 'utf8')) as { packages: Record<string, Entry> }
const unknown: string[] = []

/** The registry's hash of a version, or nothing if the registry does not carry it. */
function integrityOf(name: string, version: string): string | undefined {
  const spec = [`${name}@${version}`, 'dist.integrity']
  try {
    return execFileSync('npm', ['view', ...spec], { encoding: 'utf8', stdio: 'pipe' }).trim()
  } catch (error) {
    if (/\bE404\b/.test((error as { stderr: string }).stderr)) return undefined
    throw error
  }
}

for (const [path, entry] of Object.entries(lock.packages)) {
  const { version, resolved, integrity, link, ...rest } = entry
  if (path === '' || link || integrity || !version) continue
  const name = entry.name ?? path.replace(/^.*node_modules\//, '')
  const found = integrityOf(name, version)
  if (!found) unknown.push(`${name}@${version}`)
  // In npm's order of fields, so that npm's next run leaves it alone.
  else lock.packages[path] = { version, ...(resolved && { resolved }), integrity: found, ...rest }
}
writeFileSync(file, `${JSON.stringify(lock, null, 2)}\n`)
if (unknown.length > 0) {
  process.stderr.write(`Not in this registry:\n${unknown.join('\n')}\n`)
  process.exitCode = 1
}
