/** Which calls go to another process directly, and which through the engine. */
import { expect, it } from 'vitest'
import { createPeerCalls } from '#src/engine/peer-calls.ts'
import { noConnection, notThere } from '#src/engine/peer-connections.ts'
import type { Call, Outcome } from '#src/engine/remote-call.ts'

const ownAddress = 'https://127.0.0.1:1'
const elsewhere = 'https://127.0.0.1:2'
const call: Call = {
  actor: 'account',
  key: 'did:plc:alice',
  group: 'repo',
  action: 'read',
  args: [],
}

/** Calls over an engine that knows `address`, and a process there that gives these outcomes, then `direct`. */
type PeerOutcome = Outcome | typeof notThere | typeof noConnection

function open(address: Outcome, ...outcomes: PeerOutcome[]) {
  const paths: string[] = []
  let now = 0
  const remote = createPeerCalls({
    ownAddress,
    isHere: ({ key }) => key === 'did:plc:here',
    now: () => now,
    remote: async ({ group, action }) => {
      paths.push(group === 'process' ? action : 'engine')
      return group === 'process' ? address : { answer: 'engine' }
    },
    connections: {
      call: async (at) => {
        paths.push(at)
        return outcomes.shift() ?? { answer: 'direct' }
      },
    },
  })
  const pass = (ms: number) => {
    now += ms
  }
  const run = async (key = call.key) => {
    const outcome = await remote({ ...call, key })
    await new Promise(setImmediate)
    return outcome
  }
  return { run, paths, pass }
}

it('the first call goes through the engine, then the process is asked for its address, and called there', async () => {
  const { run, paths } = open({ answer: elsewhere })
  expect(await run()).toEqual({ answer: 'engine' })
  expect(await run()).toEqual({ answer: 'direct' })
  expect(await run()).toEqual({ answer: 'direct' })
  expect(paths).toEqual(['engine', 'address', elsewhere, elsewhere])
})

it('a call that did not run at the address goes through the engine, and the address is asked for again', async () => {
  const { run, paths } = open({ answer: elsewhere }, notThere)
  await run()
  expect(await run()).toEqual({ answer: 'engine' })
  expect(await run()).toEqual({ answer: 'direct' })
  expect(paths).toEqual(['engine', 'address', elsewhere, 'engine', 'address', elsewhere])
})

it('an actor that woke in this process is not asked where it is', async () => {
  const { run, paths } = open({ answer: elsewhere })
  await run('did:plc:here')
  expect(paths).toEqual(['engine'])
})

it('a process that cannot be reached is not tried again for its other actors', async () => {
  const { run, paths } = open({ answer: elsewhere }, noConnection)
  await run()
  await run('did:plc:bob')
  paths.length = 0
  expect(await run()).toEqual({ answer: 'engine' })
  expect(await run('did:plc:bob')).toEqual({ answer: 'engine' })
  expect(paths).toEqual([elsewhere, 'engine', 'address', 'engine', 'address'])
})

it('after a lost connection the caller decides, and its next attempt goes through the engine', async () => {
  const lost = { error: new Error('reset'), again: true }
  const { run, paths } = open({ answer: elsewhere }, lost)
  await run()
  expect(await run()).toBe(lost)
  expect(await run()).toEqual({ answer: 'engine' })
  expect(paths).toEqual(['engine', 'address', elsewhere, 'engine', 'address'])
})

it.each<[string, Outcome]>([
  ['takes no direct calls', { answer: null }],
  ['is this one', { answer: ownAddress }],
  ['is of an older release', { error: new Error('no such action'), again: true }],
])('if the process of the actor %s, it is not asked again for a minute', async (_, address) => {
  const { run, paths, pass } = open(address)
  await run()
  pass(60_000)
  await run()
  pass(1)
  await run()
  expect(paths).toEqual(['engine', 'address', 'engine', 'engine', 'address'])
})
