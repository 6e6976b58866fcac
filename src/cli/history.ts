/** `headwater history …`: the earlier states of an account's repo, and restoring them. */
import { setTimeout as pause } from 'node:timers/promises'
import {
  type Command,
  type Invocation,
  integerOption,
  requiredOption,
  textOption,
  UsageError,
} from '#src/cli/command.ts'
import { asMember, memberOptions, resolveName } from '#src/cli/member-session.ts'
import { readPages } from '#src/cli/read-pages.ts'
import { saveCar } from '#src/cli/save-car.ts'
import type { ServerClient } from '#src/cli/server-client.ts'

const HISTORY = 'dev.headwater.history'
const POLL_MS = 1_000

const oneAccount = { operands: '<account>', operandCount: [1, 1] } as const

const collection = { type: 'string', value: 'NSID', help: 'Only this collection' } as const
const limit = {
  type: 'string',
  value: 'N',
  help: 'Maximum number of lines (default: 100)',
} as const
const at = {
  type: 'string',
  value: 'REV-OR-TIME',
  help: 'A rev, or a time such as 2026-11-30T12:00:00Z; required',
} as const

interface CommitView {
  rev: string
  at: string
  ops: { action: string; path: string }[]
  actor?: string
  client?: string
  action?: string
}

const commits: Command = {
  ...oneAccount,
  name: 'history commits',
  summary: 'List the commits of an account, newest first',
  options: {
    ...memberOptions,
    since: { type: 'string', value: 'REV-OR-TIME', help: 'Only commits after it' },
    until: { type: 'string', value: 'REV-OR-TIME', help: 'Only commits up to it' },
    actor: {
      type: 'string',
      value: 'DID-OR-HANDLE-OR-APP',
      help: 'Only commits by this member or app',
    },
    collection,
    limit,
  },
  run: (invocation) =>
    asMember(invocation, async (client) => {
      const [account] = invocation.operands
      const { since, until, collection } = textOptions(invocation, 'since', 'until', 'collection')
      const name = textOption(invocation, 'actor')
      const actor = name === undefined ? undefined : await actorOf(client, name)
      const found = await readPages<CommitView>(client, `${HISTORY}.listCommits`, 'commits', {
        params: { account, since, until, collection, actor },
        most: integerOption(invocation, 'limit', 100),
      })
      if (invocation.options['json'] === true) return found
      return found.map(({ rev, at, ops, actor, client }) => ({
        ...{ rev, at, actor: actor ?? '', client: client ?? '' },
        writes: ops.map(({ action, path }) => `${action} ${path}`).join(', '),
      }))
    }),
}

interface Change {
  uri: string
  action: string
  before?: { cid: string }
  after?: { cid: string }
}

const diff: Command = {
  ...oneAccount,
  name: 'history diff',
  summary: 'List the records that changed between two moments',
  details: 'With --json, includes their old and new values.',
  options: {
    ...memberOptions,
    from: at,
    to: { type: 'string', value: 'REV-OR-TIME', help: 'Default: now' },
    collection,
    limit,
  },
  run: (invocation) =>
    asMember(invocation, async (client) => {
      const [account] = invocation.operands
      const from = requiredOption(invocation, 'from')
      const { to, collection } = textOptions(invocation, 'to', 'collection')
      const found = await readPages<Change>(client, `${HISTORY}.getDiff`, 'changes', {
        params: { account, from, to, collection },
        most: integerOption(invocation, 'limit', 100),
      })
      if (invocation.options['json'] === true) return found
      return found.map(({ uri, action, before, after }) => ({
        ...{ action, uri, before: before?.cid ?? '', after: after?.cid ?? '' },
      }))
    }),
}

const exportAt: Command = {
  ...oneAccount,
  name: 'history export',
  summary: 'Export an earlier state of the repo to a CAR file, with its signed commit',
  options: {
    ...memberOptions,
    at,
    out: { type: 'string', value: 'FILE', help: 'Output file; required' },
  },
  run: (invocation) =>
    asMember(invocation, async (client) => {
      const [account] = invocation.operands
      const moment = requiredOption(invocation, 'at')
      const file = requiredOption(invocation, 'out')
      const saved = await saveCar(invocation, file, () => {
        return client.bytes(`${HISTORY}.getRepo`, { account, at: moment })
      })
      return { file, ...saved }
    }),
}

interface RestoreView {
  total: number
  done: number
  skipped: number
  left: number
  error?: string
}

const restore: Command = {
  ...oneAccount,
  name: 'history restore',
  summary: 'Restore records, or the whole repo, to an earlier state',
  details:
    'With --uris, restores those records in one commit; otherwise the repo, in as many commits as it takes.',
  options: {
    ...memberOptions,
    at,
    uris: { type: 'string', value: 'URI,…', help: 'Only these records' },
    collections: { type: 'string', value: 'NSID,…', help: 'Only these collections' },
    actor: {
      type: 'string',
      value: 'DID-OR-HANDLE-OR-APP',
      help: 'Only undo changes by this member or app that were not overwritten by another since',
    },
    reason: { type: 'string', value: 'TEXT', help: 'For the audit log' },
    'dry-run': { type: 'boolean', help: 'Only count the changes' },
  },
  run: (invocation) => asMember(invocation, (client) => restoreWith(client, invocation)),
}

async function restoreWith(client: ServerClient, invocation: Invocation): Promise<unknown> {
  const account = invocation.operands[0]!
  const moment = requiredOption(invocation, 'at')
  const reason = textOption(invocation, 'reason')
  const order = { account, at: moment, ...(reason !== undefined && { reason }) }
  const { uris, collections, actor } = textOptions(invocation, 'uris', 'collections', 'actor')
  const dryRun = invocation.options['dry-run'] === true
  if (uris !== undefined) {
    if (dryRun || collections !== undefined || actor !== undefined) {
      throw new UsageError('--uris can only be combined with --at and --reason')
    }
    const input = { ...order, uris: uris.split(',') }
    const { records } = await client.post<{ records: object[] }>(`${HISTORY}.restoreRecords`, input)
    return records
  }
  const plan = await client.post<object>(`${HISTORY}.restoreRepo`, {
    ...{ ...order, dryRun },
    ...(collections !== undefined && { collections: collections.split(',') }),
    ...(actor !== undefined && { actor: await actorOf(client, actor) }),
  })
  if (dryRun) return plan
  for (;;) {
    const { restore } = await client.get<{ restore?: RestoreView }>(`${HISTORY}.getRestore`, {
      account,
    })
    if (restore === undefined) return plan
    const { total, done, skipped, left, error } = restore
    if (error !== undefined) throw new Error(`the restore ended early: ${error}`)
    if (left === 0) return { ...plan, done, skipped }
    invocation.report(`${total - left} of ${total} records`)
    await pause(POLL_MS)
  }
}

/** The DID of a member, or what made a commit, as src/rules/commit-clients.ts names it. */
async function actorOf(client: ServerClient, name: string): Promise<string> {
  const isClient = /^(?:https?:|app password |page$|session$)/.test(name)
  return isClient ? name : resolveName(client, name)
}

const settings: Command = {
  ...oneAccount,
  name: 'history settings',
  summary: 'Show or set how long the history of an account is kept',
  options: {
    ...memberOptions,
    days: {
      type: 'string',
      value: 'N',
      help: "Number of days; 0 deletes the history, 'default' follows the server's settings",
    },
  },
  run: (invocation) =>
    asMember(invocation, (client) => {
      const account = invocation.operands[0]!
      const days = textOption(invocation, 'days')
      if (days === undefined) return client.get(`${HISTORY}.getSettings`, { account })
      const input = days === 'default' ? {} : { days: integerOption(invocation, 'days', 0) }
      return client.post(`${HISTORY}.putSettings`, { account, ...input })
    }),
}

function textOptions<N extends string>(
  invocation: Invocation,
  ...names: N[]
): Partial<Record<N, string>> {
  const given = names.flatMap((name) => {
    const value = textOption(invocation, name)
    return value === undefined ? [] : [[name, value]]
  })
  return Object.fromEntries(given) as Partial<Record<N, string>>
}

export const historyCommands: readonly Command[] = [commits, diff, exportAt, restore, settings]
