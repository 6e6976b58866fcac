/** `headwater drain status`: how many of the invited accounts have come, and the progress of the others. */
import { setTimeout as pause } from 'node:timers/promises'
import { bar } from '#src/cli/bar.ts'
import type { Command, Invocation } from '#src/cli/command.ts'
import { ADMIN, type MoveInvite } from '#src/cli/move-invites.ts'
import { formatResult } from '#src/cli/print.ts'
import { readPages } from '#src/cli/read-pages.ts'
import type { ServerClient } from '#src/cli/server-client.ts'
import { serverUrl } from '#src/cli/server-url.ts'
import { sizeText } from '#src/ports/size-text.ts'

const WATCH_MS = 2_000
const states = ['invited', 'copying', 'waiting', 'switching', 'failed', 'done'] as const

type Counts = Record<MoveInvite['state'], number>

export interface Status {
  counts: Counts
  /** Those that are moving, or all. */
  accounts: MoveInvite[]
}

export const drainStatus: Command = {
  name: 'drain status',
  summary: 'Show the progress of the accounts that are invited to move here',
  details: [
    'invited: the link has not been used yet. waiting: everything is copied, and the owner has to enter the code that the old',
    'server sends. failed: with the reason; most are tried again, and some need their owners.',
  ].join('\n'),
  operands: '[old-server]',
  operandCount: [0, 1],
  alwaysShowsProgress: true,
  options: {
    watch: { type: 'boolean', help: 'Show the progress until all have come, or Ctrl-C' },
    all: { type: 'boolean', help: 'List all accounts with their links, not only those that move' },
  },
  async run(invocation) {
    const { operands, options, server, report } = invocation
    const from = operands[0] === undefined ? undefined : serverUrl(operands[0])
    const stop = new AbortController()
    if (options['watch'] === true) process.once('SIGINT', () => stop.abort())
    for (;;) {
      const status = await readStatus(server, from, options['all'] === true)
      const { done, ...open } = status.counts
      const isOver = Object.values(open).every((count) => count === 0)
      if (options['watch'] !== true || isOver || stop.signal.aborted)
        return show(invocation, status)
      report(statusLine(status.counts))
      await pause(WATCH_MS, undefined, { signal: stop.signal }).catch(() => {})
    }
  },
}

export async function readStatus(
  server: Pick<ServerClient, 'get'>,
  from: string | undefined,
  listsAll: boolean,
): Promise<Status> {
  const params = from === undefined ? {} : { server: from }
  const method = `${ADMIN}.listMoveInvites`
  const listed = listsAll ? params : { ...params, state: 'moving' }
  const { counts } = await server.get<{ counts: { invited: number; done: number } }>(method, {
    ...{ ...params, limit: 1 },
  })
  const accounts = await readPages<MoveInvite>(server, method, 'invites', { params: listed })
  const moving = { copying: 0, waiting: 0, switching: 0, failed: 0 }
  for (const { state } of accounts) if (state in moving) moving[state as keyof typeof moving]++
  return { counts: { invited: counts.invited, ...moving, done: counts.done }, accounts }
}

export function statusLine(counts: Counts): string {
  const all = states.reduce((sum, state) => sum + counts[state], 0)
  const parts = states.filter((state) => counts[state] > 0 || state === 'done')
  const text = parts.toReversed().map((state) => `${counts[state]} ${state}`)
  return `${bar(counts.done, all)} ${text.join(', ')} of ${all}`
}

function show({ options, print }: Invocation, { counts, accounts }: Status): unknown {
  if (options['json'] === true) return { counts, accounts }
  print(statusLine(counts))
  if (accounts.length === 0) return undefined
  const rows = accounts.map(({ handle, did, state, reason, url, ...more }) => ({
    ...{ handle, did, state, progress: progressText(more) },
    ...{ reason, ...(options['all'] === true && { link: state === 'invited' ? url : undefined }) },
  }))
  print('')
  print(formatResult(rows))
  return undefined
}

function progressText({ progress = {} }: Pick<MoveInvite, 'progress'>): string | undefined {
  const { repoBytes, blobs, blobsTotal, missing = 0 } = progress
  const parts = [
    ...(repoBytes === undefined ? [] : [sizeText(repoBytes)]),
    ...(blobsTotal === undefined ? [] : [`${blobs ?? 0} of ${blobsTotal} files`]),
    ...(missing > 0 ? [`${missing} missing`] : []),
  ]
  return parts.length === 0 ? undefined : parts.join(', ')
}
