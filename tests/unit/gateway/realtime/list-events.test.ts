import { expect, it } from 'vitest'
import type { Credential } from '#src/gateway/realtime/credential.ts'
import { listEvents } from '#src/gateway/realtime/list-events.ts'
import { testEvents } from '#tests/support/events.ts'

const did = 'did:plc:alice'
const credential: Credential = { kind: 'session', did, scope: 'com.atproto.access', validAt: 0 }

interface Answer {
  events: { seq: number; rkey: string }[]
  cursor: number
  isComplete: boolean
}

async function testList() {
  const { events: stream, commit, settle } = await testEvents()
  const settings = { serviceDid: 'did:web:a', preferencesAudience: undefined }
  const ports = { ...settings, stream, findAccount: async (name: string) => name }
  return {
    async write(count: number, text: string) {
      for (let i = 0; i < count; i++) {
        await commit(did, { path: `a.b.c/${i}`, record: { $type: 'a.b.c', text } })
      }
      await settle()
    },
    async list(cursor: number, limit: number): Promise<Answer> {
      return JSON.parse(await listEvents(ports, credential, { request: { cursor }, limit }))
    },
  }
}

it('the pages of a list are all events once', async () => {
  const { write, list } = await testList()
  await write(5, '')
  const first = await list(0, 3)
  const second = await list(first.cursor, 3)
  const rkeys = [first, second].map(({ events }) => events.map(({ rkey }) => rkey))
  expect(rkeys).toEqual([
    ['0', '1', '2'],
    ['3', '4'],
  ])
  expect([first.isComplete, second.isComplete]).toEqual([false, true])
})

it('a list of large events has fewer of them, and its cursor continues', async () => {
  const { write, list } = await testList()
  await write(10, 'x'.repeat(500_000))
  let answer = await list(0, 500)
  expect(answer.events.length).toBeLessThan(10)
  const seqs = answer.events.map(({ seq }) => seq)
  while (!answer.isComplete) {
    answer = await list(answer.cursor, 500)
    seqs.push(...answer.events.map(({ seq }) => seq))
  }
  expect(new Set(seqs).size).toBe(10)
})
