/** The accounts of another server that `headwater drain start` invites, and what that server says of them. */
import { mustHaveNoMistakes, parseName } from '#src/cli/account-names.ts'
import { UsageError } from '#src/cli/command.ts'
import { readTextFile } from '#src/cli/read-text-file.ts'
import { retryDelay } from '#src/cli/retry-delay.ts'
import type { ServerClient } from '#src/cli/server-client.ts'

export interface Invitee {
  /** A DID or a handle. */
  name: string
  email?: string
}

/** As createMoveInvites takes it. */
export interface KnownInvitee {
  did: string
  handle: string
  keepsHandle: boolean
  email?: string
}

const PAGE = 500

/** Throws if the file cannot be read or has no accounts, and as `parseInvitees`. */
export function readInvitees(path: string): Invitee[] {
  const text = readTextFile(path)
  const invitees = parseInvitees(text)
  if (invitees.length === 0) throw new UsageError(`${path} has no accounts`)
  return invitees
}

/**
 * A DID or handle on each line, with an email address after it if there is one. A header line, empty lines and those that
 * begin with # are skipped. Throws a UsageError with the first mistakes, so that nobody is invited from a wrong file.
 */
export function parseInvitees(text: string): Invitee[] {
  const mistakes: string[] = []
  const invitees = new Map<string, Invitee>()
  for (const [i, line] of text.split(/\r?\n/).entries()) {
    const [word = '', ...rest] = line.trim().split(/[\s,;]+/)
    const isHeader = i === 0 && /^(did|handle)$/i.test(word)
    if (word === '' || word.startsWith('#') || isHeader) continue
    const name = parseName(word)
    if (name === undefined) {
      mistakes.push(`line ${i + 1}: neither a DID nor a handle: ${word.slice(0, 40)}`)
      continue
    }
    const email = rest.find((one) => /^[^@]+@[^@]+$/.test(one))
    if (rest.some((one) => one !== '') && email === undefined) {
      mistakes.push(`line ${i + 1}: not an email address: ${rest.join(' ').slice(0, 40)}`)
      continue
    }
    invitees.set(name, { name, ...(email !== undefined && { email }) })
  }
  mustHaveNoMistakes(mistakes)
  return [...invitees.values()]
}

/** All active accounts of the server. */
export async function listAccountsOf(old: Pick<ServerClient, 'get'>): Promise<Invitee[]> {
  const found: Invitee[] = []
  for (let cursor: string | undefined; ; ) {
    const page = await old.get<{
      repos: { did: string; active?: boolean }[]
      cursor?: string
    }>('com.atproto.sync.listRepos', { limit: PAGE, cursor })
    const active = page.repos.filter((repo) => repo.active !== false)
    found.push(...active.map(({ did }) => ({ name: did })))
    if (page.cursor === undefined || page.cursor === cursor || page.repos.length === 0) return found
    cursor = page.cursor
  }
}

/** The domains of its handles. Throws a UsageError if it is not a PDS. */
export async function domainsOf(old: Pick<ServerClient, 'get' | 'url'>): Promise<string[]> {
  try {
    const { availableUserDomains = [] } = await old.get<{ availableUserDomains?: string[] }>(
      'com.atproto.server.describeServer',
    )
    return availableUserDomains
  } catch (error) {
    const { message } = error as Error
    // A connection that failed has its code in brackets.
    const reason = /\(([A-Z_]+)\)/.exec(message)?.[1] ?? message
    throw new UsageError(`${old.url} does not answer as a PDS: ${reason}`)
  }
}

/** Tries again if the server does not answer, or asks to come back later. Throws its error. */
export async function lookUpInvitee(
  old: Pick<ServerClient, 'get'>,
  { name, email }: Invitee,
  domains: readonly string[],
  pause: (ms: number) => Promise<unknown>,
): Promise<KnownInvitee> {
  for (let attempt = 1; ; attempt++) {
    try {
      const { did, handle } = await old.get<{ did: string; handle: string }>(
        'com.atproto.repo.describeRepo',
        { repo: name },
      )
      const keepsHandle = !domains.some((domain) => handle.endsWith(domain))
      return { did, handle, keepsHandle, ...(email !== undefined && { email }) }
    } catch (error) {
      const delay = retryDelay(error, attempt)
      if (delay === undefined) throw error
      await pause(delay)
    }
  }
}
