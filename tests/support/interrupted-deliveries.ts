/** Records of an account, written while their webhooks are delivered: each message arrives, in order, under one id. */
import { expect } from 'vitest'
import { asOperator, type Interrupted } from '#tests/support/interrupted.ts'
import { pollUntil } from '#tests/support/processes.ts'
import { thing } from '#tests/support/records.ts'
import type { TestAccount, TestServer } from '#tests/support/server.ts'
import { firstArrivals, type WebhookReceiver } from '#tests/support/webhook-receiver.ts'
import { call } from '#tests/support/xrpc-call.ts'

const WAIT = { timeout: 60_000 }
const RECORDS = 4

/** Makes the endpoint, of the operator. */
export async function interruptedDeliveries(
  server: Pick<TestServer, 'url'>,
  { alice, receiver }: { alice: TestAccount; receiver: WebhookReceiver },
): Promise<Interrupted> {
  const { agent, did } = alice
  const types = ['record.created', 'group.member_added']
  const input = { url: receiver.url, types, collections: [thing] }
  const { body } = await asOperator(server, 'webhook.createEndpoint', input)
  receiver.secret = body['secret'] as string
  const acknowledged = new Set<string>()
  const written: string[] = []
  let round = 0
  const create = async (rkey: string) => {
    const record = { $type: thing, rkey }
    await agent.com.atproto.repo.createRecord({ repo: did, collection: thing, rkey, record })
    acknowledged.add(rkey)
  }
  const isThere = async (rkey: string) => {
    const query = { repo: did, collection: thing, rkey }
    const { status } = await call(server, 'repo.getRecord', { query })
    expect([200, 400]).toContain(status)
    return status === 200
  }
  const rkeys = () => Array.from({ length: RECORDS }, (_, i) => `r${round}-${i}`)
  const arrived = () =>
    firstArrivals(receiver, 'record.created').map(({ data }) => data.uri?.split('/').at(-1))
  return {
    links: ['receiver', 'engine'],
    async prepare() {
      round++
    },
    async run(isKilled) {
      try {
        for (const rkey of rkeys()) await create(rkey)
      } catch {
        return
      }
      const isOver = () => isKilled() || arrived().includes(rkeys().at(-1))
      await pollUntil(async () => isOver(), WAIT.timeout)
    },
    async complete() {
      for (const rkey of rkeys()) {
        const isStored = await isThere(rkey)
        if (acknowledged.has(rkey)) expect(isStored, `${rkey} is lost`).toBe(true)
        if (!isStored) await create(rkey)
      }
      written.push(...rkeys())
      await expect.poll(arrived, WAIT).toEqual(written)
    },
    async finish() {
      const ids = new Map<string, string>()
      for (const { id, ...message } of receiver.received) {
        const text = JSON.stringify(message)
        expect(ids.get(id) ?? text, 'a message that has changed').toBe(text)
        ids.set(id, text)
      }
      // Numbered without gaps, so none is missing; each account's in their order.
      const numbers = () => firstArrivals(receiver).map(({ data }) => data.seq)
      const isWhole = () => Math.max(...numbers()) === numbers().length
      await expect.poll(isWhole, WAIT).toBe(true)
      expect(new Set(numbers()).size).toBe(numbers().length)
      const ofAccount = firstArrivals(receiver).flatMap(({ data }) =>
        data.did === did ? [data.seq] : [],
      )
      expect(ofAccount).toEqual(ofAccount.toSorted((a, b) => a - b))
    },
  }
}
