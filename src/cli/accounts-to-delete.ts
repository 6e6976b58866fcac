/** Which accounts `headwater account delete` is to delete: those in a file, or by when and from where they were created. */
import { mustHaveNoMistakes, parseName } from '#src/cli/account-names.ts'
import { UsageError } from '#src/cli/command.ts'
import { readTextFile } from '#src/cli/read-text-file.ts'
import type { ServerClient } from '#src/cli/server-client.ts'

/** As the server lists it. */
export interface CreatedAccount {
  did: string
  handle: string
  createdAt: string
  network: string | null
  email: string | null
  status: string
}

/** DIDs and handles, one a line, each once. Throws if the file cannot be read, and as `parseNames`. */
export function readNames(path: string): string[] {
  const text = readTextFile(path)
  const names = parseNames(text)
  if (names.length === 0) throw new UsageError(`${path} has no accounts`)
  return names
}

/**
 * The first word of each line, so that a table of accounts can be given; its header line, empty lines and those that begin with
 * # are skipped. Throws a UsageError if a word is neither a DID nor a handle, so that nothing is deleted before.
 */
export function parseNames(text: string): string[] {
  const mistakes: string[] = []
  const names = new Set<string>()
  for (const [i, line] of text.split(/\r?\n/).entries()) {
    const [word = ''] = line.trim().split(/\s+/, 1)
    if (word === '' || word.startsWith('#') || (i === 0 && word === 'did')) continue
    const name = parseName(word)
    if (name !== undefined) names.add(name)
    else mistakes.push(`line ${i + 1}: neither a DID nor a handle: ${word.slice(0, 40)}`)
  }
  mustHaveNoMistakes(mistakes)
  return [...names]
}

/** Those of `names`, DIDs and handles, that exist: of a list that was worked on before, what is left. */
export async function findNamed(
  server: ServerClient,
  names: readonly string[],
): Promise<CreatedAccount[]> {
  const wanted = new Set(names)
  const isWanted = ({ did, handle }: CreatedAccount) => wanted.has(did) || wanted.has(handle)
  const all = { after: '1970-01-01', before: undefined, network: [] }
  return listCreated(server, all, isWanted)
}

/** Oldest first. */
export async function listCreated(
  server: ServerClient,
  filter: { after: string; before: string | undefined; network: readonly string[] },
  isWanted: (account: CreatedAccount) => boolean = () => true,
): Promise<CreatedAccount[]> {
  const accounts: CreatedAccount[] = []
  for (let cursor: string | undefined; ; ) {
    const page = await server.get<{ accounts: CreatedAccount[]; cursor?: string }>(
      '_admin/created-accounts',
      { ...filter, cursor },
    )
    accounts.push(...page.accounts.filter(isWanted))
    cursor = page.cursor
    if (cursor === undefined) return accounts
  }
}
