import { describe, expect, it } from 'vitest'
import type { XrpcError } from '#src/errors.ts'
import { StreamEvent } from '#src/gateway/events/stream-event.ts'
import type { Credential } from '#src/gateway/realtime/credential.ts'
import type { Listener } from '#src/gateway/realtime/listener.ts'
import { Listeners } from '#src/gateway/realtime/listeners.ts'
import type { PrivateEvent } from '#src/sequencer/private-log.ts'

const did = 'did:plc:alice'
const validAt = Date.parse('2026-01-01T00:00:00Z')
const session: Credential = {
  ...{ kind: 'session', did, scope: 'com.atproto.access', sessionId: 'mine', validAt },
}

class TestListener {
  credential: Credential
  ended: XrpcError | undefined
  onEnd = () => {}

  constructor(credential: Credential) {
    this.credential = credential
  }

  get did(): string | undefined {
    return this.credential.kind === 'admin' ? undefined : this.credential.did
  }

  renew(credential: Credential): void {
    this.credential = credential
  }

  end(error: XrpcError): void {
    this.ended ??= error
    this.onEnd()
  }
}

const listenerOf = (credential: Credential = session) =>
  new TestListener(credential) as TestListener & Listener

function ending(fields: object, subject?: string, seq = (validAt + 1) * 1000): PrivateEvent {
  const event = { seq, did, kind: '#session', time: '', body: JSON.stringify(fields) }
  return subject === undefined ? event : { ...event, subject }
}

const asStreamEvent = ({ kind, ...rest }: PrivateEvent) =>
  new StreamEvent({ ...rest, kind: kind.slice(1), isPrivate: true })

function testListeners({
  logged = [],
  status = 'active',
  maxPerAccount = 50,
  onRead = () => {},
}: {
  logged?: PrivateEvent[]
  status?: string | null
  maxPerAccount?: number
  onRead?: () => void
} = {}) {
  const listeners = new Listeners({
    maxPerAccount,
    findAccount: async (name) => (name === did ? name : undefined),
    dispatch: {
      directory: { accounts: { getRepoState: async () => status && { status } } },
      sequencer: {
        log: {
          async readPrivate({ after, limit }: { after: number; limit: number }) {
            onRead()
            const later = logged.filter(({ seq }) => seq > after)
            return { events: later.slice(0, limit), isComplete: later.length < limit }
          },
        },
      },
    } as never,
  })
  return listeners
}

const all = { change: 'ended', kind: 'all' }
const created = { change: 'created', kind: 'password' }

describe('a connection is opened', () => {
  it('if its session has not ended since its token was issued', async () => {
    const logged = [ending(all, undefined, validAt * 1000 - 5e6), ending(created, 'mine')]
    await testListeners({ logged }).add(listenerOf())
  })

  it.each([
    ['all sessions have ended', { logged: [ending(created, 'mine'), ending(all)] }, 'SessionEnded'],
    [
      'the session has ended, and much happened to others',
      {
        logged: [
          ending({ change: 'ended', kind: 'password' }, 'mine'),
          ...Array.from({ length: 1_100 }, (_, i) =>
            ending(created, `other ${i}`, validAt * 1e3 + 2e3 + i),
          ),
        ],
      },
      'SessionEnded',
    ],
    ['the account is unknown to the directory', { status: null }, 'SessionEnded'],
    ['the account is taken down', { status: 'takendown' }, 'AccountTakedown'],
  ])('not if %s', async (_, options, error) => {
    const listener = listenerOf()
    await expect(testListeners(options).add(listener)).rejects.toMatchObject({ error })
  })

  it('not if its session ends while that is looked up', async () => {
    const listener = listenerOf()
    const listeners = testListeners({
      onRead: () => listeners.onEvent(asStreamEvent(ending(all))),
    })
    await expect(listeners.add(listener)).rejects.toMatchObject({ error: 'SessionEnded' })
  })

  it('by a service token of an account of another server, of which nothing is known', async () => {
    const service: Credential = { kind: 'service', did: 'did:plc:elsewhere', validAt }
    await testListeners().add(listenerOf(service))
    const own = { ...service, did } as Credential
    await expect(testListeners({ status: 'takendown' }).add(listenerOf(own))).rejects.toMatchObject(
      {
        error: 'AccountTakedown',
      },
    )
  })

  it('if the account has fewer than it may have', async () => {
    const listeners = testListeners({ maxPerAccount: 1 })
    const first = listenerOf()
    await listeners.add(first)
    await expect(listeners.add(listenerOf())).rejects.toMatchObject({
      error: 'TooManySubscriptions',
    })
    first.onEnd()
    await listeners.add(listenerOf())
  })
})

it('a connection ends if its later credential ends while that is checked', async () => {
  const logged: PrivateEvent[] = []
  const listeners = testListeners({ logged })
  const listener = listenerOf()
  await listeners.add(listener)
  const ended = ending({ change: 'ended', kind: 'password' }, 'later')
  const renew = listener.renew.bind(listener)
  listener.renew = (credential) => {
    // Heard after the first check, when the connection still had the earlier credential.
    logged.push(ended)
    listeners.onEvent(asStreamEvent(ended))
    renew(credential)
  }
  const later = { ...session, sessionId: 'later' } as Credential
  await expect(listeners.renew(listener, later)).rejects.toMatchObject({ error: 'SessionEnded' })
  expect(listener.ended?.error).toBe('SessionEnded')
})

it('an event ends the connections of its account whose credentials it ends', async () => {
  const listeners = testListeners()
  const [mine, other, admin] = [
    listenerOf(),
    listenerOf({ ...session, sessionId: 'other' } as Credential),
    listenerOf({ kind: 'admin', validAt }),
  ]
  for (const one of [mine, other, admin]) await listeners.add(one)
  const tell = (event: PrivateEvent) => listeners.onEvent(asStreamEvent(event))
  tell({ ...ending(all), did: 'did:plc:bob' })
  expect(listeners.all()).toHaveLength(3)
  tell(ending({ change: 'ended', kind: 'password' }, 'mine'))
  expect([mine.ended?.error, other.ended]).toEqual(['SessionEnded', undefined])
  const deletion = { seq: 1, did, time: '', kind: 'account' }
  listeners.onEvent(new StreamEvent({ ...deletion, account: { active: false, status: 'deleted' } }))
  expect(other.ended?.error).toBe('SessionEnded')
  expect(listeners.all()).toEqual([admin])
})
