/** Reads a file with accounts to create: NDJSON, an account a line. */
import { mustHaveNoMistakes } from '#src/cli/account-names.ts'
import { UsageError } from '#src/cli/command.ts'
import type { Entry } from '#src/cli/create-accounts.ts'
import { readTextFile } from '#src/cli/read-text-file.ts'

const fields = ['handle', 'email', 'password', 'inviteCode', 'recoveryKey']

/** Throws if the file cannot be read or has no accounts, and as `parseAccounts`. */
export function readAccounts(path: string): Entry[] {
  const text = readTextFile(path)
  const entries = parseAccounts(text)
  if (entries.length === 0) throw new UsageError(`${path} has no accounts: it is empty`)
  return entries
}

/** Empty lines are skipped. Throws a UsageError with the first ten mistakes, so that nothing is created before. */
export function parseAccounts(text: string): Entry[] {
  const mistakes: string[] = []
  const lineOf = new Map<string, number>()
  const entries = text.split(/\r?\n/).flatMap((json, i): Entry[] => {
    if (json.trim() === '') return []
    const line = i + 1
    const entry = parseLine(json)
    if (typeof entry === 'string') {
      mistakes.push(`line ${line}: ${entry}`)
      return []
    }
    const earlier = lineOf.get(entry['handle']!)
    if (earlier !== undefined) mistakes.push(`line ${line}: the handle is on line ${earlier} too`)
    lineOf.set(entry['handle']!, line)
    return [{ ...(entry as { handle: string }), line }]
  })
  mustHaveNoMistakes(mistakes)
  return entries
}

// The fields, with a handle in lower case; or what is wrong with the line.
function parseLine(json: string): Record<string, string> | string {
  let value: unknown
  try {
    value = JSON.parse(json)
  } catch {
    return 'not JSON'
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return 'not an object'
  const entries = Object.entries(value)
  const unknown = entries.find(([name]) => !fields.includes(name))
  if (unknown !== undefined) return `unknown field ${unknown[0]} (known: ${fields.join(', ')})`
  const wrong = entries.find(([, text]) => typeof text !== 'string' || text === '')
  if (wrong !== undefined) return `${wrong[0]} must be a string`
  const { handle, ...more } = value as Record<string, string>
  if (handle === undefined) return 'handle is missing'
  return { handle: handle.replace(/^@/, '').toLowerCase(), ...more }
}
