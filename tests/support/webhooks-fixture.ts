/** The webhooks of an owner on `node:sqlite`, behind a sequencer, with a clock and endpoints that the test sets. */
import { createKeychain } from '#src/ports/keychain.ts'
import type { Sql } from '#src/ports/sql.ts'
import { SERVER_OWNER } from '#src/rules/webhook-owners.ts'
import { append, appendPrivate, bounds, follow } from '#src/sequencer/log.ts'
import { create } from '#src/webhooks/endpoints.ts'
import type { Answer, SignedMessage } from '#src/webhooks/post-message.ts'
import { webhooksSchema } from '#src/webhooks/schema.ts'
import { WebhookStats } from '#src/webhooks/stats.ts'
import {
  openWebhooks,
  type WebhookBounds,
  type WebhookPorts,
  webhookBounds,
} from '#src/webhooks/webhooks.ts'
import { type NodeSql, nodeSql } from '#tests/support/node-sql.ts'
import { accountEntry, commitEntry, testSequencer } from '#tests/support/test-sequencer.ts'

export const alice = 'did:plc:alice'
export const bob = 'did:plc:bob'
export const secret = `whsec_${Buffer.alloc(32, 1).toString('base64')}`
export const hook = 'https://hook.example/'
const keys = createKeychain(Buffer.alloc(32, 7))

export interface Received extends SignedMessage {
  type: string
  data: { seq: number; did?: string; [field: string]: unknown }
}

export interface TestWebhooksOptions {
  bounds?: Partial<WebhookBounds>
  owner?: string
  owners?: Record<string, string>
  onBatch?: (when: 'before' | 'after') => void
  backfillMs?: number
  database?: NodeSql
}

export async function testWebhooks(options: TestWebhooksOptions = {}) {
  const { owner = SERVER_OWNER, owners = {}, onBatch, backfillMs } = options
  const sequencer = testSequencer(backfillMs === undefined ? {} : { backfillMs })
  const database =
    options.database ?? nodeSql({ schema: webhooksSchema, ...(onBatch && { onBatch }) })
  const timers = new Map<object, { at: number; run: () => void }>()
  const { clock } = sequencer
  const received: Received[] = []
  const listed: boolean[] = []
  const warnings: string[] = []
  let answer: (message: Received) => Answer | Promise<Answer> = () => ({ status: 200 })
  let ids = 0
  const stats = new WebhookStats(clock)
  const ports = (sql: Sql): WebhookPorts => ({
    ...{ owner, sql, clock, keys, stats },
    timer(ms, run) {
      const key = {}
      timers.set(key, { at: clock.now() + ms, run })
      return () => void timers.delete(key)
    },
    log: { warn: (...[, text]: unknown[]) => void warnings.push(String(text)) } as never,
    random: () => 0,
    source: { bounds: () => bounds(sequencer), follow: (query) => follow(sequencer, query) },
    async post(message) {
      const { type, data } = JSON.parse(message.body) as Pick<Received, 'type' | 'data'>
      const one = { ...message, type, data }
      received.push(one)
      return answer(one)
    },
    refusalOf: async (url) => (url.protocol === 'https:' ? undefined : 'it is not https'),
    setListed: async (isListed) => void listed.push(isListed),
    handlesOf: async (dids) => new Map(dids.map((did) => [did, `${did.slice(8)}.test`])),
    ownersOf: async () => new Map(Object.entries(owners)),
    isActorStopped: () => false,
    onIdle: () => {},
    bounds: { ...webhookBounds, ...options.bounds },
  })
  const test = {
    ...{ sequencer, received, listed, warnings, stats, database },
    webhooks: await openWebhooks(ports(database)),
    /** From now on. */
    answer(run: typeof answer) {
      answer = run
    },
    /** As after a kill: what is under way ends nowhere, and only the database remains. */
    async kill() {
      test.webhooks.close()
      test.webhooks = await openWebhooks(ports(database))
    },
    add: (input: Partial<Parameters<typeof create>[1]> = {}) =>
      create(test.webhooks, {
        ...{ id: 'we_1', secret, url: hook, description: '', types: ['*'], collections: [] },
        ...input,
      }),
    /** A private event of an account. */
    async event(did: string, kind: string, fields: object) {
      const entry = { id: ++ids, kind, time: clock.now(), body: JSON.stringify(fields) }
      await appendPrivate(sequencer, { did, entries: [entry] })
    },
    session: (did: string) => test.event(did, '#session', { change: 'created', kind: 'password' }),
    commit: (did: string, operations: number) =>
      append(sequencer, {
        did,
        entries: [commitEntry(++ids, did, '3jzfcijpj2z2a', 10, operations)],
      }),
    account: (did: string, status?: string) =>
      append(sequencer, { did, entries: [accountEntry(++ids, did, status)] }),
    /** Sets the clock; timers up to then run. */
    later(ms: number) {
      sequencer.setTime(clock.now() + ms)
      for (const [key, { at, run }] of [...timers]) {
        if (at <= clock.now() && timers.delete(key)) run()
      }
    },
    waiting: () => test.webhooks.endpoints.get('we_1')?.queue.count,
    states: async () =>
      (
        await database.all<{ state: string; count: number }>(
          'SELECT state, count(*) AS count FROM delivery GROUP BY state ORDER BY state',
        )
      ).map(({ state, count }) => `${count} ${state}`),
  }
  return test
}

export type TestWebhooks = Awaited<ReturnType<typeof testWebhooks>>
