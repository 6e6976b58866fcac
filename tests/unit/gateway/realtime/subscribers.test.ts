import { describe, expect, it } from 'vitest'
import type { XrpcError } from '#src/errors.ts'
import { StreamEvent } from '#src/gateway/events/stream-event.ts'
import { type Credential, countedDidOf, type MemberRole } from '#src/gateway/realtime/credential.ts'
import type { Subscriber } from '#src/gateway/realtime/subscriber.ts'
import { Subscribers } from '#src/gateway/realtime/subscribers.ts'
import type { PrivateEvent } from '#src/sequencer/private-log.ts'

const did = 'did:plc:alice'
const validAt = Date.parse('2026-01-01T00:00:00Z')
const session: Credential = {
  ...{ kind: 'session', did, scope: 'com.atproto.access', sessionId: 'mine', validAt },
}

class TestSubscriber {
  credential: Credential
  ended: XrpcError | undefined
  onEnd = () => {}

  constructor(credential: Credential) {
    this.credential = credential
  }

  get did(): string | undefined {
    return this.credential.kind === 'admin' ? undefined : this.credential.did
  }

  get countedDid(): string | undefined {
    return countedDidOf(this.credential)
  }

  changeMember(member: MemberRole): void {
    this.credential = { ...this.credential, member } as Credential
  }

  renew(credential: Credential): void {
    this.credential = credential
  }

  end(error: XrpcError): void {
    this.ended ??= error
    this.onEnd()
  }
}

const subscriberOf = (credential: Credential = session) =>
  new TestSubscriber(credential) as TestSubscriber & Subscriber

function ending(fields: object, subject?: string, seq = (validAt + 1) * 1000): PrivateEvent {
  const event = { seq, did, kind: '#session', time: '', body: JSON.stringify(fields) }
  return subject === undefined ? event : { ...event, subject }
}

const asStreamEvent = ({ kind, ...rest }: PrivateEvent) =>
  new StreamEvent({ ...rest, kind: kind.slice(1), isPrivate: true })

function testSubscribers({
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
  const subscribers = new Subscribers({
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
  return subscribers
}

const all = { change: 'ended', kind: 'all' }
const created = { change: 'created', kind: 'password' }

describe('a connection is opened', () => {
  it('if its session has not ended since its token was issued', async () => {
    const logged = [ending(all, undefined, validAt * 1000 - 5e6), ending(created, 'mine')]
    await testSubscribers({ logged }).add(subscriberOf())
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
    const subscriber = subscriberOf()
    await expect(testSubscribers(options).add(subscriber)).rejects.toMatchObject({ error })
  })

  it('not if its session ends while that is looked up', async () => {
    const subscriber = subscriberOf()
    const subscribers = testSubscribers({
      onRead: () => subscribers.onEvent(asStreamEvent(ending(all))),
    })
    await expect(subscribers.add(subscriber)).rejects.toMatchObject({ error: 'SessionEnded' })
  })

  it('by a service token of an account of another server, of which nothing is known', async () => {
    const service: Credential = { kind: 'service', did: 'did:plc:elsewhere', validAt }
    await testSubscribers().add(subscriberOf(service))
    const own = { ...service, did } as Credential
    await expect(
      testSubscribers({ status: 'takendown' }).add(subscriberOf(own)),
    ).rejects.toMatchObject({
      error: 'AccountTakedown',
    })
  })

  it('if the account has fewer than it may have', async () => {
    const subscribers = testSubscribers({ maxPerAccount: 1 })
    const first = subscriberOf()
    await subscribers.add(first)
    await expect(subscribers.add(subscriberOf())).rejects.toMatchObject({
      error: 'TooManySubscriptions',
    })
    first.onEnd()
    await subscribers.add(subscriberOf())
  })
})

it('a connection ends if its later credential ends while that is checked', async () => {
  const logged: PrivateEvent[] = []
  const subscribers = testSubscribers({ logged })
  const subscriber = subscriberOf()
  await subscribers.add(subscriber)
  const ended = ending({ change: 'ended', kind: 'password' }, 'later')
  const renew = subscriber.renew.bind(subscriber)
  subscriber.renew = (credential) => {
    // Received after the first check, when the connection still had the earlier credential.
    logged.push(ended)
    subscribers.onEvent(asStreamEvent(ended))
    renew(credential)
  }
  const later = { ...session, sessionId: 'later' } as Credential
  await expect(subscribers.renew(subscriber, later)).rejects.toMatchObject({
    error: 'SessionEnded',
  })
  expect(subscriber.ended?.error).toBe('SessionEnded')
})

it('an event ends the connections of its account whose credentials it ends', async () => {
  const subscribers = testSubscribers()
  const [mine, other, admin] = [
    subscriberOf(),
    subscriberOf({ ...session, sessionId: 'other' } as Credential),
    subscriberOf({ kind: 'admin', validAt }),
  ]
  for (const one of [mine, other, admin]) await subscribers.add(one)
  const tell = (event: PrivateEvent) => subscribers.onEvent(asStreamEvent(event))
  tell({ ...ending(all), did: 'did:plc:bob' })
  expect(subscribers.all()).toHaveLength(3)
  tell(ending({ change: 'ended', kind: 'password' }, 'mine'))
  expect([mine.ended?.error, other.ended]).toEqual(['SessionEnded', undefined])
  const deletion = { seq: 1, did, time: '', kind: 'account' }
  subscribers.onEvent(
    new StreamEvent({ ...deletion, account: { active: false, status: 'deleted' } }),
  )
  expect(other.ended?.error).toBe('SessionEnded')
  expect(subscribers.all()).toEqual([admin])
})

describe('members that act as a group', () => {
  const asOf = validAt
  const memberOf = (member: string, scope = 'atproto repo:*') =>
    subscriberOf({
      ...{ kind: 'member', did, validAt },
      member: { did: member, role: 'editor', scope, asOf },
    })
  const time = new Date(validAt + 1).toISOString()
  const change = (member: string, fields: object): PrivateEvent => ({
    ...ending(fields, member),
    ...{ kind: '#member', time },
  })
  const scopeOf = ({ credential }: Subscriber) =>
    credential.kind === 'member' ? credential.member.scope : undefined

  it('are counted for themselves, not for the group', async () => {
    const subscribers = testSubscribers({ maxPerAccount: 1 })
    await subscribers.add(memberOf('did:plc:eddie'))
    await subscribers.add(memberOf('did:plc:vera'))
    await subscribers.add(subscriberOf())
    const again = subscribers.add(memberOf('did:plc:vera'))
    await expect(again).rejects.toMatchObject({ error: 'TooManySubscriptions' })
  })

  it('are ended by their removal, and get the role that an event says', async () => {
    const subscribers = testSubscribers()
    const [eddie, vera] = [memberOf('did:plc:eddie'), memberOf('did:plc:vera')]
    for (const one of [eddie, vera]) await subscribers.add(one)
    subscribers.onEvent(asStreamEvent(change('did:plc:eddie', { change: 'removed' })))
    const given = { change: 'changed', role: 'viewer', scope: 'atproto' }
    subscribers.onEvent(asStreamEvent(change('did:plc:vera', given)))
    expect([eddie.ended?.error, vera.ended, scopeOf(vera)]).toEqual([
      'NotAMember',
      undefined,
      'atproto',
    ])
    expect(subscribers.all()).toEqual([vera])
  })

  it('that open a connection are refused if they were removed since the group was asked, and have the role of the last change', async () => {
    const given = { change: 'changed', role: 'viewer', scope: 'atproto' }
    const logged = [
      change('did:plc:eddie', { change: 'removed' }),
      { ...change('did:plc:vera', given), seq: (validAt + 2) * 1000 },
    ]
    const subscribers = testSubscribers({ logged })
    const removed = subscribers.add(memberOf('did:plc:eddie'))
    await expect(removed).rejects.toMatchObject({ status: 403, error: 'NotAMember' })
    const vera = memberOf('did:plc:vera')
    await subscribers.add(vera)
    expect(scopeOf(vera)).toBe('atproto')
  })

  it('are ended with their own account, and not by other events of it', async () => {
    const subscribers = testSubscribers()
    const eddie = memberOf('did:plc:eddie')
    await subscribers.add(eddie)
    const tell = (status: string) =>
      subscribers.onEvent(
        new StreamEvent({
          ...{ seq: 1, did: 'did:plc:eddie', time, kind: 'account' },
          account: { active: false, status },
        }),
      )
    subscribers.onEvent(asStreamEvent({ ...ending(all), did: 'did:plc:eddie' }))
    tell('deactivated')
    expect(eddie.ended).toBeUndefined()
    tell('suspended')
    expect(eddie.ended?.error).toBe('AccountTakedown')
  })
})
