/** `headwater account create --from FILE`: creates many accounts; a repetition skips those that exist. */
import { setTimeout as pause } from 'node:timers/promises'
import { createAccount, type NewAccount, newPassword } from '#src/cli/create-account.ts'
import { describeFailure, isUnanswered, retryDelay, UNREACHABLE } from '#src/cli/retry-delay.ts'
import type { ServerClient } from '#src/cli/server-client.ts'
import { XrpcError } from '#src/errors.ts'

/** A line of the file. */
export interface Entry extends NewAccount {
  line: number
}

/** A line of the output: created, `skipped` because it exists, or failed with `error` and `message`. */
export interface Result {
  line: number
  handle: string
  did?: string
  email?: string
  password?: string
  skipped?: 'exists'
  error?: string
  message?: string
}

export interface Counts {
  created: number
  skipped: number
  failed: number
}

export interface BulkPorts {
  server: ServerClient
  concurrency: number
  onResult(result: Result, counts: Counts): void
  isStopped(): boolean
  wait?: (ms: number) => Promise<unknown>
}

/** Accounts in a row without an answer, after which the server is considered unreachable. */
const MAX_UNANSWERED = 3

/**
 * Calls `onResult` for each account as soon as it is known; after `isStopped` only for those that have begun. Throws if
 * the server does not answer, at first or later, or refuses the admin's password.
 */
export async function createAccounts(ports: BulkPorts, entries: readonly Entry[]): Promise<Counts> {
  await mustAnswer(ports.server)
  const counts: Counts = { created: 0, skipped: 0, failed: 0 }
  const remaining = entries.values()
  let unanswered = 0
  const isAway = () => unanswered >= MAX_UNANSWERED
  const work = async () => {
    for (const entry of remaining) {
      if (ports.isStopped() || isAway()) return
      const result = await createOne(ports, entry, isAway)
      unanswered = result.error === UNREACHABLE ? unanswered + 1 : 0
      if (result.error !== undefined) counts.failed++
      else if (result.skipped !== undefined) counts.skipped++
      else counts.created++
      ports.onResult(result, counts)
    }
  }
  await Promise.all(Array.from({ length: ports.concurrency }, work))
  if (!isAway()) return counts
  const done = `${counts.created + counts.skipped} of ${entries.length} accounts are done`
  throw new Error(
    `${ports.server.url} does not answer: ${done}. Run the command again later: it skips these`,
  )
}

async function mustAnswer(server: ServerClient): Promise<void> {
  try {
    await server.get('com.atproto.admin.searchAccounts', { limit: 1 })
  } catch (error) {
    if (error instanceof XrpcError && error.status === 401) throw error
    if (!isUnanswered(error)) return
    throw new Error(`${(error as Error).message}. No account was created`)
  }
}

// Made again after an answer was lost, it finds the account that the lost call created.
async function createOne(
  { server, wait = pause }: BulkPorts,
  { line, ...entry }: Entry,
  isAway: () => boolean,
): Promise<Result> {
  const account = { ...entry, password: entry.password ?? newPassword() }
  const generated = entry.password === undefined ? { password: account.password } : {}
  let wasSent = false
  for (let attempt = 1; ; attempt++) {
    try {
      const existing = await findExisting(server, entry)
      if (existing !== undefined) {
        const found = { line, handle: entry.handle, did: existing }
        return wasSent ? { ...found, ...generated } : { ...found, skipped: 'exists' }
      }
      wasSent = true
      return { line, ...(await createAccount(server, account)), ...generated }
    } catch (error) {
      const delay = isAway() ? undefined : retryDelay(error, attempt)
      if (delay === undefined) {
        // The account may exist; then only this line has its password.
        const maybeCreated = wasSent && !(error instanceof XrpcError && error.status < 500)
        return {
          line,
          handle: entry.handle,
          ...describeFailure(error),
          ...(maybeCreated && generated),
        }
      }
      if (isRefusal(error)) wasSent = false
      await wait(delay)
    }
  }
}

/** The DID if the account exists. Throws 400 if the handle is another account's. */
async function findExisting(
  server: ServerClient,
  { handle, email }: NewAccount,
): Promise<string | undefined> {
  const did = await orUndefined(
    server.get<{ did: string }>('com.atproto.identity.resolveHandle', { handle }),
  )
  if (did === undefined) return undefined
  const method = 'com.atproto.admin.getAccountInfo'
  const info = await orUndefined(server.get<{ did: string; email?: string }>(method, did))
  if (info === undefined) return undefined
  if (email !== undefined && info.email?.toLowerCase() !== email.toLowerCase()) {
    throw new XrpcError(400, 'HandleNotAvailable', `${handle} has another email: ${info.email}`)
  }
  return info.did
}

async function orUndefined<T>(call: Promise<T>): Promise<T | undefined> {
  try {
    return await call
  } catch (error) {
    if (error instanceof XrpcError && error.status === 400) return undefined
    throw error
  }
}

function isRefusal(error: unknown): boolean {
  return error instanceof XrpcError && error.status === 429
}
