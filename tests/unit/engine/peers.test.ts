/** Calls between two processes of a server, over real sockets, without an engine. */
import { afterEach, expect, it } from 'vitest'
import { endlessLease, type Lease } from '#src/engine/engine-lease.ts'
import { type LiveActor, LiveActors } from '#src/engine/live-actors.ts'
import { noConnection, notThere, PeerConnections } from '#src/engine/peer-connections.ts'
import { type PeerServer, servePeers } from '#src/engine/peer-server.ts'
import type { Call } from '#src/engine/remote-call.ts'
import { unavailable, XrpcError } from '#src/errors.ts'
import { createLog } from '#src/log.ts'
import { TcpProxy } from '#tests/support/tcp-proxy.ts'

const internalToken = 'the token of this server'
const call = (action: string, ...args: unknown[]): Call => ({
  ...{ actor: 'account', key: 'did:plc:alice', group: 'repo', action, args },
})

const parts: { close(): unknown }[] = []
afterEach(async () => {
  for (const part of parts.splice(0).toReversed()) await part.close()
})

async function open(actions: Record<string, (...args: never[]) => unknown>, lease?: Lease) {
  const live = new LiveActors(lease)
  const held: unknown[] = []
  const actor: LiveActor = {
    actions: { repo: actions } as never,
    subject: { name: 'alice' },
    hold: (work) => {
      held.push(work)
      return work
    },
  }
  live.add('account', 'did:plc:alice', actor)
  const log = createLog('silent')
  const server = await servePeers({ live, internalToken, host: '127.0.0.1', port: undefined, log })
  const connections = connect(internalToken)
  parts.push(server)
  return { live, actor, held, server, connections }
}

function connect(token: string): PeerConnections {
  const connections = new PeerConnections(token)
  parts.push(connections)
  return connections
}

it('a call runs on the actor with its arguments, and keeps it awake', async () => {
  const { server, connections, held } = await open({
    echo: async (subject: { name: string }, ...args: unknown[]) => [subject.name, ...args],
  })
  const args = [Uint8Array.of(0, 255), { text: 'é', none: undefined, big: 2 ** 53 - 1 }, null]
  expect(await connections.call(server.address, call('echo', ...args))).toEqual({
    answer: ['alice', ...args],
  })
  expect(held).toHaveLength(1)
})

it('an XrpcError arrives with its members, and any other error with its message', async () => {
  const refusal = new XrpcError(429, 'RateLimitExceeded', 'Too many', { 'retry-after': '7' })
  const { server, connections } = await open({
    refuse: async () => {
      throw refusal
    },
    fail: async () => {
      throw Object.assign(new TypeError('a bug'), { detail: () => {} })
    },
  })
  const refused = await connections.call(server.address, call('refuse'))
  expect(refused).toMatchObject({ again: false, error: { ...refusal, message: 'Too many' } })
  expect((refused as { error: unknown }).error).toBeInstanceOf(XrpcError)
  const failed = await connections.call(server.address, call('fail'))
  expect(failed).toMatchObject({ again: false, error: { message: 'a bug' } })
})

it('an actor whose activation has ended is removed, and the call may be made again', async () => {
  const { server, connections, live } = await open({
    read: async () => {
      throw new Error('Database is closed')
    },
  })
  expect(await connections.call(server.address, call('read'))).toMatchObject({ again: true })
  expect(live.find('account', 'did:plc:alice')).toBeUndefined()
  expect(await connections.call(server.address, call('read'))).toBe(notThere)
})

it.each([
  ['an actor that is not awake there', { ...call('echo'), key: 'did:plc:bob' }],
  ['an action that the process does not have', call('later')],
  ['a member that is no action', call('constructor')],
  ['a group that the actor does not have', { ...call('echo'), group: 'other' }],
])('a call of %s does not run', async (_, other) => {
  const { server, connections, held } = await open({ echo: async () => 'here' })
  expect(await connections.call(server.address, other)).toBe(notThere)
  expect(held).toEqual([])
})

it('a process without the token is refused, and so is a server without it', async () => {
  const { server, held } = await open({ echo: async () => 'here' })
  expect(await connect('another token').call(server.address, call('echo'))).toBe(noConnection)
  expect(held).toEqual([])
})

it('a process that does not run any more, or never did, does not run the call', async () => {
  const { server, connections } = await open({ echo: async () => 'here' })
  expect(await connections.call(server.address, call('echo'))).toEqual({ answer: 'here' })
  await server.close()
  expect(await connections.call(server.address, call('echo'))).toBe(noConnection)
})

it('a server that closes answers the calls that run, and no further ones', async () => {
  const work = Promise.withResolvers<string>()
  const started = Promise.withResolvers<void>()
  const { server, connections } = await open({
    wait: async () => {
      started.resolve()
      return work.promise
    },
  })
  const running = connections.call(server.address, call('wait'))
  await started.promise
  const closing = (server as PeerServer).close()
  expect(await connections.call(server.address, call('wait'))).toBe(notThere)
  work.resolve('done')
  expect(await running).toEqual({ answer: 'done' })
  await closing
})

it('messages of several megabytes arrive whole, side by side', async () => {
  const { server, connections } = await open({
    size: async (_: unknown, bytes: Uint8Array) => new Uint8Array(bytes.length).fill(bytes[0]!),
  })
  const sizes = [1, 2, 3].map((n) => new Uint8Array(3_000_000).fill(n))
  const outcomes = await Promise.all(
    sizes.map((bytes) => connections.call(server.address, call('size', bytes))),
  )
  const answers = outcomes.map((outcome) => (outcome as { answer: Uint8Array }).answer)
  expect(answers.map((answer, i) => Buffer.compare(answer, sizes[i]!))).toEqual([0, 0, 0])
})

it('a call of an actor that asks to be called again may be made again', async () => {
  const { server, connections } = await open({
    busy: async () => {
      throw unavailable('busy')
    },
  })
  expect(await connections.call(server.address, call('busy'))).toMatchObject({
    again: false,
    error: { status: 503 },
  })
})

it('a process that exits without a word is noticed without a call, and one that stops is not', async () => {
  const refused: string[] = []
  const connections = new PeerConnections(internalToken, (address) => refused.push(address))
  parts.push(connections)
  const stopping = await open({ echo: async () => 'here' })
  const killed = await open({ echo: async () => 'here' })
  const process = await TcpProxy.open(killed.server.address)
  const address = process.endpoint.replace('http:', 'https:')
  for (const at of [stopping.server.address, address]) {
    expect(await connections.call(at, call('echo'))).toEqual({ answer: 'here' })
  }
  await stopping.server.close()
  expect(await connections.call(stopping.server.address, call('echo'))).toBe(noConnection)
  await process[Symbol.asyncDispose]()
  await expect.poll(() => refused).toEqual([address])
  expect(await connections.call(address, call('echo'))).toBe(noConnection)
})

/** A server behind a cable; `ran` lists the calls that ran, by their argument. */
async function openBehindCable() {
  const ran: unknown[] = []
  const { server } = await open({ put: async (_: unknown, value: unknown) => ran.push(value) })
  const cable = await TcpProxy.open(server.address)
  const connections = connect(internalToken)
  parts.push({ close: () => cable[Symbol.asyncDispose]() })
  const address = cable.endpoint.replace('http:', 'https:')
  expect(await connections.call(address, call('put', 'before'))).toEqual({ answer: 1 })
  return { ran, cable, put: (value: string) => connections.call(address, call('put', value)) }
}

it('a call that its caller gave up on does not run when the cable is mended', async () => {
  const { ran, cable, put } = await openBehindCable()
  cable.cut()
  expect(await put('late')).toMatchObject({ again: true })
  cable.mend()
  // What was under way arrives before it.
  await expect.poll(() => put('after'), { timeout: 5_000 }).toHaveProperty('answer')
  expect(ran).toEqual(['before', 'after'])
}, 20_000)

it('a call that runs when the engine has not heard its process for a while may be made again', async () => {
  const waiting = new Set<() => void>()
  const lease: Lease = {
    ...endlessLease,
    whenLapsed: (run) => {
      waiting.add(run)
      return () => waiting.delete(run)
    },
  }
  const { server, connections } = await open(
    { echo: async () => 'here', wait: () => new Promise(() => {}) },
    lease,
  )
  expect(await connections.call(server.address, call('echo'))).toEqual({ answer: 'here' })
  expect(waiting.size).toBe(0)
  const running = connections.call(server.address, call('wait'))
  await expect.poll(() => waiting.size).toBe(1)
  for (const lapsed of waiting) lapsed()
  expect(await running).toMatchObject({ again: true })
})
