/** `headwater tail`: prints events as they happen, until Ctrl-C. */
import { setTimeout as pause } from 'node:timers/promises'
import { type Command, type Invocation, textOption, UsageError } from '#src/cli/command.ts'
import { readConnection } from '#src/cli/event-connection.ts'
import { type EventPayload, eventLine, kindOf } from '#src/cli/event-line.ts'
import { refusalOf } from '#src/cli/event-refusal.ts'
import { lookUpDid } from '#src/cli/server-client.ts'
import { SUBSCRIBE } from '#src/protocol/realtime-names.ts'

const PUBLIC = 'network.bsky.jetstream.subscribeEvents'

const MIN_WAIT_MS = 500
const MAX_WAIT_MS = 30_000
/** The server ends a connection with these for what may be over at the next attempt. */
const temporary = [
  'ConsumerTooSlow',
  'InternalError',
  'InternalServerError',
  'ServiceUnavailable',
  'TooManySubscriptions',
]
/** Messages about the connection. */
const notEvents = ['ready', 'tick']

const tail: Command = {
  name: 'tail',
  summary: 'Print events as they happen',
  details:
    'Events of all accounts: commit, identity, account and sync. With --account those of one, and what the admin may receive besides: email and moderation; only that needs the admin password. Ends with Ctrl-C, and says with which cursor to continue.',
  isEndless: true,
  options: {
    account: { type: 'string', value: 'DID-OR-HANDLE', help: 'Only events of this account' },
    kinds: { type: 'string', value: 'KIND,…', help: 'Only events of these kinds' },
    collections: {
      type: 'string',
      value: 'NSID,…',
      help: "Of commits only those in these collections; an NSID may end in '.*'",
    },
    cursor: {
      type: 'string',
      value: 'SEQ',
      help: 'Begin after this event, or at this time in µs (default: now)',
    },
  },
  async run(invocation) {
    const { server, options, print, warn } = invocation
    // Says what to do if the server cannot be reached.
    await server.get('_health')
    const stopped = new AbortController()
    const stop = () => stopped.abort()
    process.once('SIGINT', stop).once('SIGTERM', stop)
    let cursor = cursorOption(invocation)
    const url = await streamUrl(invocation)
    const follow = followEvents(
      { url, cursor, headers: server.headers, signal: stopped.signal, warn },
      (event) => {
        cursor = event.seq ?? cursor
        if (!notEvents.includes(kindOf(event))) {
          print(options['json'] === true ? JSON.stringify(event) : eventLine(event))
        }
      },
    )
    await follow.finally(() => process.off('SIGINT', stop).off('SIGTERM', stop))
    if (cursor !== undefined) warn(`--cursor ${cursor} continues from here`)
  },
}

interface Followed {
  url: URL
  cursor: number | undefined
  headers: Record<string, string>
  signal: AbortSignal
  /** Says what has happened to the connection. */
  warn(message: string): void
}

/**
 * Calls `onEvent` for each event, once and in order, over as many connections as it takes. Resolves when the signal is
 * aborted; throws the XrpcError by which the server refuses the first connection, or any.
 */
export async function followEvents(
  { url, cursor, headers, signal, warn }: Followed,
  onEvent: (event: EventPayload) => void,
): Promise<void> {
  let last = cursor
  let failures = 0
  while (!signal.aborted) {
    const target = new URL(url)
    if (last !== undefined) target.searchParams.set('cursor', String(last))
    const begunAt = last ?? 0
    const { hasOpened, error } = await readConnection(target, { headers, signal }, (event) => {
      if (failures > 0) warn('connected again')
      failures = 0
      const { seq } = event
      // A cursor of Jetstream is inclusive.
      if (seq !== undefined && seq <= begunAt && !notEvents.includes(kindOf(event))) return
      last = seq ?? last
      onEvent(event)
    })
    if (signal.aborted) return
    const refusal = error ?? (hasOpened ? undefined : await refusalOf(target, headers))
    if (refusal !== undefined && !temporary.includes(refusal.error)) throw refusal
    if (failures === 0) warn(`${refusal?.message || 'the connection was lost'}; connecting again`)
    const wait = Math.min(MAX_WAIT_MS, MIN_WAIT_MS * 2 ** ++failures)
    await pause(wait * (0.5 + Math.random() / 2), undefined, { signal }).catch(() => {})
  }
}

async function streamUrl(invocation: Invocation): Promise<URL> {
  const { server } = invocation
  const account = textOption(invocation, 'account')
  const did = account === undefined ? undefined : await lookUpDid(server, account)
  const url = new URL(`${server.url}/xrpc/${did === undefined ? PUBLIC : SUBSCRIBE}`)
  if (did !== undefined) url.searchParams.append('dids', did)
  for (const name of ['kinds', 'collections']) {
    for (const value of listOption(invocation, name)) url.searchParams.append(name, value)
  }
  return url
}

function listOption(invocation: Invocation, name: string): string[] {
  const value = textOption(invocation, name)
  if (value === undefined) return []
  const items = value.split(',').map((item) => item.trim())
  if (items.includes('')) throw new UsageError(`--${name} must be a list with commas`)
  return items
}

function cursorOption(invocation: Invocation): number | undefined {
  const value = textOption(invocation, 'cursor')
  if (value === undefined) return undefined
  if (!/^\d{1,16}$/.test(value)) throw new UsageError('--cursor must be a whole number')
  return Number(value)
}

export const tailCommands: readonly Command[] = [tail]
